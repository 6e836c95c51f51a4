/** Asking for control points: when, with what, and what an answer or its absence means. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { squareStart } from '../../js/editor/control-points.js'
import { decodeTrajectories, pictureTarget, PreviewRequest } from '../../js/editor/preview-request.js'
import { trajectoriesTarget } from '../../js/editor/source.js'
import { EditorStore } from '../../js/editor/store.js'

const BOAT = { name: 'boat', mask: { strokes: [{ tool: 'fill' }] }, arrows: [{ points: [[0.1, 0.1], [0.5, 0.5]] }] }
const text = (...components) => JSON.stringify({ version: 1, components })
const base64 = (bytes) => btoa(String.fromCharCode(...bytes))
const TRACKS = Float32Array.from([1.5, 2, 3, 4, -5, 6, 7, 8, 9, 10, 11, 12.25])
const ANSWER = {
  width: 64, height: 36, frames: 2, component: [0, 2, 2], empty: [],
  tracks: base64(new Uint8Array(TRACKS.buffer)), visibility: base64([0b11011100]),
}

function setUp(document = text(BOAT)) {
  const [sent, responses] = [[], []]
  const store = new EditorStore()
  store.load(document)
  const post = (body, signal) => new Promise((resolve, reject) => {
    sent.push({ ...JSON.parse(body), signal })
    responses.push({
      ok: (answer) => resolve(Response.json(answer)),
      reply: (status, answer) => resolve(Response.json(answer, { status })),
      fail: reject,
    })
  })
  let changed = () => {}
  const target = () => ({ width: 64, height: 36, seed: 3 })
  const request = new PreviewRequest(store, { post, target, changed: () => changed() })
  const nextChange = () => new Promise((resolve) => { changed = resolve })
  return { store, request, sent, responses, nextChange }
}

test('squares are four pixels wide and centred as well as pixels allow', () => {
  assert.deepEqual([9.5, 9.0, 9.01, 9.49, 10.0, -0.5].map(squareStart), [8, 7, 8, 8, 8, -2])
})

test('answers are decoded bit by bit', () => {
  const trajectories = decodeTrajectories(ANSWER)
  assert.deepEqual([...trajectories.tracks.slice(0, 4), trajectories.tracks[11]], [1.5, 2, 3, 4, 12.25])
  assert.deepEqual([...trajectories.visible], [1, 1, 0, 1, 1, 1])
})

test('nothing is asked while it is off, in a gesture, or twice', async () => {
  const { store, request, sent, responses, nextChange } = setUp()
  request.update()
  assert.equal(sent.length, 0)
  store.setView({ modelPreview: 'points' })
  store.setDraft({ kind: 'move', index: 0, du: 0, dv: 0 })
  request.update()
  assert.equal(sent.length, 0)
  store.setDraft(null)
  request.update()
  request.update()
  assert.equal(sent.length, 1)
  assert.deepEqual([sent[0].width, sent[0].height, sent[0].frames, sent[0].seed], [64, 36, 14, 3])
  assert.deepEqual(sent[0].drawing, store.drawing)
  const done = nextChange()
  responses[0].ok(ANSWER)
  await done
  assert.deepEqual(request.current.component, [0, 2, 2])
  request.update()
  assert.equal(sent.length, 1)
  store.setDraft({ kind: 'move', index: 0, du: 0, dv: 0 })
  assert.equal(request.current, null, 'points of an older drawing are not shown')
})

test('a newer question drops the older one', async () => {
  const { store, request, sent, responses, nextChange } = setUp()
  store.setView({ modelPreview: 'points' })
  request.update()
  store.commit({ ...store.drawing, components: [BOAT, BOAT] })
  request.update()
  assert.equal(sent[0].signal.aborted, true)
  responses[0].ok({ ...ANSWER, width: 1 })
  const done = nextChange()
  responses[1].ok(ANSWER)
  await done
  assert.equal(request.current.width, 64)
  store.setView({ modelPreview: 'off' })
  request.update()
  assert.equal(request.current, null)
})

const failures = [
  [(s) => s.fail(new TypeError('Failed to fetch')), /server does not answer/],
  [(s) => s.reply(404, {}), /restart ComfyUI/],
  [(s) => s.reply(400, { error: 'component 1: too many' }), /cannot be shown: component 1: too many/],
  [(s) => s.reply(500, null), /500/],
]
for (const [answer, message] of failures) {
  test(`said to the user: ${message}`, async () => {
    const { store, request, responses, nextChange } = setUp()
    store.setView({ modelPreview: 'picture' })
    request.update()
    const done = nextChange()
    answer(responses[0])
    await done
    assert.match(request.message, message)
    assert.equal(request.current, null)
  })
}

test('arrows without a mask are named, an empty drawing is not asked about', async () => {
  const components = [{ name: 'gone', hidden: true }, { name: 'kite', arrows: BOAT.arrows }, {}]
  const { store, request, responses, nextChange } = setUp(text(...components))
  store.setView({ modelPreview: 'points' })
  request.update()
  const done = nextChange()
  responses[0].ok({ ...ANSWER, empty: [0, 1] })
  await done
  assert.match(request.message, /mask: “kite”$/)
  const bare = setUp(text())
  bare.store.setView({ modelPreview: 'points' })
  bare.request.update()
  assert.equal(bare.sent.length, 0)
  assert.match(bare.request.message, /Nothing is drawn/)
})

test('the size asked for: the node’s downstream, else the picture’s, reduced', () => {
  assert.deepEqual(pictureTarget(4096, 2160), { width: 1024, height: 540, seed: 0 })
  assert.deepEqual(pictureTarget(300, 5), { width: 300, height: 16, seed: 0 })
  const values = { frames: 14, width: 512, height: 288, seed: 9 }
  const widgets = Object.entries(values).map(([name, value]) => ({ name, value }))
  const inputs = [{ name: 'drawing' }, { name: 'width' }]
  const points = { id: 3, type: 'TrackGoPointTrajectories', widgets, inputs }
  const graph = { links: {
    1: { origin_id: 1, origin_slot: 0, target_id: 2, target_slot: 0 },
    2: { origin_id: 2, origin_slot: 0, target_id: 3, target_slot: 0 },
  } }
  const canvas = { id: 1, graph, outputs: [{ type: 'TRACKGO_DRAWING' }, { type: 'MASK' }] }
  const nodes = [canvas, { id: 2, type: 'Reroute', graph, outputs: [{}] }, { ...points, graph }]
  graph.getNodeById = (id) => nodes.find((node) => node.id === id)
  assert.deepEqual(trajectoriesTarget(canvas, graph), { width: 512, height: 288, seed: 9 })
  graph.links[5] = { origin_id: 9, origin_slot: 0, target_id: 3, target_slot: 1 }
  assert.equal(trajectoriesTarget(canvas, graph), null, 'a linked width is not known')
  assert.equal(trajectoriesTarget({ outputs: [] }, graph), null)
})
