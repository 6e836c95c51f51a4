/** Undo that outlives an editor: another one in its place goes on with its history. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { recall, remember } from '../../js/editor/memory.js'
import { EditorStore } from '../../js/editor/store.js'

const drawn = (name) => ({ version: 1, components: [{ name }] })

function storeAt(place) {
  const saved = []
  const store = new EditorStore({ onChange: (text) => saved.push(text), recall: (drawing) => recall(place, drawing) })
  return { store, saved }
}

test('a new editor in the same place takes up the history where the drawing is in it', () => {
  const { store } = storeAt('graph,1')
  const start = store.text
  for (const name of ['a', 'b', 'c']) store.commit(drawn(name))
  remember('graph,1', store.history)
  const { store: next, saved } = storeAt('graph,1')
  next.load(JSON.stringify(drawn('b'), null, 1))
  assert.deepEqual(saved, [], 'what is loaded is not reported back')
  next.undo()
  assert.deepEqual(next.drawing, drawn('a'))
  next.redo()
  next.redo()
  assert.deepEqual(next.drawing, drawn('c'))
  const { store: atStart } = storeAt('graph,1')
  atStart.load(start)
  assert.ok(atStart.canRedo && !atStart.canUndo, 'the empty drawing of a new editor, too')
})

test('another place, or a drawing that was never there, begins anew', () => {
  const { store } = storeAt('graph,2')
  store.commit(drawn('a'))
  store.commit(drawn('b'))
  remember('graph,2', store.history)
  for (const [place, name] of [['graph,3', 'a'], ['graph,2', 'z']]) {
    const { store: other } = storeAt(place)
    other.load(JSON.stringify(drawn(name)))
    assert.ok(!other.canUndo && !other.canRedo, place)
  }
})

test('a text that the same editor had is found in its own history, a foreign one begins anew', () => {
  const { store } = storeAt('graph,4')
  for (const name of ['a', 'b', 'a']) store.commit(drawn(name))
  store.load(JSON.stringify(drawn('b')))
  store.undo()
  assert.deepEqual(store.drawing, drawn('a'))
  store.load(JSON.stringify(drawn('z')))
  assert.ok(!store.canUndo && !store.canRedo)
})

test('only the latest editors are remembered', () => {
  const { store } = storeAt('graph,5')
  store.commit(drawn('a'))
  for (let i = 0; i < 40; i += 1) remember(`many,${i}`, store.history)
  assert.equal(recall('many,0', drawn('a')), null)
  assert.equal(recall('many,39', drawn('a'))?.past.length, 1)
})
