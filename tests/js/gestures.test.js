/** Tools and store without a page: positions in, documents out. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { begin, doubleClick, dropDraft, finishArrow, keepArrow } from '../../js/editor/gestures.js'
import { changeMask } from '../../js/editor/mask-menu.js'
import { EditorStore } from '../../js/editor/store.js'

const SIZE = { width: 200, height: 100 }
const scene = { ...SIZE, toStage: ([u, v]) => [u * SIZE.width, v * SIZE.height], insideMask: (_, [u]) => u < 0.3 }
const at = (u, v, more = {}) => ({
  frac: [u, v], stage: scene.toStage([u, v]), alt: false, shift: false, pen: false, pressure: 0, ...more,
})

function setUp(tool, text) {
  const saved = []
  const store = new EditorStore({ onChange: (value) => saved.push(value) })
  if (text) store.load(text)
  store.setView({ tool })
  return { store, saved }
}

function drag(store, ...places) {
  const gesture = begin(store, scene, places[0])
  for (const place of places.slice(1)) gesture?.move(place)
  gesture?.up(places[places.length - 1])
}

const BOAT = JSON.stringify({
  version: 1,
  components: [{
    name: 'boat', mask: { strokes: [] }, arrows: [{ points: [[0.4, 0.5], [0.8, 0.5]], curve: 'straight' }],
  }],
})

test('painting on an empty drawing brings a component and reports once', () => {
  const { store, saved } = setUp('brush')
  drag(store, at(0.1, 0.1), at(0.2, 0.3), at(0.3, 0.1))
  assert.equal(saved.length, 1)
  assert.equal(saved[0], store.text)
  assert.equal(store.drawing.components[0].mask.strokes[0].points.length, 3)
  store.undo()
  assert.equal(store.drawing.components.length, 0)
  assert.equal(saved.length, 2)
})

test('a cancelled gesture leaves nothing', () => {
  const { store, saved } = setUp('brush')
  const gesture = begin(store, scene, at(0.1, 0.1))
  gesture.move(at(0.5, 0.5))
  gesture.cancel()
  assert.equal(store.draft, null)
  assert.deepEqual(saved, [])
})

test('points on a line are dropped from a stroke, its corner stays', () => {
  const { store } = setUp('brush')
  drag(store, ...[0, 1, 2, 3, 4].map((i) => at(0.1 + i * 0.1, 0.2)), at(0.5, 0.8))
  assert.deepEqual(store.drawing.components[0].mask.strokes[0].points, [[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]])
})

test('a pen that lands harder paints wider', () => {
  const radius = (pressure) => {
    const { store } = setUp('brush')
    drag(store, at(0.1, 0.1, { pen: true, pressure }), at(0.2, 0.3))
    return store.drawing.components[0].mask.strokes[0].radius
  }
  assert.ok(radius(0.9) > 2 * radius(0.1))
})

test("a pen's eraser end erases whatever the tool", () => {
  const erasers = { brush: 'erase', select: 'erase', arrow: 'erase', erase: 'erase', lasso: 'lasso-erase' }
  for (const [tool, expected] of Object.entries(erasers)) {
    const { store } = setUp(tool, BOAT)
    store.setView({ selected: 0 })
    const eraser = { pen: true, pressure: 0.5, eraser: true }
    drag(store, at(0.4, 0.5, eraser), at(0.6, 0.5, eraser), at(0.5, 0.8, eraser))
    const { mask, arrows } = store.drawing.components[0]
    assert.deepEqual(mask.strokes.map((stroke) => stroke.tool), [expected], tool)
    assert.equal(arrows.length, 1)
  }
})

test('a lasso of two points is no lasso', () => {
  const { store, saved } = setUp('lasso')
  drag(store, at(0.1, 0.1), at(0.5, 0.5))
  assert.deepEqual(saved, [])
})

test('arrow by clicks, ended with a double click', () => {
  const { store, saved } = setUp('arrow')
  for (const place of [at(0.1, 0.1), at(0.5, 0.5), at(0.9, 0.2)]) drag(store, place)
  drag(store, at(0.9, 0.2))
  doubleClick(store, scene, at(0.9, 0.2))
  assert.deepEqual(saved.map((text) => JSON.parse(text).components[0].arrows[0].points.length), [2, 3])
  const arrow = { points: [[0.1, 0.1], [0.5, 0.5], [0.9, 0.2]], curve: 'straight' }
  assert.deepEqual(store.drawing.components[0].arrows, [arrow])
  assert.equal(finishArrow(store), false)
})

test('an arrow by clicks is in the document from its second point on, and one step of undo', () => {
  const { store } = setUp('arrow', BOAT)
  drag(store, at(0.1, 0.2), at(0.2, 0.2))
  store.undo()
  const before = store.text
  assert.ok(store.canRedo)
  const arrows = () => store.drawing.components[0].arrows.map(({ points }) => points.length)
  drag(store, at(0.1, 0.1))
  assert.equal(store.text, before)
  for (const place of [at(0.5, 0.5), at(0.9, 0.2)]) drag(store, place)
  assert.deepEqual(arrows(), [2, 3])
  const { draft } = store
  keepArrow(store, { ...draft, points: draft.points.slice(0, 2) })
  assert.deepEqual(arrows(), [2, 2])
  keepArrow(store, { ...store.draft, points: draft.points.slice(0, 1) })
  assert.equal(store.text, before)
  drag(store, at(0.6, 0.6))
  dropDraft(store)
  assert.equal(store.text, before)
  assert.ok(store.canRedo, 'a dropped arrow leaves redo as it was')
  for (const place of [at(0.1, 0.1), at(0.5, 0.5), at(0.9, 0.2)]) drag(store, place)
  store.undo()
  assert.equal(store.text, before)
  assert.equal(store.draft, null)
  store.redo()
  assert.deepEqual(arrows(), [2, 3])
  drag(store, at(0.3, 0.9))
  store.undo()
  assert.deepEqual(arrows(), [2, 3], 'undo takes back a lone first point before anything else')
})

test('a click that becomes a pinch leaves the arrow in progress as it was', () => {
  const { store } = setUp('arrow', BOAT)
  for (const place of [at(0.1, 0.1), at(0.5, 0.5)]) drag(store, place)
  const { text, draft } = store
  begin(store, scene, at(0.9, 0.2)).cancel()
  assert.equal(store.text, text)
  assert.equal(store.draft, draft)
})

test('drag a handle, remove it with Alt', () => {
  const { store } = setUp('select', BOAT)
  drag(store, at(0.8, 0.5), at(0.7, 0.9))
  assert.deepEqual(store.drawing.components[0].arrows[0].points[1], [0.7, 0.9])
  assert.deepEqual([store.view.arrow, store.view.point], [0, 1])
  drag(store, at(0.7, 0.9, { alt: true }))
  assert.deepEqual(store.drawing.components[0].arrows[0].points, [[0.4, 0.5]])
})

test('a click on a handle or mask selects without changing anything', () => {
  const { store, saved } = setUp('select', BOAT)
  drag(store, at(0.8, 0.5))
  drag(store, at(0.1, 0.5))
  assert.deepEqual(saved, [])
  assert.equal(store.view.selected, 0)
})

test('locked and hidden components refuse paint and say so', () => {
  for (const key of ['locked', 'hidden']) {
    const { store, saved } = setUp('brush', JSON.stringify({ version: 1, components: [{ name: 'boat', [key]: true }] }))
    drag(store, at(0.1, 0.1), at(0.3, 0.3))
    assert.deepEqual(saved, [])
    assert.match(store.view.hint, new RegExp(`“boat” is ${key}`))
  }
})

test('a malformed text is kept through everything but an explicit replacement', () => {
  const { store, saved } = setUp('brush', '{"version": 3}')
  drag(store, at(0.1, 0.1), at(0.3, 0.3))
  store.undo()
  store.commit({ version: 1, components: [{}] })
  assert.equal(store.text, '{"version": 3}')
  assert.match(store.error, /version must be 1/)
  store.replaceText(BOAT)
  assert.deepEqual(saved, [BOAT])
  assert.equal(store.error, null)
})

test('selection follows what undo takes away', () => {
  const { store } = setUp('arrow', BOAT)
  drag(store, at(0.1, 0.1), at(0.3, 0.9))
  assert.equal(store.view.arrow, 1)
  store.undo()
  assert.equal(store.view.arrow, -1)
  assert.equal(store.view.selected, 0)
})

test('invert, grow and shrink the selected mask, each one step to undo', () => {
  const { store, saved } = setUp('brush')
  changeMask(store, 'grow', 4, 200)
  assert.match(store.view.hint, /no mask yet/)
  assert.deepEqual(saved, [])
  drag(store, at(0.1, 0.1), at(0.2, 0.3))
  changeMask(store, 'grow', 4, 200)
  changeMask(store, 'shrink', 999, 200)
  changeMask(store, 'invert', 4, 200)
  const { strokes } = store.drawing.components[0].mask
  const changes = [{ tool: 'grow', radius: 0.02 }, { tool: 'shrink', radius: 0.25 }, { tool: 'invert' }]
  assert.deepEqual(strokes.slice(1), changes)
  assert.equal(saved.length, 4)
  store.undo()
  assert.equal(store.drawing.components[0].mask.strokes.length, 3)
})

test('a mask is resized a hundred times and then no more, and never a locked one', () => {
  const dot = { tool: 'brush', radius: 0.02, points: [[0.5, 0.5]] }
  const mask = { strokes: [dot, ...Array(99).fill({ tool: 'grow', radius: 0.0001 })] }
  const { store } = setUp('brush', JSON.stringify({ version: 1, components: [{ mask }] }))
  changeMask(store, 'grow', 4, 200)
  changeMask(store, 'grow', 4, 200)
  assert.equal(store.drawing.components[0].mask.strokes.length, 101)
  assert.match(store.view.hint, /hundred/)
  const locked = setUp('brush', JSON.stringify({ version: 1, components: [{ name: 'boat', mask, locked: true }] }))
  changeMask(locked.store, 'invert', 4, 200)
  assert.match(locked.store.view.hint, /locked/)
  assert.deepEqual(locked.saved, [])
})

test('what is beyond the budget is not added, and said with its component', () => {
  const strokes = [{ tool: 'fill' }, ...Array(23).fill({ tool: 'grow', radius: 0.1 })]
  const { store } = setUp('brush', JSON.stringify({ version: 1, components: [{ name: 'sky', mask: { strokes } }] }))
  const before = store.text
  changeMask(store, 'grow', 4, 200)
  assert.equal(store.text, before)
  assert.match(store.view.hint, /24030 sweeps, 24030 of them in Component 1 \(sky\); at most 24000/)
})
