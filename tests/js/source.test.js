/** Which picture arrives, on graphs made by hand. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { framed, incomingPicture, parseImageName, viewQuery } from '../../js/editor/source.js'

/** Nodes by id; links as [from, slot, to, slot]. */
function graphOf(nodes, links) {
  const graph = { nodes: [], links: {} }
  graph.getNodeById = (id) => graph.nodes.find((node) => node.id === id)
  for (const node of nodes) graph.nodes.push({ mode: 0, inputs: [], outputs: [], ...node, graph })
  links.forEach(([origin_id, origin_slot, to, slot], i) => {
    graph.links[i + 1] = { origin_id, origin_slot }
    const target = graph.getNodeById(to)
    target.inputs[slot] = { name: slot ? 'mask' : 'image', type: 'IMAGE', ...target.inputs[slot], link: i + 1 }
  })
  return graph
}

const loader = (id, value = 'boat.png') => ({ id, type: 'LoadImage', widgets: [{ name: 'image', value }] })
/** Nodes in a row, each feeding the next one's first input. */
const chain = (...nodes) => graphOf(nodes, nodes.slice(1).map((node, i) => [nodes[i].id, 0, node.id, 0]))
const look = (graph, id, outputs = {}) => incomingPicture(
  graph.getNodeById(id), 'image', { rootGraph: graph, outputs, apiUrl: (path) => `/api${path}` })

test('image names', () => {
  const boat = { filename: 'boat.webp', subfolder: 'a/b', type: 'output' }
  assert.deepEqual(parseImageName('a/b/boat.webp [output]'), boat)
  assert.deepEqual(parseImageName('boat.png'), { filename: 'boat.png', subfolder: '', type: 'input' })
  assert.equal(parseImageName('a prompt'), null)
  assert.equal(viewQuery({ filename: 'a b.png' }), '/view?filename=a+b.png&type=input&subfolder=')
})

test('a loader is exact', () => {
  const found = look(chain(loader(1), { id: 2 }), 2)
  const url = '/api/view?filename=boat.png&type=input&subfolder='
  assert.deepEqual(found, { linked: true, picture: { url, exact: true, steps: [] } })
})

test('nothing linked', () => {
  const graph = graphOf([{ id: 2, inputs: [{ name: 'image', type: 'IMAGE', link: null }] }], [])
  assert.deepEqual(look(graph, 2), { linked: false, picture: null })
})

test('through reroutes and bypassed nodes', () => {
  const bypassed = { id: 4, type: 'Blur', mode: 4, outputs: [{ type: 'IMAGE' }] }
  const graph = chain(loader(1), { id: 3, type: 'Reroute' }, bypassed, { id: 2 })
  assert.equal(look(graph, 2).picture.exact, true)
})

const widgets = (values) => Object.entries(values).map(([name, value]) => ({ name, value }))
const between = (node) => chain(loader(1), { id: 3, ...node }, { id: 2 })

test('a node that leaves the frame alone is looked through', () => {
  assert.deepEqual(look(between({ type: 'ImageBlur' }), 2).picture.steps, [])
  assert.equal(look(between({ type: 'ImageScaleBy' }), 2).picture.exact, true)
})

test('resizes and crops are done to the picture; unknown nodes hide it', () => {
  const crop = widgets({ width: 300, height: 200, x: 10, y: 20 })
  const cropped = look(between({ type: 'ImageCrop', widgets: crop }), 2)
  assert.deepEqual(cropped.picture.steps, [{ kind: 'crop', x: 10, y: 20, width: 300, height: 200 }])
  const scale = widgets({ upscale_method: 'area', width: 512, height: 288, crop: 'center' })
  const scaled = look(between({ type: 'ImageScale', widgets: scale }), 2)
  assert.deepEqual(scaled.picture.steps, [{ kind: 'scale', width: 512, height: 288, centred: true }])
  for (const type of ['ImagePadForOutpaint', 'SomeoneElsesCrop', 'ImageFlip', 'ImageScale', 'ImageCrop']) {
    assert.deepEqual(look(between({ type }), 2), { linked: true, picture: null }, type)
  }
})

test('a size that comes through a link is not known', () => {
  const size = widgets({ width: 512, height: 288, crop: 'disabled' })
  const scale = { id: 3, type: 'ImageScale', widgets: size, inputs: [] }
  const graph = graphOf([loader(1), { id: 4 }, scale, { id: 2 }], [[1, 0, 3, 0], [3, 0, 2, 0]])
  assert.equal(look(graph, 2).picture.exact, true)
  graph.links[9] = { origin_id: 4, origin_slot: 0 }
  graph.getNodeById(3).inputs[1] = { name: 'width', type: 'INT', link: 9 }
  assert.equal(look(graph, 2).picture, null)
})

test('a loader that resizes, and an old preview behind another node, are not believed', () => {
  const resizing = { id: 1, type: 'LoadAndResize', widgets: widgets({ image: 'boat.png', width: 64 }) }
  assert.equal(look(chain(resizing, { id: 2 }), 2).picture, null)
  const graph = chain({ id: 1, type: 'VAEDecode', imgs: [{ src: 'blob:1' }] }, { id: 3, type: 'ImageBlur' }, { id: 2 })
  assert.equal(look(graph, 2).picture, null)
})

test('frames as the nodes compute them', () => {
  const scale = { kind: 'scale', width: 1024, height: 576, centred: true }
  assert.deepEqual(framed([scale], 1000, 1000), { x: 0, y: 219, w: 1000, h: 562, width: 1024, height: 576 })
  const stretched = framed([{ ...scale, centred: false }], 1000, 1000)
  assert.deepEqual(stretched, { x: 0, y: 0, w: 1000, h: 1000, width: 1024, height: 576 })
  assert.deepEqual(framed([{ ...scale, width: 0 }], 300, 200), { x: 0, y: 0, w: 300, h: 200, width: 864, height: 576 })
  const same = framed([{ ...scale, width: 0, height: 0 }], 300, 200)
  assert.deepEqual(same, { x: 0, y: 0, w: 300, h: 200, width: 300, height: 200 })
  const crop = { kind: 'crop', x: 900, y: 10, width: 400, height: 100 }
  assert.deepEqual(framed([crop], 1000, 500), { x: 900, y: 10, w: 100, h: 100, width: 100, height: 100 })
  const half = { kind: 'scale', width: 500, height: 250, centred: false }
  const part = framed([half, { ...crop, x: 100, width: 50 }], 1000, 500)
  assert.deepEqual(part, { x: 200, y: 20, w: 100, h: 200, width: 50, height: 100 })
})

test('a visible preview and a reported output', () => {
  const graph = chain({ id: 1, type: 'VAEDecode', imgs: [{ src: 'blob:1' }] }, { id: 2 })
  assert.deepEqual(look(graph, 2).picture, { url: 'blob:1', exact: false, steps: [] })
  const bare = chain({ id: 1, type: 'Save' }, { id: 2 })
  const outputs = { 1: { images: [{ filename: 'x.png', subfolder: 's', type: 'temp' }] } }
  assert.equal(look(bare, 2, outputs).picture.url, '/api/view?filename=x.png&type=temp&subfolder=s')
})

test('across the border of a subgraph, both ways', () => {
  const inner = graphOf([{ id: 7 }], [])
  inner.links[1] = { origin_id: -10, origin_slot: 0 }
  inner.nodes[0].inputs = [{ name: 'image', type: 'IMAGE', link: 1 }]
  const outer = graphOf([loader(1), { id: 2, subgraph: inner }], [[1, 0, 2, 0]])
  const found = incomingPicture(inner.nodes[0], 'image', { rootGraph: outer, outputs: {}, apiUrl: (path) => path })
  assert.equal(found.picture.exact, true)

  const source = graphOf([loader(5)], [])
  source.links[1] = { origin_id: 5, origin_slot: 0 }
  source.outputs = [{ linkIds: [1] }]
  const graph = graphOf([{ id: 1, subgraph: source }, { id: 2 }], [[1, 0, 2, 0]])
  assert.equal(look(graph, 2).picture.exact, true)
})

test('a loop in the graph ends', () => {
  const reroutes = [{ id: 1, type: 'Reroute' }, { id: 3, type: 'Reroute' }]
  const graph = graphOf([...reroutes, { id: 2 }], [[1, 0, 3, 0], [3, 0, 1, 0], [3, 0, 2, 0]])
  assert.equal(look(graph, 2).picture, null)
})
