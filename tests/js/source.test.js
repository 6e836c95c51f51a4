/** Which picture arrives, on graphs made by hand. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  frameCounts, framed, incomingPicture, originOf, parseImageName, trajectoriesTarget, viewQuery,
} from '../../js/editor/source.js'

/**
 * The three ways in which front ends keep a graph. number: ids are numbers, links lie in an object. map: links lie in a
 * map, and nodes answer getInputLink. string: the same with strings as ids, and nobody may read an input's `link` or an
 * output's `links`.
 */
const SHAPES = ['number', 'map', 'string']
let shape = 'number'
/** A test for every shape. */
const everywhere = (name, run) => SHAPES.forEach((each) => test(`${name} (${each})`, () => {
  shape = each
  run()
}))
const INPUT = -10
const OUTPUT = -20
const asId = (id) => (shape === 'string' ? String(id) : id)

/** Nodes by id; links as [from, slot, to, slot], from INPUT and to OUTPUT where they cross a subgraph's border. */
function graphOf(nodes, links) {
  const kept = shape === 'number' ? {} : new Map()
  const graph = { id: `graph of ${nodes.map((node) => node.id)}`, nodes: [], links: kept }
  graph.getNodeById = (id) => graph.nodes.find((node) => node.id === id)
  for (const node of nodes) graph.nodes.push({ mode: 0, inputs: [], outputs: [], ...node, id: asId(node.id), graph })
  links.forEach(([from, origin_slot, to, target_slot], i) => {
    const link = { origin_id: asId(from), origin_slot, target_id: asId(to), target_slot }
    if (shape === 'number') graph.links[i + 1] = link
    else graph.links.set(i + 1, link)
    const target = graph.getNodeById(asId(to))
    if (!target) return
    target.inputs[target_slot] = { name: target_slot ? 'mask' : 'image', type: 'IMAGE', ...target.inputs[target_slot] }
  })
  for (const node of graph.nodes) {
    if (shape !== 'number' && !node.getInputLink) node.getInputLink = (slot) => ownLink(node, slot)
    for (const end of [...node.inputs, ...node.outputs]) if (end) forbidden(end)
  }
  return graph
}

/** A subgraph node's own getInputLink speaks of its inside and throws where there is nothing. */
function ownLink(node, slot) {
  if (node.subgraph) throw new TypeError("Cannot read properties of undefined (reading 'getLinks')")
  return [...node.graph.links.values()].find((link) => link.target_id === node.id && link.target_slot === slot) ?? null
}

function forbidden(end) {
  if (shape !== 'string') return
  for (const name of ['link', 'links']) {
    const get = () => {
      throw new Error(`${name} is deprecated`)
    }
    Object.defineProperty(end, name, { configurable: true, get })
  }
}

const loader = (id, value = 'boat.png') => ({ id, type: 'LoadImage', widgets: [{ name: 'image', value }] })
/** Nodes in a row, each feeding the next one's first input. */
const chain = (...nodes) => graphOf(nodes, nodes.slice(1).map((node, i) => [nodes[i].id, 0, node.id, 0]))
/** What arrives at a node of a graph, or of a subgraph somewhere in it. */
const look = (graph, id, { outputs = {}, inside = graph } = {}) => incomingPicture(
  inside.getNodeById(asId(id)), 'image', { rootGraph: graph, outputs, apiUrl: (path) => `/api${path}` })
const BOAT = '/api/view?filename=boat.png&type=input&subfolder='

test('image names', () => {
  const boat = { filename: 'boat.webp', subfolder: 'a/b', type: 'output' }
  assert.deepEqual(parseImageName('a/b/boat.webp [output]'), boat)
  assert.deepEqual(parseImageName('boat.png'), { filename: 'boat.png', subfolder: '', type: 'input' })
  assert.equal(parseImageName('a prompt'), null)
  assert.equal(viewQuery({ filename: 'a b.png' }), '/view?filename=a+b.png&type=input&subfolder=')
})

everywhere('a loader is exact', () => {
  const found = look(chain(loader(1), { id: 2 }), 2)
  assert.deepEqual(found, { linked: true, picture: { url: BOAT, exact: true, steps: [] }, shape: null })
})

everywhere('nothing linked', () => {
  const graph = graphOf([{ id: 2, inputs: [{ name: 'image', type: 'IMAGE' }] }], [])
  assert.deepEqual(look(graph, 2), { linked: false, picture: null, shape: null })
})

everywhere('through reroutes and bypassed nodes', () => {
  const bypassed = { id: 4, type: 'Blur', mode: 4, outputs: [{ type: 'IMAGE' }] }
  const graph = chain(loader(1), { id: 3, type: 'Reroute' }, bypassed, { id: 2 })
  assert.equal(look(graph, 2).picture.exact, true)
})

const widgets = (values) => Object.entries(values).map(([name, value]) => ({ name, value }))
const between = (node) => chain(loader(1), { id: 3, ...node }, { id: 2 })

everywhere('a node that leaves the frame alone is looked through', () => {
  assert.deepEqual(look(between({ type: 'ImageBlur' }), 2).picture.steps, [])
  assert.equal(look(between({ type: 'ImageScaleBy' }), 2).picture.exact, true)
})

everywhere('resizes and crops are done to the picture; unknown nodes hide it', () => {
  const crop = widgets({ width: 300, height: 200, x: 10, y: 20 })
  const cropped = look(between({ type: 'ImageCrop', widgets: crop }), 2)
  assert.deepEqual(cropped.picture.steps, [{ kind: 'crop', x: 10, y: 20, width: 300, height: 200 }])
  const scale = widgets({ upscale_method: 'area', width: 512, height: 288, crop: 'center' })
  const scaled = look(between({ type: 'ImageScale', widgets: scale }), 2)
  assert.deepEqual(scaled.picture.steps, [{ kind: 'scale', width: 512, height: 288, centred: true }])
  for (const type of ['ImagePadForOutpaint', 'SomeoneElsesCrop', 'ImageFlip', 'ImageScale', 'ImageCrop']) {
    assert.deepEqual(look(between({ type }), 2), { linked: true, picture: null, shape: null }, type)
  }
})

everywhere('a size that comes through a link is not known', () => {
  const size = widgets({ width: 512, height: 288, crop: 'disabled' })
  const inputs = [{ name: 'image', type: 'IMAGE' }, { name: 'width' }]
  const scale = { id: 3, type: 'ImageScale', widgets: size, inputs }
  const links = [[1, 0, 3, 0], [3, 0, 2, 0]]
  assert.equal(look(graphOf([loader(1), scale, { id: 2 }], links), 2).picture.exact, true)
  const fed = (node) => look(graphOf([loader(1), scale, { id: 2 }, { id: 4, ...node }], [...links, [4, 0, 3, 1]]), 2)
  assert.equal(fed({ type: 'Math', widgets: widgets({ value: 256 }) }).picture, null)
  for (const type of ['PrimitiveInt', 'PrimitiveNode']) {
    const { picture } = fed({ type, isVirtualNode: type === 'PrimitiveNode', widgets: widgets({ value: 256 }) })
    assert.equal(picture.steps[0].width, 256, type)
  }
})

everywhere('a loader that resizes, and an old preview behind another node, are not believed', () => {
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

everywhere('a visible preview and a reported output', () => {
  const graph = chain({ id: 1, type: 'VAEDecode', imgs: [{ src: 'blob:1' }] }, { id: 2 })
  assert.deepEqual(look(graph, 2).picture, { url: 'blob:1', exact: false, steps: [] })
  const bare = chain({ id: 1, type: 'Save' }, { id: 2 })
  const outputs = { 1: { images: [{ filename: 'x.png', subfolder: 's', type: 'temp' }] } }
  assert.equal(look(bare, 2, { outputs }).picture.url, '/api/view?filename=x.png&type=temp&subfolder=s')
})

everywhere('a preview beside the editor shows the same output', () => {
  const nodes = [{ id: 1, type: 'VAEDecode' }, { id: 2 }, { id: 5, type: 'PreviewImage' }]
  const graph = graphOf(nodes, [[1, 0, 2, 0], [1, 0, 5, 0]])
  const outputs = { 5: { images: [{ filename: 'x.png', subfolder: '', type: 'temp' }] } }
  assert.equal(look(graph, 2, { outputs }).picture.url, '/api/view?filename=x.png&type=temp&subfolder=')
  const other = graphOf(nodes, [[1, 0, 2, 0], [1, 1, 5, 0]])
  assert.equal(look(other, 2, { outputs }).picture, null, 'another output of the same node')
})

everywhere("the demo model's photograph is in the pack", () => {
  const graph = graphOf([{ id: 1, type: 'TrackGoDemoModel' }, { id: 2 }], [[1, 4, 2, 0]])
  assert.deepEqual(look(graph, 2).picture, { url: '/api/trackgo/demo-image', exact: true, steps: [] })
})

everywhere('what is muted, or bypassed without anything to hand on, brings nothing', () => {
  for (const mode of [2, 4]) {
    const silent = { ...loader(1), mode, outputs: [{ type: 'IMAGE' }] }
    assert.equal(look(chain(silent, { id: 2 }), 2).linked, false, `${mode}`)
  }
  const inner = graphOf([loader(7)], [[7, 0, OUTPUT, 0]])
  assert.equal(look(chain({ id: 1, subgraph: inner, mode: 2 }, { id: 2 }), 2).linked, false)
})

everywhere('a Set/Get pair, as the Get node tells the front end', () => {
  const graph = graphOf([loader(1), { id: 3, type: 'SetNode', isVirtualNode: true }, { id: 4, type: 'GetNode',
    isVirtualNode: true, getInputLink: () => ({ origin_id: asId(1), origin_slot: 0 }) }, { id: 2 }],
  [[1, 0, 3, 0], [4, 0, 2, 0]])
  assert.equal(look(graph, 2).picture.url, BOAT)
})

everywhere('into subgraphs, however deep', () => {
  const depth = 3
  let graph = graphOf([{ id: 9 }], [[INPUT, 0, 9, 0]])
  const innermost = graph
  for (let i = 0; i < depth; i += 1) graph = graphOf([{ id: 20 + i, subgraph: graph }], [[INPUT, 0, 20 + i, 0]])
  const root = graphOf([loader(1), { id: 2, subgraph: graph }], [[1, 0, 2, 0]])
  assert.equal(look(root, 9, { inside: innermost }).picture.url, BOAT)
  const empty = graphOf([{ id: 2, subgraph: graph, inputs: [{ name: 'image', type: 'IMAGE' }] }], [])
  assert.deepEqual(look(empty, 9, { inside: innermost }), { linked: false, picture: null, shape: null })
})

everywhere('out of subgraphs, however deep, and straight through one', () => {
  let graph = graphOf([loader(7)], [[7, 0, OUTPUT, 1]])
  graph = graphOf([{ id: 8, subgraph: graph }], [[8, 1, OUTPUT, 0]])
  assert.equal(look(chain({ id: 1, subgraph: graph }, { id: 2 }), 2).picture.url, BOAT)
  const through = graphOf([], [[INPUT, 0, OUTPUT, 0]])
  assert.equal(look(chain(loader(1), { id: 3, subgraph: through }, { id: 2 }), 2).picture.url, BOAT)
})

everywhere('a subgraph used twice is left by the way it was entered', () => {
  const shared = graphOf([{ id: 7, type: 'ImageBlur' }], [[INPUT, 0, 7, 0], [7, 0, OUTPUT, 0]])
  const users = [5, 6].map((id) => ({ id, subgraph: shared }))
  const nodes = [loader(1, 'first.png'), loader(3, 'second.png'), ...users, { id: 2 }, { id: 4 }]
  const graph = graphOf(nodes, [[1, 0, 5, 0], [3, 0, 6, 0], [5, 0, 2, 0], [6, 0, 4, 0]])
  assert.match(look(graph, 2).picture.url, /first/)
  assert.match(look(graph, 4).picture.url, /second/)
  const keys = [2, 4].map((id) => originOf(graph.getNodeById(asId(id)), 0, graph).path[0].id)
  assert.deepEqual(keys, [asId(5), asId(6)])
})

everywhere('a promoted widget: what the subgraph node around it says', () => {
  const inside = { ...loader(7, 'inner.png'), inputs: [{ name: 'image', type: 'COMBO', widget: { name: 'image' } }] }
  const graph = graphOf([inside], [[INPUT, 0, 7, 0], [7, 0, OUTPUT, 0]])
  const holder = { id: 1, subgraph: graph, widgets: widgets({ picture: 'outer.png' }),
    inputs: [{ name: 'picture', type: 'COMBO', widget: { name: 'picture' } }] }
  assert.match(look(chain(holder, { id: 2 }), 2).picture.url, /outer/)
  const { widgets: none, ...bare } = holder
  assert.ok(none)
  assert.match(look(chain(bare, { id: 2 }), 2).picture.url, /inner/, 'older front ends keep the value inside')
})

everywhere('the shape of a picture that is not known', () => {
  const maker = { id: 1, type: 'Unknown' }
  const scale = { id: 3, type: 'ImageScale', widgets: widgets({ width: 320, height: 180, crop: 'disabled' }) }
  assert.deepEqual(look(chain(maker, scale, { id: 2 }), 2).shape, { width: 320, height: 180 })
  const svd = { id: 4, type: 'SVD_img2vid_Conditioning', widgets: widgets({ width: 96, height: 64 }) }
  const both = graphOf([maker, { id: 2 }, svd], [[1, 0, 2, 0], [1, 0, 4, 0]])
  assert.deepEqual(look(both, 2).shape, { width: 96, height: 64 })
  assert.deepEqual(look(chain(maker, { id: 2 }), 2).shape, null)
})

everywhere('where the drawing goes: through reroutes, into and out of subgraphs', () => {
  const values = widgets({ width: 128, height: 64, seed: 3 })
  const points = (id) => ({ id, type: 'TrackGoPointTrajectories', widgets: values })
  const canvas = { id: 2, outputs: [{ type: 'TRACKGO_DRAWING' }] }
  const inner = graphOf([points(7)], [[INPUT, 0, 7, 0]])
  const into = chain(canvas, { id: 3, type: 'Reroute', outputs: [{ type: '*' }] }, { id: 4, subgraph: inner })
  const target = { width: 128, height: 64, seed: 3 }
  assert.deepEqual(trajectoriesTarget(into.getNodeById(asId(2)), into), target)
  const nest = graphOf([canvas], [[2, 0, OUTPUT, 0]])
  const out = chain({ id: 1, subgraph: nest }, points(5))
  assert.deepEqual(trajectoriesTarget(nest.getNodeById(asId(2)), out), target)
  assert.deepEqual(look(out, 2, { inside: nest }).shape, { width: 128, height: 64 })
})

everywhere('a loop in the graph ends', () => {
  const reroutes = [{ id: 1, type: 'Reroute', outputs: [{}] }, { id: 3, type: 'Reroute', outputs: [{}] }]
  const graph = graphOf([...reroutes, { id: 2 }], [[1, 0, 3, 0], [3, 0, 1, 0], [3, 0, 2, 0]])
  assert.equal(look(graph, 2).picture, null)
})

everywhere('frames of the trajectories, and of the video that Apply is shown or that has the same picture', () => {
  const canvas = {
    id: 2, type: 'TrackGoCanvas', inputs: [{ name: 'image', type: 'IMAGE' }], outputs: [{ type: 'TRACKGO_DRAWING' }],
  }
  const points = { id: 3, type: 'TrackGoPointTrajectories', widgets: [{ name: 'frames', value: 14 }], outputs: [{}] }
  const video = (id, value) => ({
    id, type: 'SVD_img2vid_Conditioning', widgets: [{ name: 'video_frames', value }], outputs: [{}, {}, {}],
  })
  const apply = { id: 4, type: 'TrackGoApply', inputs: [{ name: 'tracks' }, { name: 'latent' }] }
  const counts = (nodes, links) => {
    const graph = graphOf(nodes, links)
    return frameCounts(graph.getNodeById(asId(2)), graph)
  }
  const row = [[1, 0, 2, 0], [2, 0, 3, 0]]
  assert.deepEqual(counts([loader(1), canvas], [row[0]]), { tracks: null, video: null })
  const wan = [...row, [1, 0, 5, 0]]
  assert.deepEqual(counts([loader(1), canvas, points, video(5, 25)], wan), { tracks: 14, video: null }, 'no Apply')
  const svd = [...wan, [3, 0, 4, 0]]
  assert.deepEqual(counts([loader(1), canvas, points, apply, video(5, 25)], svd), { tracks: 14, video: 25 })
  const shown = [...svd, [6, 2, 4, 1]]
  const two = [loader(1), canvas, points, apply, video(5, 25), video(6, 28)]
  assert.deepEqual(counts(two, shown), { tracks: 14, video: 28 })
})

everywhere('TrackGo Fit Picture is followed where its size is written down', () => {
  const values = (...given) => ['width', 'height', 'how'].map((name, i) => ({ name, value: given[i] }))
  const stepsFor = (...given) => {
    const graph = graphOf([
      { id: 1, type: 'LoadImage', widgets: [{ name: 'image', value: 'boat.png' }], outputs: [{ type: 'IMAGE' }] },
      { id: 2, type: 'TrackGoFitPicture', widgets: values(...given), outputs: [{ type: 'IMAGE' }] },
      { id: 3, type: 'TrackGoCanvas' },
    ], [[1, 0, 2, 0], [2, 0, 3, 0]])
    const env = { rootGraph: graph, outputs: {}, apiUrl: (path) => path }
    return incomingPicture(graph.getNodeById(asId(3)), 'image', env).picture?.steps
  }
  assert.deepEqual(stepsFor(1024, 576, 'crop'), [{ kind: 'scale', width: 1024, height: 576, centred: true }])
  for (const given of [[0, 0, 'crop'], [1024, 576, 'pad'], [1000, 576, 'crop']]) {
    assert.equal(stepsFor(...given), undefined)
  }
})

/** What arrives from VideoHelperSuite's loader with such widgets. */
const videoOf = (values) => look(chain({ id: 1, type: 'VHS_LoadVideo', widgets: widgets(values) }, { id: 9 }), 9)

everywhere("core's video is exact, and so it is behind a node that is known", () => {
  const load = { id: 1, type: 'LoadVideo', widgets: [{ name: 'file', value: 'a/boat.mp4' }] }
  const parts = { id: 2, type: 'GetVideoComponents', inputs: [{ name: 'video', type: 'VIDEO' }] }
  const url = '/api/view?filename=boat.mp4&type=input&subfolder=a'
  const clip = { rate: null, skip: 0, every: 1 }
  const graph = chain(load, parts, { id: 3 })
  assert.deepEqual(look(graph, 3), { linked: true, picture: { url, exact: true, clip, steps: [] }, shape: null })
  const scale = { id: 3, type: 'ImageScale', widgets: widgets({ width: 320, height: 180, crop: 'disabled' }) }
  assert.equal(look(chain(load, parts, scale, { id: 4 }), 4).picture.steps.length, 1)
  load.widgets[0].value = 'a song.mp3'
  assert.equal(look(chain(load, parts, { id: 3 }), 3).picture, null)
  const sliced = { id: 5, type: 'Video Slice', inputs: [{ name: 'video', type: 'VIDEO' }] }
  assert.equal(look(chain({ ...load, id: 6 }, sliced, parts, { id: 3 }), 3).picture, null)
})

everywhere("VideoHelperSuite's loader takes frames as its widgets say", () => {
  const plain = videoOf({ video: 'boat.webm', force_rate: 0, format: 'None', custom_width: 0, custom_height: 0 })
  assert.equal(plain.picture.exact, true)
  assert.deepEqual(plain.picture.clip, { rate: null, skip: 0, every: 1 })
  const wanted = { force_rate: 12, skip_first_frames: 3, select_every_nth: 2, custom_width: 256, custom_height: 0 }
  const { picture } = videoOf({ video: 'boat.webm', format: 'AnimateDiff', ...wanted })
  assert.deepEqual(picture.clip, { rate: 12, skip: 3, every: 2 })
  assert.deepEqual(picture.steps, [{ kind: 'scale', width: 256, height: 0, centred: true }])
  assert.equal(picture.exact, false, 'a format may round the size')
})
