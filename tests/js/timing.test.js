/** Stays on the way as the bar adds, moves and stretches them, and what playback makes of a motion. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { patchComponent, serializeDrawing } from '../../js/editor/document.js'
import { drawingProblem } from '../../js/editor/document-checks.js'
import {
  holdAdded, holdLasting, holdMoved, holdShifted, runFrames, stayOnBar, withoutHold,
} from '../../js/editor/holds.js'
import { componentMotion, farthestFrame, frameReaching, holdPlan, progress } from '../../js/editor/motion.js'
import { poseOf, withPose } from '../../js/editor/pose.js'
import { pointsText } from '../../js/editor/points-table.js'
import { readoutText } from '../../js/editor/readout.js'

const FRAMES = 21
const SIZE = { width: 400, height: 200 }
const EXTENT = { left: 0.2, top: 0.3, right: 0.4, bottom: 0.7 }
const ARROW = { points: [[0.2, 0.5], [0.7, 0.5]], curve: 'straight' }
const near = (actual, expected, tolerance = 1e-4) => (
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`))
const shares = (item, frames = FRAMES) => Array.from({ length: frames }, (_, frame) => progress(item, frame, frames))

test('a stay is added where the motion is, for four frames, and taken away again without a trace', () => {
  const drawing = { version: 1, components: [{ arrows: [ARROW], easing: 'ease-in' }] }
  const [before] = drawing.components
  const patch = holdAdded(before, 10, FRAMES)
  assert.deepEqual(patch, { holds: [{ place: 0.25, span: 0.2 }] })
  const held = patchComponent(drawing, 0, patch)
  assert.equal(drawingProblem(held), null)
  const at = shares(held.components[0])
  assert.equal(at.filter((share) => share === 0.25).length, 5, 'five frames are four apart')
  assert.equal(holdAdded(held.components[0], at.indexOf(0.25), FRAMES), null, 'it stays there already')
  const again = patchComponent(held, 0, withoutHold(held.components[0], 0))
  assert.equal(serializeDrawing(again), serializeDrawing(drawing))
})

test('a stay that is dragged begins where it was put, whatever the speed and the other stays', () => {
  const others = [{ place: 0.2, span: 0.1 }, { place: 0.9, span: 0.15 }]
  for (const more of [{}, { easing: 'ease-in-out' }, { bezier: [0.7, 0.1, 0.2, 0.95] }, { easing: 'ease-out' }]) {
    for (const begin of [0.02, 0.3, 0.45]) {
      const item = { ...more, holds: [...others, { place: 0.5, span: 0.2 }] }
      const moved = { ...item, ...holdMoved(item, 2, begin) }
      near(holdPlan(moved).stays.find(({ index }) => index === 2).begin, begin, 1e-3)
      assert.deepEqual(moved.holds.slice(0, 2), others)
    }
  }
  let item = { holds: [...others, { place: 0.5, span: 0.2 }] }
  const onto = { ...item, ...holdMoved(item, 2, 0.7) }
  const [, , last] = holdPlan(onto).stays
  assert.equal(last.index, 2, 'onto the later half of another one: right after it')
  near(last.begin, holdPlan(onto).stays[1].end, 1e-3)
  const places = Array.from({ length: 2 * FRAMES }, (_, i) => {
    item = { ...item, ...holdShifted(item, 2, i < FRAMES ? 1 : -1, FRAMES) }
    return item.holds[2].place
  })
  assert.deepEqual([places[FRAMES - 1], places.at(-1)], [1, 0], 'by keys it comes past the others, to both ends')
})

test('stays together leave time to move, and an edge never takes more than there is', () => {
  const item = { holds: [{ place: 0.2, span: 0.6 }, { place: 0.5, span: 0.1 }] }
  const longer = { ...item, ...holdLasting(item, 1, 100, FRAMES) }
  near(longer.holds[1].span, 0.35)
  assert.equal(drawingProblem({ version: 1, components: [longer] }), null)
  near({ ...item, ...holdLasting(item, 1, -1, FRAMES) }.holds[1].span, 0.05)
  let full = {}
  for (let frame = 0; frame < FRAMES; frame += 1) full = { ...full, ...holdAdded(full, frame, FRAMES) }
  assert.equal(drawingProblem({ version: 1, components: [full] }), null)
})

test('where a stay lies on the bar: within start and end, and mirrored where the run leads back', () => {
  const item = { start: 0.2, end: 0.8, playback: 'ping-pong', holds: [{ place: 0.5, span: 0.5 }] }
  const [stay] = holdPlan(item).stays
  const close = (actual, expected) => actual.forEach((value, i) => near(value, expected[i], 1e-9))
  close(stayOnBar(item, stay), [0.275, 0.425])
  close(stayOnBar(item, stay, 1), [0.575, 0.725])
  const back = { ...item, playback: 'reverse', holds: [{ place: 1, span: 0.5 }] }
  close(stayOnBar(back, holdPlan(back).stays[0]), [0.2, 0.5])
  near(runFrames(item, 21), 6)
})

test('in the first frame all is where its mask is, and a way back ends there', () => {
  for (const playback of ['once', 'reverse', 'ping-pong', 'loop']) {
    const component = { arrows: [ARROW], playback }
    const first = componentMotion(component, 0, FRAMES, SIZE.width, SIZE.height)
    assert.deepEqual([first.a, first.b], [[1, 0], [0, 0]])
    const last = componentMotion(component, FRAMES - 1, FRAMES, SIZE.width, SIZE.height)
    near(last.b[0], { once: 200, reverse: -200, 'ping-pong': 0, loop: 200 }[playback])
  }
})

test('what is said of a motion there and back is where it turns, and of one in reverse the same as forwards', () => {
  for (const playback of ['once', 'reverse', 'ping-pong', 'loop']) {
    assert.equal(readoutText({ arrows: [ARROW], playback }, FRAMES, SIZE), '200 px', playback)
  }
  assert.equal(farthestFrame({ playback: 'ping-pong' }, FRAMES), 10)
  assert.equal(frameReaching({ playback: 'ping-pong' }, 0.5, FRAMES), 5)
  assert.equal(frameReaching({ playback: 'reverse' }, 0.75, FRAMES), 5)
  const table = pointsText({ arrows: [ARROW], playback: 'reverse' }, FRAMES, SIZE)
  assert.equal(table, `79.5\t99.5\t${FRAMES}\n279.5\t99.5\t1`)
})

test('a pose that is typed is met, in reverse and there and back as well', () => {
  for (const playback of ['reverse', 'ping-pong', 'loop']) {
    const poses = [{ dx: 30, dy: -12, scale: 1.5, turn: 0 }, { dx: 0, dy: 0, scale: 1, turn: 90 }]
    for (const pose of [...poses, { dx: 7, dy: 9, scale: 1, turn: 0 }]) {
      const drawing = { version: 1, components: [{ playback, arrows: [ARROW] }] }
      const frame = farthestFrame(drawing.components[0], FRAMES)
      const { components: [component] } = withPose(drawing, 0, EXTENT, pose, frame, FRAMES, SIZE)
      const met = poseOf(component, EXTENT, frame, FRAMES, SIZE)
      for (const [key, value] of Object.entries(pose)) near(met[key], value, 0.02)
    }
  }
})

test('twice as many frames keep the rhythm', () => {
  const item = { bezier: [0.7, 0.1, 0.2, 0.95], holds: [{ place: 0.3, span: 0.25 }], playback: 'ping-pong', start: 0.1 }
  const [few, many] = [shares(item, 21), shares(item, 41)]
  few.forEach((share, i) => assert.equal(share, many[2 * i]))
})
