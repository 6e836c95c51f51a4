/**
 * Which picture arrives at a node: followed back through the graph, before anything ran.
 *
 * Works on LiteGraph's nodes and links only through what it is given, so it can be tested without a page.
 *
 * @import {
 *   ComfyFile, CropStep, FoundPicture, FrameCounts, Framing, Graph, GraphNode, Link, NodeId, NodeOutputs, Origin,
 *   Place, ScaleStep, Size, Step, Target
 * } from './types.js'
 *
 * @typedef {{rootGraph: Graph|undefined, outputs: NodeOutputs|undefined, apiUrl: (path: string) => string}} Environment
 * @typedef {{origin: Origin, open: null} | {origin: null, open: {node: GraphNode, slot: number}}} Trace
 *   open: the last input on the way back that nothing is connected to
 */

const MUTED = 2
const BYPASSED = 4
/** What a link inside a subgraph names as its origin or target where it crosses the border. */
const SUBGRAPH_INPUT = '-10'
const SUBGRAPH_OUTPUT = '-20'
const MAX_STEPS = 64
const VIDEO_NAME = /\.(mp4|m4v|mov|webm|mkv|ogv)$/i
const IMAGE_NAME = /\.(png|jpe?g|webp|gif|bmp|avif|tiff?)$/i
/** A loader with such a setting may hand on something else than its file. */
const CHANGES_FRAME = /width|height|resize|scale|crop|pad|megapixel|longe|shorte|side/i

/** Pictures that come with the pack, by node type and output. @type {Record<string, string>} */
const BUILT_IN = { 'TrackGoDemoModel:4': '/trackgo/demo-image' }
/** Nodes that show just what comes in. */
const PREVIEWS = new Set(['PreviewImage', 'SaveImage'])
/** Nodes whose width and height are those of the video made of their picture. */
const MAKES_VIDEO = new Set(['SVD_img2vid_Conditioning', 'WanImageToVideo', 'WanTrackToVideo'])

/** Nodes that change colors or size but not what is where in the frame. */
const KEEPS_FRAME = new Set([
  'ImageInvert', 'ImageBlur', 'ImageSharpen', 'ImageQuantize', 'ImageScaleBy', 'ImageScaleToTotalPixels',
  'ImageScaleToMaxDimension', 'ImageUpscaleWithModel', 'RepeatImageBatch', 'ImageAddNoise',
])
/**
 * Nodes whose change of the frame is known exactly.
 * @type {Record<string, (get: (name: string) => any) => Step|null>}
 */
const STEPS = {
  ImageScale: (get) => ({
    kind: 'scale', width: get('width'), height: get('height'), centred: get('crop') === 'center',
  }),
  TrackGoFitPicture: (get) => fitStep(get('width'), get('height'), get('how')),
  ImageCrop: (get) => ({ kind: 'crop', x: get('x'), y: get('y'), width: get('width'), height: get('height') }),
}

/** Sides that every model takes as they are; others are only known after a run. */
const EVERY_MODELS = 64

/**
 * @param {number} width
 * @param {number} height
 * @param {string} how
 * @returns {Step|null} null where the node decides itself, or adds black
 */
function fitStep(width, height, how) {
  const known = how === 'crop' && width > 0 && height > 0 && width % EVERY_MODELS === 0 && height % EVERY_MODELS === 0
  return known ? { kind: 'scale', width, height, centred: true } : null
}

/**
 * @param {unknown} value a picture widget's, such as "sub/boat.png [input]"
 * @param {RegExp} [names]
 * @returns {Required<ComfyFile>|null}
 */
export function parseImageName(value, names = IMAGE_NAME) {
  if (typeof value !== 'string') return null
  const [, path, type] = /^(.*?)(?:\s*\[(input|output|temp)\])?$/.exec(value.trim()) ?? []
  if (!path || !names.test(path)) return null
  const cut = path.lastIndexOf('/')
  return { filename: path.slice(cut + 1), subfolder: cut < 0 ? '' : path.slice(0, cut), type: type ?? 'input' }
}

/** @param {ComfyFile} file @returns {string} query for ComfyUI's /view */
export function viewQuery({ filename, subfolder = '', type = 'input' }) {
  return `/view?${new URLSearchParams({ filename, type, subfolder })}`
}

/**
 * Front ends number nodes and links with numbers or with strings of digits; the borders of a subgraph likewise.
 * @param {unknown} a
 * @param {unknown} b
 */
const sameId = (a, b) => a != null && b != null && String(a) === String(b)

/** @param {Graph|undefined} graph @returns {Link[]} */
function linksOf(graph) {
  const links = graph?.links
  return links instanceof Map ? [...links.values()] : Object.values(links ?? {})
}

/** @param {Graph|undefined} graph @param {NodeId} id @returns {GraphNode|null} */
const nodeById = (graph, id) => graph?.getNodeById(id) ?? graph?.nodes?.find((node) => sameId(node.id, id)) ?? null

/**
 * The link into an input. A subgraph node's own getInputLink means a link inside, and throws where there is none: its
 * links are looked up in the graph around it. A node that is being made is in no graph yet.
 * @param {GraphNode} node
 * @param {number} slot
 * @returns {Link|null}
 */
function inputLink(node, slot) {
  if (!node.graph) return null
  if (node.getInputLink && !node.subgraph) return node.getInputLink(slot) ?? null
  return linksOf(node.graph).find((link) => sameId(link.target_id, node.id) && link.target_slot === slot) ?? null
}

/** @param {GraphNode} node @param {string} name @returns {number} the input of that name, or −1 */
export const inputSlot = (node, name) => node.inputs?.findIndex((input) => input.name === name) ?? -1

/**
 * Follow an input back, through reroutes, bypassed nodes, whatever else only stands for another node, and the borders
 * of subgraphs.
 * @param {GraphNode} node
 * @param {number} slot
 * @param {Graph|undefined} rootGraph
 * @param {readonly GraphNode[]} [inside] the subgraph nodes around the node, outermost first, as far as known
 * @returns {Trace|null} null where the last link leads to something that hands nothing on
 */
function trace(node, slot, rootGraph, inside = []) {
  const path = [...inside]
  /** @type {{node: GraphNode, slot: number}} */
  let at = { node, slot }
  let link = inputLink(node, slot)
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (!link) return { origin: null, open: at }
    if (sameId(link.origin_id, SUBGRAPH_INPUT)) {
      const holder = leave(path, at.node.graph, rootGraph, link.origin_slot)
      if (!holder) return null
      at = { node: holder, slot: link.origin_slot }
      link = inputLink(holder, at.slot)
      continue
    }
    const before = nodeById(at.node.graph, link.origin_id)
    if (!before || before.mode === MUTED) return null
    at = { node: before, slot: link.origin_slot }
    if (before.mode === BYPASSED) {
      at.slot = bypassSlot(before, at.slot)
      if (at.slot < 0) return null
      link = inputLink(before, at.slot)
    } else if (before.subgraph) {
      const border = { node: standIn(before.subgraph), slot: at.slot }
      link = inputLink(border.node, border.slot)
      if (!link) return null
      path.push(before)
      at = border
    } else {
      const stands = standsFor(before, at.slot)
      if (stands === null) return { origin: { ...at, path }, open: null }
      link = stands ?? null
      if (!link) return null
    }
  }
  return null
}

/** The border that a subgraph's outputs are connected to, as a node. @param {Graph} graph @returns {GraphNode} */
const standIn = (graph) => ({ id: SUBGRAPH_OUTPUT, graph })

/**
 * The link that a node hands on which is not there when the graph runs (a reroute, the Get of a Set/Get pair).
 * @param {GraphNode} node
 * @param {number} slot its output
 * @returns {Link|null|undefined} null for a node that works itself, undefined where it hands nothing on
 */
function standsFor(node, slot) {
  const reroute = /^Reroute\b/.test(node.type ?? '')
  if (!reroute && (!node.isVirtualNode || node.type === 'PrimitiveNode')) return null
  return inputLink(node, reroute ? 0 : slot) ?? undefined
}

/**
 * The input that a bypassed node hands on as an output: the one at the same place if its type fits, else the first.
 * @param {GraphNode} node
 * @param {number} slot
 */
function bypassSlot({ inputs = [], outputs = [] }, slot) {
  const type = outputs[slot]?.type
  return inputs[slot]?.type === type ? slot : inputs.findIndex((input) => input.type === type)
}

/**
 * Out of a subgraph: by the way it was entered, else by the first subgraph node that has something connected there.
 * @param {GraphNode[]} path loses its last one
 * @param {Graph|undefined} graph
 * @param {Graph|undefined} rootGraph
 * @param {number} slot
 * @returns {GraphNode|null}
 */
function leave(path, graph, rootGraph, slot) {
  const last = path.pop()
  if (last && last.subgraph === graph) return last
  path.length = 0
  const holders = holdersOf(rootGraph, graph)
  return holders.find((holder) => inputLink(holder, slot)) ?? holders[0] ?? null
}

/**
 * The subgraph nodes that hold a graph: several where it is used several times.
 * @param {Graph|undefined} graph
 * @param {Graph|undefined} wanted
 * @returns {GraphNode[]}
 */
function holdersOf(graph, wanted, depth = 0) {
  if (!wanted || depth > MAX_STEPS) return []
  return (graph?.nodes ?? []).flatMap((node) => {
    if (!node.subgraph) return []
    return node.subgraph === wanted ? [node] : holdersOf(node.subgraph, wanted, depth + 1)
  })
}

/**
 * The node (and its slot) that feeds an input.
 * @param {GraphNode} node
 * @param {number} slot
 * @param {Graph|undefined} rootGraph
 * @param {readonly GraphNode[]} [path]
 * @returns {Origin|null} null where nothing arrives
 */
export const originOf = (node, slot, rootGraph, path) => trace(node, slot, rootGraph, path)?.origin ?? null

/**
 * The value that a node will be given: its own widget's, a primitive's, or the one of the subgraph node around it that
 * its widget is promoted to.
 * @param {Place} place
 * @param {string} name
 * @param {Graph|undefined} rootGraph
 * @returns {unknown} undefined where only a run can tell
 */
function valueOf({ node, path }, name, rootGraph, depth = 0) {
  const own = node.widgets?.find((widget) => widget.name === name)?.value
  const slot = inputSlot(node, name)
  if (slot < 0 || !inputLink(node, slot)) return own
  const found = trace(node, slot, rootGraph, path)
  if (found?.open) {
    const { node: holder, slot: at } = found.open
    const input = holder.inputs?.[at]
    const promoted = holder.widgets?.find((widget) => widget.name === (input?.widget?.name ?? input?.name))
    return promoted ? promoted.value : own
  }
  const origin = found?.origin
  const [widget] = origin?.node.widgets ?? []
  if (!origin || !widget || depth > MAX_STEPS || !/^Primitive/.test(origin.node.type ?? '')) return undefined
  return valueOf(origin, widget.name, rootGraph, depth + 1)
}

/** @param {Place} place @param {string} name @param {Graph|undefined} rootGraph @returns {number|null} */
function numberOf(place, name, rootGraph) {
  const value = valueOf(place, name, rootGraph)
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null
}

/**
 * @param {Place} place
 * @param {Graph|undefined} rootGraph
 * @returns {Size|null} what a node's width and height say
 */
function sizeOf(place, rootGraph) {
  const [width, height] = ['width', 'height'].map((name) => numberOf(place, name, rootGraph))
  return width && height ? { width, height } : null
}

/**
 * @param {GraphNode} node
 * @param {Environment} env
 * @returns {string|null} what a node showed after its last run
 */
function reportedPicture(node, { rootGraph, outputs, apiUrl }) {
  const shown = node.imgs?.[node.imageIndex ?? 0]?.src
  if (shown) return shown
  const { graph, id } = node
  const key = !graph || graph === rootGraph ? id : `${graph.id}:${id}`
  const file = outputs?.[key]?.images?.[0]
  return file?.filename ? apiUrl(viewQuery({ type: 'temp', ...file })) : null
}

/**
 * @param {Origin} origin
 * @param {Environment} env
 * @returns {FoundPicture|null} the file a node loads, or what it or a preview beside us showed of this output
 */
function ownPicture(origin, env) {
  const { node, slot } = origin
  const route = BUILT_IN[`${node.type}:${slot}`]
  if (route) return { url: env.apiUrl(route), exact: true }
  const named = parseImageName(valueOf(origin, 'image', env.rootGraph))
  if (named && !node.widgets?.some((w) => CHANGES_FRAME.test(w.name))) {
    return { url: env.apiUrl(viewQuery(named)), exact: true }
  }
  const previews = consumersOf(origin, env.rootGraph).filter((at) => PREVIEWS.has(at.node.type ?? ''))
  const nodes = [...(named ? [] : [node]), ...previews.map((at) => at.node)]
  const url = nodes.map((at) => reportedPicture(at, env)).find((found) => found !== null)
  return url ? { url, exact: false } : null
}

/**
 * The video whose frames an output gives: Load Video behind Get Video Components, or VideoHelperSuite's loader.
 * @param {Origin} origin
 * @param {Environment} env
 * @returns {FoundPicture|null}
 */
function videoPicture(origin, { rootGraph, apiUrl }) {
  const { node, slot, path } = origin
  if (slot !== 0) return null
  const core = node.type === 'GetVideoComponents'
  if (!core && !/^VHS_LoadVideo(FFmpeg)?$/.test(node.type ?? '')) return null
  const loader = core ? originOf(node, inputSlot(node, 'video'), rootGraph, path) : origin
  if (!loader || (core && loader.node.type !== 'LoadVideo')) return null
  const file = parseImageName(valueOf(loader, core ? 'file' : 'video', rootGraph), VIDEO_NAME)
  if (!file) return null
  const url = apiUrl(viewQuery(file))
  if (core) return { url, exact: true, clip: { rate: null, skip: 0, every: 1 } }
  const [width, height, rate, skip, every, start] = [
    'custom_width', 'custom_height', 'force_rate', 'skip_first_frames', 'select_every_nth', 'start_time',
  ].map((name) => Number(valueOf(loader, name, rootGraph) ?? 0))
  if (start > 0) return null
  // A format may round the sides to what its model takes.
  const exact = /^(none)?$/i.test(String(valueOf(loader, 'format', rootGraph) ?? ''))
  const clip = { rate: rate || null, skip: skip || 0, every: every || 1 }
  return { url, exact, clip, own: width || height ? [{ kind: 'scale', width, height, centred: true }] : [] }
}

/** @param {Origin} origin @param {Graph|undefined} rootGraph @returns {Step[]|null} null where it cannot be told */
function stepsOf(origin, rootGraph) {
  const { type = '' } = origin.node
  if (KEEPS_FRAME.has(type)) return []
  const step = STEPS[type]?.((name) => valueOf(origin, name, rootGraph))
  const numbers = Object.values(step ?? {}).filter((value) => typeof value !== 'string' && typeof value !== 'boolean')
  return step && numbers.every((value) => Number.isInteger(value) && value >= 0) ? [step] : null
}

/**
 * The picture that will arrive at a node's input, as far as the page can know. Through a node in between it is
 * known only if the page can do to the picture what that node will do; otherwise nothing is shown until a run, in the
 * shape that the nodes around say.
 * @param {GraphNode} node
 * @param {string} inputName
 * @param {Environment} env
 * @returns {{linked: boolean, picture: (FoundPicture & {steps: Step[]})|null, shape: Size|null}}
 */
export function incomingPicture(node, inputName, env) {
  const { rootGraph } = env
  const slot = inputSlot(node, inputName)
  const first = slot < 0 ? null : originOf(node, slot, rootGraph)
  /** @type {Step[]} */
  const steps = []
  for (let step = 0, at = first; step < MAX_STEPS && at; step += 1) {
    const { own = [], ...found } = videoPicture(at, env) ?? ownPicture(at, env) ?? { url: '', exact: false }
    // What a node shows is its own doing; behind another one only a file is sure to be up to date.
    if (found.exact || (found.url && step === 0)) {
      return { linked: true, picture: { ...found, steps: [...own, ...steps] }, shape: null }
    }
    const done = stepsOf(at, rootGraph)
    if (!done) break
    steps.unshift(...done)
    const through = linkedImage(at.node)
    at = through < 0 ? null : originOf(at.node, through, rootGraph, at.path)
  }
  return { linked: first !== null, picture: null, shape: shapeAfter(steps) ?? expectedShape(node, first, rootGraph) }
}

/** @param {GraphNode} node @returns {number} its first picture input that is connected, or −1 */
function linkedImage(node) {
  return node.inputs?.findIndex((input, i) => input.type === 'IMAGE' && inputLink(node, i)) ?? -1
}

/** @param {Step[]} steps @returns {Size|null} the size after them, if they give one to whatever comes */
function shapeAfter(steps) {
  const from = steps.findLastIndex((step) => step.kind === 'scale' && step.width > 0 && step.height > 0)
  if (from < 0) return null
  const { width, height } = framed(steps.slice(from), 1, 1)
  return { width, height }
}

/**
 * The shape of the frames that the graph will make of the drawing, or of the same picture.
 * @param {GraphNode} node
 * @param {Origin|null} origin of its picture
 * @param {Graph|undefined} rootGraph
 * @returns {Size|null}
 */
function expectedShape(node, origin, rootGraph) {
  const target = trajectoriesTarget(node, rootGraph)
  if (target) return { width: target.width, height: target.height }
  for (const at of origin ? consumersOf(origin, rootGraph) : []) {
    const size = MAKES_VIDEO.has(at.node.type ?? '') ? sizeOf(at, rootGraph) : null
    if (size) return size
  }
  return null
}

/**
 * Which part of a picture remains after the steps, and at what size. Sizes as ComfyUI's own nodes compute them.
 * @param {Step[]} steps
 * @param {number} width
 * @param {number} height
 * @returns {Framing}
 */
export function framed(steps, width, height) {
  /** @type {Framing} */
  const all = { x: 0, y: 0, w: width, h: height, width, height }
  return steps.reduce((at, step) => (step.kind === 'crop' ? cropped(at, step) : scaled(at, step)), all)
}

/** @param {Framing} at @param {Omit<CropStep, 'kind'>} step @returns {Framing} */
function cropped(at, { x, y, width, height }) {
  const [left, top] = [Math.min(x, at.width - 1), Math.min(y, at.height - 1)]
  const [w, h] = [Math.min(width, at.width - left), Math.min(height, at.height - top)]
  const [sx, sy] = [at.w / at.width, at.h / at.height]
  return { x: at.x + left * sx, y: at.y + top * sy, w: w * sx, h: h * sy, width: w, height: h }
}

/** @param {Framing} at @param {ScaleStep} step @returns {Framing} */
function scaled(at, { width, height, centred }) {
  if (width === 0 && height === 0) return at
  const w = width || Math.max(1, Math.round((at.width * height) / at.height))
  const h = height || Math.max(1, Math.round((at.height * width) / at.width))
  const ratio = at.width / at.height / (w / h)
  const x = centred && ratio > 1 ? Math.round((at.width - at.width / ratio) / 2) : 0
  const y = centred && ratio < 1 ? Math.round((at.height - at.height * ratio) / 2) : 0
  return { ...cropped(at, { x, y, width: at.width - 2 * x, height: at.height - 2 * y }), width: w, height: h }
}

/**
 * The nodes that an output goes to, directly, through reroutes and bypassed nodes, into subgraphs and out of them.
 * @param {Origin} origin
 * @param {Graph|undefined} rootGraph
 * @returns {Place[]}
 */
function consumersOf(origin, rootGraph) {
  /** @type {Place[]} */
  const found = []
  const waiting = [origin]
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const at = waiting.shift()
    if (!at) break
    const { graph } = at.node
    for (const link of linksOf(graph)) {
      if (sameId(link.origin_id, at.node.id) && link.origin_slot === at.slot) arrive(link, graph, at.path)
    }
  }
  return found

  /** @param {Link} link @param {Graph|undefined} graph @param {readonly GraphNode[]} path */
  function arrive(link, graph, path) {
    if (sameId(link.target_id, SUBGRAPH_OUTPUT)) {
      const around = path.at(-1)
      const holders = around ? [around] : holdersOf(rootGraph, graph)
      waiting.push(...holders.map((node) => ({ node, slot: link.target_slot, path: path.slice(0, -1) })))
      return
    }
    const node = nodeById(graph, link.target_id)
    if (!node || node.mode === MUTED) return
    if (node.mode === BYPASSED || /^Reroute\b/.test(node.type ?? '')) {
      for (const slot of (node.outputs ?? []).keys()) {
        const handsOn = node.mode === BYPASSED ? bypassSlot(node, slot) : 0
        if (handsOn === link.target_slot) waiting.push({ node, slot, path })
      }
    } else if (node.subgraph) {
      const entering = linksOf(node.subgraph).filter(
        (l) => sameId(l.origin_id, SUBGRAPH_INPUT) && l.origin_slot === link.target_slot)
      for (const inner of entering) arrive(inner, node.subgraph, [...path, node])
    } else {
      found.push({ node, path })
    }
  }
}

/**
 * The TrackGo Point Trajectories nodes that a node's drawing goes to.
 * @param {GraphNode} node
 * @param {Graph|undefined} rootGraph
 */
function trajectoriesNodes(node, rootGraph) {
  const slot = node.outputs?.findIndex((output) => output.type === 'TRACKGO_DRAWING') ?? -1
  return consumersOf({ node, slot, path: [] }, rootGraph).filter((at) => at.node.type === 'TrackGoPointTrajectories')
}

/**
 * At which size and with which seed the graph turns a node's drawing into trajectories: what the first TrackGo Point
 * Trajectories node says that its drawing goes to.
 * @param {GraphNode} node
 * @param {Graph|undefined} rootGraph
 * @returns {Target|null} null where nothing says it, or only a run can tell
 */
export function trajectoriesTarget(node, rootGraph) {
  for (const at of trajectoriesNodes(node, rootGraph)) {
    const size = sizeOf(at, rootGraph)
    const seed = numberOf(at, 'seed', rootGraph)
    if (size && seed !== null) return { ...size, seed }
  }
  return null
}

/**
 * How many frames the graph makes of a node's drawing, and of the SVD video that TrackGo Apply gives them to: the one
 * whose latent Apply is shown, or that is made of the same picture.
 * @param {GraphNode} node
 * @param {Graph|undefined} rootGraph
 * @returns {FrameCounts}
 */
export function frameCounts(node, rootGraph) {
  const [first] = trajectoriesNodes(node, rootGraph)
  if (!first) return { tracks: null, video: null }
  const applied = (first.node.outputs ?? []).flatMap(
    (_, slot) => consumersOf({ ...first, slot }, rootGraph)).find((at) => at.node.type === 'TrackGoApply')
  const picture = inputSlot(node, 'image')
  const from = picture < 0 ? null : originOf(node, picture, rootGraph)
  const latent = applied ? inputSlot(applied.node, 'latent') : -1
  const shown = applied && latent >= 0 ? originOf(applied.node, latent, rootGraph, applied.path) : null
  const video = [shown, ...(from && applied && !shown ? consumersOf(from, rootGraph) : [])].find(
    (at) => at?.node.type === 'SVD_img2vid_Conditioning')
  return {
    tracks: numberOf(first, 'frames', rootGraph), video: video ? numberOf(video, 'video_frames', rootGraph) : null,
  }
}
