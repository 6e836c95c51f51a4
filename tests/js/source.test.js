/** Which picture arrives, on graphs made by hand. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { incomingPicture, parseImageName, viewQuery } from '../../js/editor/source.js'

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
const look = (graph, id, outputs = {}) => incomingPicture(
  graph.getNodeById(id), 'image', { rootGraph: graph, outputs, apiUrl: (path) => `/api${path}` })

test('image names', () => {
  assert.deepEqual(parseImageName('a/b/boat.webp [output]'), { filename: 'boat.webp', subfolder: 'a/b', type: 'output' })
  assert.deepEqual(parseImageName('boat.png'), { filename: 'boat.png', subfolder: '', type: 'input' })
  assert.equal(parseImageName('a prompt'), null)
  assert.equal(viewQuery({ filename: 'a b.png' }), '/view?filename=a+b.png&type=input&subfolder=')
})

test('a loader is exact', () => {
  const found = look(graphOf([loader(1), { id: 2 }], [[1, 0, 2, 0]]), 2)
  assert.deepEqual(found, { linked: true, picture: { url: '/api/view?filename=boat.png&type=input&subfolder=', exact: true } })
})

test('nothing linked', () => {
  const graph = graphOf([{ id: 2, inputs: [{ name: 'image', type: 'IMAGE', link: null }] }], [])
  assert.deepEqual(look(graph, 2), { linked: false, picture: null })
})

test('through reroutes and bypassed nodes', () => {
  const bypassed = { id: 4, type: 'Blur', mode: 4, outputs: [{ type: 'IMAGE' }] }
  const graph = graphOf([loader(1), { id: 3, type: 'Reroute' }, bypassed, { id: 2 }], [[1, 0, 3, 0], [3, 0, 4, 0], [4, 0, 2, 0]])
  assert.equal(look(graph, 2).picture.exact, true)
})

test('a node without a picture is looked through, but not for certain', () => {
  const graph = graphOf([loader(1), { id: 3, type: 'ImageScale' }, { id: 2 }], [[1, 0, 3, 0], [3, 0, 2, 0]])
  assert.equal(look(graph, 2).picture.exact, false)
})

test('a visible preview and a reported output', () => {
  const graph = graphOf([{ id: 1, type: 'VAEDecode', imgs: [{ src: 'blob:1' }] }, { id: 2 }], [[1, 0, 2, 0]])
  assert.deepEqual(look(graph, 2).picture, { url: 'blob:1', exact: false })
  const bare = graphOf([{ id: 1, type: 'Save' }, { id: 2 }], [[1, 0, 2, 0]])
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
  const graph = graphOf([{ id: 1, type: 'Reroute' }, { id: 3, type: 'Reroute' }, { id: 2 }], [[1, 0, 3, 0], [3, 0, 1, 0], [3, 0, 2, 0]])
  assert.equal(look(graph, 2).picture, null)
})
