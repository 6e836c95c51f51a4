/** Filling what is alike with a tolerance that is dragged. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Bucket } from '../../js/editor/bucket.js'
import { EditorStore } from '../../js/editor/store.js'

const [WIDTH, HEIGHT] = [64, 16]
/** Four columns, each 20 brighter than the one before. */
const data = new Uint8ClampedArray(4 * WIDTH * HEIGHT)
for (let i = 0; i < WIDTH * HEIGHT; i += 1) data.set([...Array(3).fill(20 * Math.floor((i % WIDTH) / 16)), 255], 4 * i)
const at = (u, dx = 0) => ({ frac: [u, 0.5], stage: [u * 500 + dx, 100], alt: false })

function setUp() {
  const saved = []
  const store = new EditorStore({ onChange: (text) => saved.push(text) })
  store.setView({ tool: 'bucket', tolerance: 25 })
  return { store, saved, bucket: new Bucket(store, () => ({ data, width: WIDTH, height: HEIGHT })) }
}
const reach = ({ points }) => Math.max(...points.map(([u]) => u))
const kept = (store) => store.drawing.components[0]?.mask.strokes ?? []

test('dragged to the right it takes more, to the left less, and release keeps what is shown in one step', () => {
  const { store, saved, bucket } = setUp()
  const gesture = bucket.begin(at(0.1))
  assert.ok(gesture.latest)
  const shown = [0, 3, 40, 80, -20, -900, 60].map((dx) => {
    gesture.move(at(0.1, dx))
    return [store.view.tolerance, reach(store.draft.stroke)]
  })
  assert.deepEqual(shown, [[25, 0.5], [25, 0.5], [45, 0.75], [65, 1], [15, 0.25], [0, 0.25], [55, 0.75]])
  assert.deepEqual([saved, kept(store)], [[], []])
  const { stroke } = store.draft
  gesture.up(at(0.1, 60))
  assert.deepEqual([kept(store), store.draft, saved.length], [[stroke], null, 1])
  bucket.setTolerance(30)
  assert.deepEqual([kept(store).length, reach(kept(store)[0])], [1, 0.5], 'the number goes on with the same stroke')
  store.undo()
  assert.deepEqual(store.drawing.components, [])
})

test('given up, nothing is left of it, the tolerance included', () => {
  const { store, saved, bucket } = setUp()
  const gesture = bucket.begin(at(0.1))
  gesture.move(at(0.1, 80))
  gesture.cancel()
  assert.deepEqual([store.view.tolerance, store.draft, saved], [25, null, []])
  assert.equal(bucket.begin(at(1.2)), null, 'beside the picture')
})
