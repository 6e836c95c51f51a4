/** Selecting an object: what is asked, and what an answer becomes in the document. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { rgbBase64, Selection } from '../../js/editor/selection.js'
import { EditorStore } from '../../js/editor/store.js'

const PICTURE = { width: 8, height: 8, pixels: 'AAAA' }
const OUTLINE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]
const BETTER = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6]]
const at = (u, v, more = {}) => ({
  frac: [u, v], stage: [u * 200, v * 100], alt: false, shift: false, pen: false, pressure: 0, eraser: false, ...more,
})
const settled = () => new Promise((resolve) => { setTimeout(resolve) })

function setUp(picture = PICTURE) {
  const [sent, responses, refined] = [[], [], []]
  const store = new EditorStore()
  store.setView({ tool: 'wand' })
  const select = (body, signal) => new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    sent.push(JSON.parse(body))
    responses.push((answer, status = 200) => resolve(Response.json(answer, { status })))
  })
  const refine = (points) => {
    refined.push(points)
    return points
  }
  const selection = new Selection(store, { select, picture: () => picture, refine })
  const click = (...place) => selection.begin(at(...place))?.up(at(...place))
  const answered = async (points) => {
    responses.at(-1)({ points })
    await settled()
  }
  return { store, selection, sent, responses, refined, click, answered }
}

const strokes = (store) => store.drawing.components[0]?.mask.strokes ?? []

test('clicks make one stroke better and better, and one undo takes it away', async () => {
  const { store, sent, click, answered } = setUp()
  click(0.2, 0.2)
  assert.deepEqual([sent[0].include, sent[0].exclude, sent[0].box, sent[0].width], [[[0.2, 0.2]], [], null, 8])
  await answered(OUTLINE)
  assert.deepEqual(strokes(store), [{ tool: 'lasso', points: OUTLINE, clicks: [[0.2, 0.2]] }])
  click(0.5, 0.3, { alt: true })
  assert.deepEqual([sent[1].include, sent[1].exclude], [[[0.2, 0.2]], [[0.5, 0.3]]])
  await answered(BETTER)
  assert.deepEqual(strokes(store), [{ tool: 'lasso', points: BETTER, clicks: [[0.2, 0.2]] }], 'Alt takes away')
  store.undo()
  assert.deepEqual(store.drawing.components, [])
  store.redo()
  assert.deepEqual(strokes(store)[0].points, BETTER)
})

test('a box is shown while it is dragged, with the outline as soon as one comes', async () => {
  const { store, selection, sent, responses, refined, answered } = setUp()
  const gesture = selection.begin(at(0.6, 0.7))
  gesture.move(at(0.2, 0.1))
  assert.deepEqual(sent[0].box, [0.2, 0.1, 0.6, 0.7])
  assert.deepEqual(store.draft.stroke.points, [[0.2, 0.1], [0.6, 0.1], [0.6, 0.7], [0.2, 0.7]])
  gesture.move(at(0.1, 0.1))
  assert.equal(sent.length, 1, 'one question at a time while it is dragged')
  await answered(OUTLINE)
  assert.deepEqual(store.draft.stroke.points, OUTLINE)
  assert.deepEqual(store.drawing.components, [], 'an unfinished gesture is not saved')
  gesture.up(at(0.1, 0.1))
  assert.deepEqual(sent.at(-1).box, [0.1, 0.1, 0.6, 0.7])
  responses.at(-1)({ points: BETTER })
  await settled()
  assert.deepEqual([strokes(store).length, store.draft], [1, null])
  assert.deepEqual(refined, [BETTER], 'the edges of the large picture are looked for once, at the end')
})

test('whatever else is drawn, or another box, begins a stroke of its own', async () => {
  const { store, sent, click, answered } = setUp()
  click(0.2, 0.2)
  await answered(OUTLINE)
  store.undo()
  store.redo()
  click(0.3, 0.3)
  await answered(BETTER)
  assert.deepEqual([sent[1].include, strokes(store).length], [[[0.3, 0.3]], 2])
})

test('an answer that comes after something else was drawn is dropped', async () => {
  const { store, click, answered } = setUp()
  click(0.2, 0.2)
  store.commit({ version: 1, components: [{ name: 'other' }] })
  await answered(OUTLINE)
  assert.deepEqual(store.drawing.components, [{ name: 'other' }])
})

test('what cannot be is said', async () => {
  const { store, click, responses, answered } = setUp()
  click(0.2, 0.2, { alt: true })
  assert.match(store.view.hint, /Click what you want first/)
  click(0.2, 0.2)
  await answered([])
  assert.match(store.view.hint, /Nothing stands out/)
  click(0.2, 0.2)
  responses.at(-1)({ error: 'no' }, 404)
  await settled()
  assert.match(store.view.hint, /restart ComfyUI/)
  click(0.2, 0.2)
  responses.at(-1)({ error: 'too much.' }, 503)
  await settled()
  assert.match(store.view.hint, /Nothing was selected: too much/)
  const blank = setUp(null)
  blank.click(0.2, 0.2)
  await settled()
  assert.match(blank.store.view.hint, /no picture/)
})

test('pixels are sent without their opacity', () => {
  const count = 5000
  const rgba = Uint8ClampedArray.from({ length: 4 * count }, (_, i) => (i % 4 === 3 ? 255 : i % 251))
  const bytes = Uint8Array.from(atob(rgbBase64(rgba)), (c) => c.charCodeAt(0))
  assert.equal(bytes.length, 3 * count)
  assert.deepEqual([...bytes.slice(-3)], [...rgba.slice(-4, -1)])
})
