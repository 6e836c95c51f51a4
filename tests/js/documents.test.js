/** The documents that Python and JavaScript must both take, and both refuse (tests/fixtures/documents.json). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { parseDrawing } from '../../js/editor/document.js'

const { good, bad } = JSON.parse(readFileSync(new URL('../fixtures/documents.json', import.meta.url), 'utf8'))
const written = (parts) => parts.map((part) => (
  typeof part === 'string' ? part : Array(part.times).fill(part.text).join(part.between))).join('')

for (const { name, text } of good) {
  test(`taken: ${name}`, () => {
    const { drawing, error } = parseDrawing(written(text))
    assert.equal(error, null)
    assert.equal(drawing.version, 1)
  })
}
for (const { name, text, says } of bad) {
  test(`refused: ${name}`, () => {
    const { drawing, error, text: kept } = parseDrawing(written(text))
    assert.equal(drawing, null)
    assert.ok(error.includes(says) && error.length < 400, error)
    assert.equal(kept, written(text))
  })
}
