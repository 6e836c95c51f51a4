/** Files, languages and what arrives from upstream, without a page. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { withImage } from '../../js/editor/document.js'
import { bundleKind, isJson, isPicture, readDrawingFile } from '../../js/editor/files.js'
import { EditorStore } from '../../js/editor/store.js'
import { ENGLISH, fill, messagesFor, setTexts, TEXT } from '../../js/editor/texts.js'

const component = (name, more = {}) => ({ name, mask: { strokes: [{ tool: 'fill' }] }, arrows: [], ...more })
const document = (...components) => ({ version: 1, components })

test('which files are for the editor', () => {
  assert.ok(isPicture({ type: 'image/png' }) && isPicture({ type: 'image/jpeg' }))
  assert.ok(!isPicture({ type: 'image/svg+xml' }) && !isPicture({ type: 'video/mp4' }))
  assert.ok(isJson({ type: '', name: 'A.JSON' }) && !isJson({ type: 'text/plain', name: 'a.txt' }))
  const bundle = (...types) => ({ items: types.map((type) => ({ kind: 'file', type })) })
  assert.equal(bundleKind(bundle('application/json', 'image/png')), 'picture')
  assert.equal(bundleKind(bundle('application/json')), 'json')
  assert.equal(bundleKind(bundle('video/mp4')), null)
  assert.equal(bundleKind({ items: [{ kind: 'string', type: 'text/uri-list' }] }), null)
})

test('a drawing file is read, anything else is refused with a reason', () => {
  const text = JSON.stringify(document(component('boat')))
  assert.deepEqual(readDrawingFile(text).drawing, JSON.parse(text))
  for (const [broken, says, foreign] of [
    ['{"version": 1', /not valid JSON/, false], ['', /empty/, false],
    ['{"version": 2, "components": []}', /version must be 1/, false],
    ['{"nodes": [], "links": []}', /version must be 1/, true], ['[]', /must be a JSON object/, true],
    ['{"version":1,"components":[{"start":7}]}', /start must be/, false],
  ]) {
    const read = readDrawingFile(broken)
    assert.equal(read.drawing, null)
    assert.match(read.error, says)
    assert.equal(read.foreign, foreign, broken)
  }
})

test('the document names its own picture', () => {
  const own = withImage(document(), 'pasted/boat.png')
  assert.equal(own.image, 'pasted/boat.png')
  assert.equal(withImage(own, 'pasted/boat.png'), own)
  assert.deepEqual(withImage(own, null), document())
  const store = new EditorStore()
  store.load('{"version":1,"image":7,"components":[]}')
  assert.match(store.error, /image must be the name of an uploaded picture, got 7/)
})

test('upstream components come first in color, and hidden ones have none', () => {
  const store = new EditorStore()
  store.load(JSON.stringify(document(component('boat'))))
  assert.deepEqual(store.color(0), [255, 48, 48])
  store.setArrivals({ components: [component('camera'), component('off', { hidden: true })], masks: [] })
  assert.deepEqual(store.color(0), [48, 224, 64])
  assert.deepEqual(store.merged(store.drawing).components.map((c) => c.name), ['camera', 'off', 'boat'])
  assert.equal(store.merged(store.drawing), store.merged(store.drawing))
  assert.equal(JSON.parse(store.text).components.length, 1, 'what arrives is never saved')
  store.setArrivals(null)
  assert.equal(store.merged(store.drawing), store.drawing)
})

test('masks that arrive fill the empty ones in order, the last serves the rest', () => {
  const store = new EditorStore()
  const empty = { mask: { strokes: [] } }
  const fromInput = { mask: { source: 'input', strokes: [{ tool: 'fill' }] } }
  store.load(JSON.stringify(document(empty, component('painted'), fromInput, empty)))
  const [first, second] = [{ png: 'A' }, { png: 'B' }]
  store.setArrivals({ components: [], masks: [first, second] })
  const masks = store.merged(store.drawing).components.map((c) => c.mask)
  assert.deepEqual([masks[0], masks[2], masks[3]], [first, second, second])
  assert.deepEqual(masks[1], { strokes: [{ tool: 'fill' }] })
})

test('languages: exact, family, and English for what is missing', () => {
  const all = { zh: { trackgo: { text: { undo: '撤销' } } }, 'zh-TW': { nodeDefs: {} }, ja: {} }
  assert.equal(messagesFor(all, 'zh-TW').text.undo, '撤销')
  assert.deepEqual(messagesFor(all, 'ja'), {})
  assert.deepEqual(messagesFor(null, 'en'), {})
  setTexts(messagesFor(all, 'zh'))
  assert.equal(TEXT.undo, '撤销')
  assert.equal(TEXT.redo, ENGLISH.text.redo)
  setTexts()
  assert.equal(TEXT.undo, ENGLISH.text.undo)
  assert.equal(fill('%2 of %1', 'a', 3), '3 of a')
})
