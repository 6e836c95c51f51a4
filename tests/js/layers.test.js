/** The order, the visibility and copies of components. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { rowAt } from '../../js/editor/components.js'
import { duplicateComponent, isSolo, soloComponent } from '../../js/editor/document.js'

const drawing = (...components) => ({ version: 1, components })
const hidden = (doc) => doc.components.map((component) => Boolean(component.hidden))

test('one alone, and all again; nothing is rewritten that stays', () => {
  const start = drawing({ name: 'a' }, { name: 'b', hidden: true }, { name: 'c' })
  const solo = soloComponent(start, 1)
  assert.deepEqual(hidden(solo), [true, false, true])
  assert.ok(isSolo(solo, 1) && !isSolo(start, 1) && !isSolo(solo, 0))
  const all = soloComponent(solo, 1)
  assert.deepEqual(hidden(all), [false, false, false])
  assert.equal(soloComponent(start, 0).components[1], start.components[1])
  assert.ok(!isSolo(drawing({}), 0))
})

test('a copy lies beside its original, unless its mask is a picture', () => {
  const stroke = { tool: 'brush', radius: 0.1, points: [[0.5, 0.5]] }
  const boat = { mask: { strokes: [stroke] }, arrows: [{ points: [[0.1, 0.2]] }] }
  const { components } = duplicateComponent(drawing(boat), 0)
  assert.deepEqual(components[1].mask.strokes[0].points, [[0.52, 0.52]])
  assert.deepEqual(components[1].arrows[0].points, [[0.12, 0.22]])
  assert.deepEqual(components[0].mask.strokes[0], stroke)
  const picture = duplicateComponent(drawing({ mask: { png: 'x' }, arrows: [{ points: [[0.1, 0.2]] }] }), 0)
  assert.deepEqual(picture.components[1].arrows[0].points, [[0.1, 0.2]])
})

test('a row is let go where the pointer is, or at the end nearest to it', () => {
  const boxes = [{ top: 10, bottom: 30 }, { top: 30, bottom: 50 }]
  assert.deepEqual([0, 20, 31, 99].map((y) => rowAt(boxes, y)), [0, 0, 1, 1])
})
