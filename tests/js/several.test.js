/** Several components selected at once: moved, removed, copied and aligned in one step. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { aligned } from '../../js/editor/align.js'
import { duplicateComponents } from '../../js/editor/document.js'
import { begin } from '../../js/editor/gestures.js'
import { chooseComponent, nudgeSelected, removeSelected } from '../../js/editor/selected.js'
import { EditorStore } from '../../js/editor/store.js'

const SIZE = { width: 200, height: 100 }
/** A box of 0.1 × 0.1 at (u, v). */
const box = (name, u, v, more = {}) => ({
  name, mask: { strokes: [{ tool: 'lasso', points: [[u, v], [u + 0.1, v], [u + 0.1, v + 0.1], [u, v + 0.1]] }] },
  arrows: [{ points: [[u, v], [u + 0.3, v]] }], ...more,
})
const corner = ({ mask }) => mask.strokes[0].points[0]
const extentIn = (drawing) => (i) => {
  const [left, top] = corner(drawing.components[i])
  return { left, top, right: left + 0.1, bottom: top + 0.1 }
}
const at = (u, v, more = {}) => (
  { frac: [u, v], stage: [u * 200, v * 100], alt: false, shift: false, ctrl: false, pen: false, pressure: 0, ...more })

function setUp(...components) {
  const saved = []
  const store = new EditorStore({ onChange: (text) => saved.push(text) })
  store.load(JSON.stringify({ version: 1, components }))
  store.setView({ tool: 'select' })
  const scene = {
    ...SIZE, toStage: ([u, v]) => [u * 200, v * 100], extent: (i) => extentIn(store.drawing)(i),
    insideMask: (i, [u, v]) => {
      const { left, top, right, bottom } = extentIn(store.drawing)(i)
      return u >= left && u <= right && v >= top && v <= bottom
    },
  }
  const press = (from, to = from) => {
    const gesture = begin(store, scene, from)
    gesture?.move(to)
    gesture?.up(to)
  }
  return { store, saved, press }
}
const THREE = [box('a', 0.1, 0.1), box('b', 0.3, 0.6), box('c', 0.7, 0.3)]
const corners = (store) => store.drawing.components.map((one) => corner(one).map((value) => Number(value.toFixed(4))))

test('Ctrl and Shift add and take away on the canvas; one drag moves all of them in one step', () => {
  const { store, saved, press } = setUp(...THREE)
  press(at(0.15, 0.18))
  press(at(0.35, 0.68, { ctrl: true }))
  press(at(0.75, 0.38, { shift: true }))
  assert.deepEqual(store.group, [0, 1, 2])
  press(at(0.75, 0.38, { ctrl: true }))
  assert.deepEqual([store.group, store.view.selected], [[0, 1], 0])
  press(at(0.35, 0.68), at(0.45, 0.78))
  assert.deepEqual(corners(store), [[0.2, 0.2], [0.4, 0.7], [0.7, 0.3]])
  assert.deepEqual(store.drawing.components[1].arrows[0].points[0], [0.4, 0.7])
  assert.equal(saved.length, 1)
  assert.deepEqual(store.group, [0, 1], 'they stay selected')
  store.undo()
  assert.deepEqual(corners(store), [[0.1, 0.1], [0.3, 0.6], [0.7, 0.3]])
  press(at(0.35, 0.68))
  assert.deepEqual(store.group, [1], 'a plain click selects one')
})

test('taking the first one away leaves the next; another one selected is alone', () => {
  const { store } = setUp(...THREE)
  store.selectRange(0, Infinity)
  store.toggleSelected(0)
  assert.deepEqual([store.view.selected, store.group], [1, [1, 2]])
  store.setView({ selected: 0 })
  assert.deepEqual(store.group, [0])
  chooseComponent(store, 1, true)
  chooseComponent(store, 1, true)
  assert.deepEqual([store.view.selected, store.group], [0, [0, 1, 2]])
  chooseComponent(store, 1, false)
  assert.deepEqual(store.group, [1])
})

test('keys move and remove all but the locked ones', () => {
  const { store, saved } = setUp(THREE[0], { ...THREE[1], locked: true }, THREE[2])
  store.selectRange(0, Infinity)
  nudgeSelected(store, SIZE, 10, 0)
  assert.deepEqual(corners(store), [[0.15, 0.1], [0.3, 0.6], [0.75, 0.3]])
  removeSelected(store)
  assert.deepEqual([store.drawing.components.map(({ name }) => name), store.group, saved.length], [['b'], [0], 2])
  removeSelected(store)
  assert.match(store.view.hint, /“b” is locked/)
  store.undo()
  assert.equal(store.drawing.components.length, 3)
  assert.equal(store.group.length, 1)
})

test('copies lie after their originals', () => {
  const { components } = duplicateComponents({ version: 1, components: THREE }, [0, 2])
  assert.deepEqual(components.map(({ name }) => name), ['a', 'a copy', 'b', 'c', 'c copy'])
})

test('masks line up with another or with the frame, and what cannot move stays', () => {
  const drawing = { version: 1, components: [...THREE, box('d', 0.2, 0.2, { locked: true })] }
  const extent = extentIn(drawing)
  const after = (indices, to, side) => (
    aligned(drawing, indices, extent, to, side).components.map((one) => corner(one).map((v) => Number(v.toFixed(4)))))
  assert.deepEqual(after([1, 2, 3], extent(0), 'left').map(([u]) => u), [0.1, 0.1, 0.1, 0.2])
  assert.deepEqual(after([1], extent(2), 'middle')[1], [0.3, 0.3])
  const frame = { left: 0, top: 0, right: 1, bottom: 1 }
  const ends = { right: [0.9, 0.6], centre: [0.45, 0.6], top: [0.3, 0], bottom: [0.3, 0.9], left: [0, 0.6] }
  for (const [side, place] of Object.entries(ends)) assert.deepEqual(after([1], frame, side)[1], place, side)
  const picture = { version: 1, components: [box('p', 0.5, 0.5)] }
  picture.components[0].mask.png = 'x'
  assert.equal(aligned(picture, [0], extentIn(picture), frame, 'left'), picture)
})
