import assert from 'node:assert/strict'
import test from 'node:test'
import * as doc from '../../js/editor/document.js'
import { drawingProblem } from '../../js/editor/document-checks.js'

const boat = () => ({
  name: 'boat', tint: 'warm',
  mask: { strokes: [{ tool: 'lasso', points: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]] }], note: 1 },
  arrows: [{ points: [[0.1, 0.2], [0.6, 0.5]], curve: 'smooth' }],
})
const drawing = (...components) => ({ version: 1, author: 'someone', components })
const masked = (...strokes) => drawing({ mask: { strokes } })

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}

test('what was parsed is written back unchanged, unknown keys included', () => {
  const text = JSON.stringify(drawing(boat()))
  assert.equal(doc.serializeDrawing(doc.parseDrawing(text).drawing), text)
})

test('nothing at all is an empty drawing', () => {
  assert.deepEqual(doc.parseDrawing(' \n').drawing, doc.emptyDrawing())
})

const broken = [
  ['{"version": 1', /not valid JSON/],
  ['[]', /must be a JSON object, got \[\]/],
  ['{"version": 2, "components": []}', /version must be 1, got 2/],
  ['{"version": 1}', /components must be a list/],
  [drawing({ start: 7 }), /Component 1: start must be a number from 0 to 1, got 7/],
  [
    drawing({}, { name: 'sea', start: 0.8, end: 0.2 }),
    /Component 2 \(sea\): start \(0\.8\) must not be after end \(0\.2\)/,
  ],
  [drawing({ easing: 'bounce' }), /easing must be one of linear, .* got "bounce"/],
  [drawing({ hidden: 1 }), /hidden must be true or false, got 1/],
  [masked({ tool: 'spray', points: [[0, 0]] }), /stroke 1: tool must be one of .* got "spray"/],
  [masked({ tool: 'brush', radius: 0, points: [[0, 0]] }), /radius must be above 0 .* got 0/],
  [masked({ tool: 'grow' }), /stroke 1: radius must be above 0 and at most 0.25 .* got undefined/],
  [masked({ tool: 'shrink', radius: 0.3 }), /at most 0.25 .* got 0.3/],
  [masked(...Array(101).fill({ tool: 'grow', radius: 0.1 })), /grows and shrinks 101 times; at most 100/],
  [masked({ tool: 'lasso', points: [[0, 0], [1, 1]] }), /needs at least 3 points, got 2/],
  [drawing({ arrows: [{ points: [] }] }), /arrow 1: needs at least 1 point, got 0/],
  [drawing({ arrows: [{ points: [[0, 0], [0, '1']] }] }), /arrow 1, point 2: must be a pair of numbers/],
  [drawing({ arrows: [{ points: [[0, 0]], curve: 'wavy' }] }), /curve must be straight or smooth, got "wavy"/],
]
for (const [value, message] of broken) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  test(`refused with its text kept: ${text.slice(0, 70)}`, () => {
    const parsed = doc.parseDrawing(text)
    assert.match(parsed.error, message)
    assert.equal(parsed.text, text)
    assert.equal(parsed.drawing, null)
  })
}

test('updates leave the old document alone and share what did not change', () => {
  const before = deepFreeze(drawing(boat(), boat()))
  const stroke = { tool: 'brush', radius: 0.1, points: [[0.5, 0.5]] }
  const after = doc.addStroke(before, 1, stroke)
  assert.equal(after.components[1].mask.strokes[1], stroke)
  assert.equal(after.components[1].mask.note, 1)
  assert.equal(after.components[1].mask.strokes[0], before.components[1].mask.strokes[0])
  assert.equal(after.components[0], before.components[0])
  assert.equal(after.author, 'someone')
})

test('points: move, insert, remove; the last point takes its arrow along', () => {
  const start = deepFreeze(drawing(boat()))
  const moved = doc.movePoint(start, 0, 0, 1, [0.123456789, 0.5])
  assert.deepEqual(moved.components[0].arrows[0].points[1], [0.12346, 0.5])
  const inserted = doc.insertPoint(start, 0, 0, 1, [0.3, 0.3])
  assert.deepEqual(inserted.components[0].arrows[0].points, [[0.1, 0.2], [0.3, 0.3], [0.6, 0.5]])
  const one = doc.removePoint(start, 0, 0, 0)
  assert.equal(one.components[0].arrows[0].points.length, 1)
  assert.equal(doc.removePoint(one, 0, 0, 0).components[0].arrows.length, 0)
})

test('translate shifts strokes, the clicks they came from, and arrows alike', () => {
  const clicked = boat()
  clicked.mask.strokes[0].clicks = [[0.15, 0.2]]
  const { components: [moved] } = doc.translateComponent(deepFreeze(drawing(clicked)), 0, 0.1, -0.1)
  assert.deepEqual(moved.mask.strokes[0].clicks, [[0.25, 0.1]])
  assert.deepEqual(moved.mask.strokes[0].points, [[0.2, 0], [0.3, 0], [0.3, 0.2]])
  assert.deepEqual(moved.arrows[0].points, [[0.2, 0.1], [0.7, 0.4]])
})

test('components: add with a free name, duplicate, reorder, remove', () => {
  let value = doc.addComponent(doc.addComponent(doc.emptyDrawing()))
  assert.deepEqual(value.components.map((c) => c.name), ['object 1', 'object 2'])
  value = doc.removeComponents(value, [0])
  value = doc.addComponent(value)
  assert.deepEqual(value.components.map((c) => c.name), ['object 2', 'object 3'])
  value = doc.duplicateComponent(value, 0)
  value = doc.moveComponent(value, 1, 2)
  assert.deepEqual(value.components.map((c) => c.name), ['object 2', 'object 3', 'object 2 copy'])
  assert.equal(drawingProblem(value), null)
})

test('a patch that changes nothing is no change', () => {
  const value = drawing({ ...boat(), hidden: true })
  assert.equal(doc.patchComponent(value, 0, { hidden: true }), value)
  assert.throws(() => doc.patchComponent(value, 3, {}), /no component 4; the drawing has 1/)
})
