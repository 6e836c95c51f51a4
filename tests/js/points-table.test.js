/** Points as text: read, typed, pasted, and as other packs take them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { parsePoints, pointsText, tracksText } from '../../js/editor/points-table.js'

const SIZE = { width: 200, height: 100 }
const BOAT = {
  arrows: [
    { points: [[0.1, 0.2], [0.1, 0.6], [0.5, 0.6]], curve: 'straight' },
    { points: [[0.5, 0.5]], curve: 'smooth' },
  ],
}

test('a line for each point, with the frame at which it is reached', () => {
  assert.equal(pointsText(BOAT, 7, SIZE), '19.5\t19.5\t1\n19.5\t59.5\t3\n99.5\t59.5\t7\n\n99.5\t49.5\t1')
})

test('a path that crosses itself has its frames in order', () => {
  const arrow = { points: [[0.1, 0.5], [0.5, 0.5], [0.5, 0.1], [0.3, 0.1], [0.3, 0.9]], curve: 'straight' }
  const frames = pointsText({ arrows: [arrow] }, 50, SIZE).split('\n').map((line) => Number(line.split('\t')[2]))
  assert.deepEqual(frames, [...frames].sort((a, b) => a - b))
  assert.deepEqual([frames[0], frames.at(-1)], [1, 50])
})

test('what is read is written again, and curves stay', () => {
  assert.deepEqual(parsePoints(pointsText(BOAT, 7, SIZE), BOAT.arrows, SIZE).arrows, BOAT.arrows)
  const { arrows } = parsePoints('10, 20\r\n30;40 7\n\n\n5 5', [], SIZE)
  assert.deepEqual(arrows.map(({ points, curve }) => [points.length, curve]), [[2, 'straight'], [1, 'straight']])
  assert.deepEqual(arrows[0].points[0], [0.0525, 0.205])
})

test('what cannot be read is said with its line', () => {
  assert.match(parsePoints('1 2\nx 3', [], SIZE).problem, /^Line 2 is “x 3”/)
  assert.match(parsePoints('1 2 3 4', [], SIZE).problem, /^Line 1/)
  assert.match(parsePoints('1e9 2', [], SIZE).problem, /must be a pair of numbers/)
})

test('paths for other packs: whole pixels for each frame, or 121 points', () => {
  const kj = JSON.parse(tracksText(BOAT, 'KJ', 7, SIZE))
  assert.deepEqual([kj.length, kj[0].length, kj[0][0], kj[0][6]], [2, 7, { x: 20, y: 20 }, { x: 100, y: 60 }])
  assert.equal(tracksText(BOAT, 'LTX', 7, SIZE), tracksText(BOAT, 'KJ', 7, SIZE))
  const ati = JSON.parse(tracksText(BOAT, 'ATI', 7, SIZE))
  assert.deepEqual([ati[0].length, ati[0][120], ati[1][60]], [121, { x: 99.5, y: 59.5 }, { x: 99.5, y: 49.5 }])
})
