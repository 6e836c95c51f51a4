/**
 * Which picture arrives at a node: followed back through the graph, before anything ran.
 *
 * Works on LiteGraph's nodes and links only through what it is given, so it can be tested without a page.
 *
 * @import {
 *   ComfyFile, CropStep, FoundPicture, Framing, Graph, GraphNode, Link, NodeOutputs, Origin, ScaleStep, Step, Target
 * } from './types.js'
 *
 * @typedef {(path: string) => string} ApiUrl
 */

const BYPASSED = 4
const SUBGRAPH_INPUT = -10
const MAX_STEPS = 64
const IMAGE_NAME = /\.(png|jpe?g|webp|gif|bmp|avif|tiff?)$/i
/** A loader with such a setting may hand on something else than its file. */
const CHANGES_FRAME = /width|height|resize|scale|crop|pad|megapixel|longe|shorte|side/i

/** Nodes that change colors or size but not what is where in the frame. */
const KEEPS_FRAME = new Set([
  'ImageInvert', 'ImageBlur', 'ImageSharpen', 'ImageQuantize', 'ImageScaleBy', 'ImageScaleToTotalPixels',
  'ImageScaleToMaxDimension', 'ImageUpscaleWithModel', 'RepeatImageBatch', 'ImageAddNoise',
])
/** Nodes whose change of the frame is known exactly. @type {Record<string, (get: (name: string) => any) => Step>} */
const STEPS = {
  ImageScale: (get) => ({
    kind: 'scale', width: get('width'), height: get('height'), centred: get('crop') === 'center',
  }),
  ImageCrop: (get) => ({ kind: 'crop', x: get('x'), y: get('y'), width: get('width'), height: get('height') }),
}

/**
 * @param {unknown} value a picture widget's, such as "sub/boat.png [input]"
 * @returns {Required<ComfyFile>|null}
 */
export function parseImageName(value) {
  if (typeof value !== 'string') return null
  const [, path, type] = /^(.*?)(?:\s*\[(input|output|temp)\])?$/.exec(value.trim()) ?? []
  if (!path || !IMAGE_NAME.test(path)) return null
  const cut = path.lastIndexOf('/')
  return { filename: path.slice(cut + 1), subfolder: cut < 0 ? '' : path.slice(0, cut), type: type ?? 'input' }
}

/** @param {ComfyFile} file @returns {string} query for ComfyUI's /view */
export function viewQuery({ filename, subfolder = '', type = 'input' }) {
  return `/view?${new URLSearchParams({ filename, type, subfolder })}`
}

/** @param {Graph|undefined} graph @param {number|null|undefined} id @returns {Link|null} */
function linkOf(graph, id) {
  if (id == null || !graph) return null
  const links = /** @type {Partial<Map<number, Link>> & Record<number, Link>|undefined} */ (graph.links)
  return graph.getLink?.(id) ?? links?.get?.(id) ?? links?.[id] ?? null
}

/**
 * Newer front ends answer by method and warn about reading `input.link`; older ones have both.
 * @param {GraphNode} node
 * @param {number} slot
 */
function inputLink(node, slot) {
  return node.getInputLink ? node.getInputLink(slot) : linkOf(node.graph, node.inputs?.[slot]?.link)
}

/**
 * The node (and its slot) that feeds an input, through reroutes, bypassed nodes and subgraph borders.
 * @param {GraphNode} node
 * @param {number} slot
 * @param {Graph|undefined} rootGraph
 * @returns {Origin|null}
 */
export function originOf(node, slot, rootGraph) {
  /** @type {GraphNode|null} */
  let at = node
  let input = slot
  for (let step = 0; step < MAX_STEPS && at; step += 1) {
    const link = inputLink(at, input)
    if (!link) return null
    if (link.origin_id === SUBGRAPH_INPUT) {
      at = holderOf(rootGraph, at.graph)
      input = link.origin_slot
      continue
    }
    const origin = insideSubgraph(at.graph?.getNodeById(link.origin_id), link.origin_slot)
    if (!origin) return null
    const next = passedThrough(origin)
    if (next === null) return origin
    at = origin.node
    input = next
  }
  return null
}

/** @param {GraphNode} node @param {string} name @returns {number} the input of that name, or −1 */
export const inputSlot = (node, name) => node.inputs?.findIndex((input) => input.name === name) ?? -1

/**
 * A reroute or bypassed node hands on one of its inputs: which one, or null for a node that works.
 * @param {Origin} origin
 */
function passedThrough({ node, slot }) {
  if (node.type === 'Reroute') return 0
  if (node.mode !== BYPASSED) return null
  const type = node.outputs?.[slot]?.type
  const same = node.inputs?.findIndex((input) => input.type === type) ?? -1
  return same < 0 ? null : same
}

/**
 * A subgraph node's output comes from a node inside.
 * @param {GraphNode|null|undefined} node
 * @param {number} slot
 * @returns {Origin|null}
 */
function insideSubgraph(node, slot) {
  let [at, out] = [node, slot]
  while (at?.subgraph) {
    const link = linkOf(at.subgraph, at.subgraph.outputs?.[out]?.linkIds?.[0])
    if (!link || link.origin_id === SUBGRAPH_INPUT) return { node: at, slot: out }
    at = at.subgraph.getNodeById(link.origin_id)
    out = link.origin_slot
  }
  return at ? { node: at, slot: out } : null
}

/**
 * The subgraph node that holds a graph.
 * @param {Graph|undefined} graph
 * @param {Graph|undefined} wanted
 * @returns {GraphNode|null}
 */
function holderOf(graph, wanted, depth = 0) {
  for (const node of graph?.nodes ?? []) {
    if (!node.subgraph) continue
    if (node.subgraph === wanted) return node
    const deeper = depth < MAX_STEPS ? holderOf(node.subgraph, wanted, depth + 1) : null
    if (deeper) return deeper
  }
  return null
}

/**
 * @param {GraphNode} node
 * @param {NodeOutputs|undefined} outputs
 * @param {ApiUrl} apiUrl
 * @returns {FoundPicture|null} the file a node loads, or what it shows
 */
function ownPicture(node, outputs, apiUrl) {
  const named = parseImageName(widgetValue(node, 'image'))
  if (named && !node.widgets?.some((w) => CHANGES_FRAME.test(w.name))) {
    return { url: apiUrl(viewQuery(named)), exact: true }
  }
  const shown = named ? null : node.imgs?.[node.imageIndex ?? 0]?.src
  if (shown) return { url: shown, exact: false }
  const file = outputs?.[node.id]?.images?.[0]
  return file?.filename ? { url: apiUrl(viewQuery({ type: 'temp', ...file })), exact: false } : null
}

/** @param {GraphNode} node @param {string} name @returns {unknown} */
const widgetValue = (node, name) => node.widgets?.find((widget) => widget.name === name)?.value

/** @param {GraphNode} node @returns {Step[]|null} what it does to the frame; null if that cannot be told from here */
function stepsOf(node) {
  const { type = '' } = node
  if (KEEPS_FRAME.has(type)) return []
  let known = true
  /** @param {string} name */
  const get = (name) => {
    const fed = inputSlot(node, name)
    if (fed >= 0 && inputLink(node, fed)) known = false
    return widgetValue(node, name)
  }
  const step = STEPS[type]?.(get)
  const numbers = Object.values(step ?? {}).filter((value) => typeof value !== 'string' && typeof value !== 'boolean')
  return step && known && numbers.every((value) => Number.isInteger(value) && value >= 0) ? [step] : null
}

/**
 * The picture that will arrive at a node's input, as far as the page can know. Through a node in between it is
 * known only if the page can do to the picture what that node will do; otherwise nothing is shown until a run.
 * @param {GraphNode} node
 * @param {string} inputName
 * @param {{rootGraph: Graph|undefined, outputs: NodeOutputs|undefined, apiUrl: ApiUrl}} env
 * @returns {{linked: boolean, picture: (FoundPicture & {steps: Step[]})|null}}
 */
export function incomingPicture(node, inputName, { rootGraph, outputs, apiUrl }) {
  const slot = inputSlot(node, inputName)
  let origin = slot < 0 ? null : originOf(node, slot, rootGraph)
  const linked = origin !== null
  /** @type {Step[]} */
  const steps = []
  for (let step = 0; step < MAX_STEPS && origin; step += 1) {
    const found = ownPicture(origin.node, outputs, apiUrl)
    // What a node shows is its own doing; behind another one only a file is sure to be up to date.
    if (found && (found.exact || step === 0)) return { linked, picture: { ...found, steps } }
    const own = stepsOf(origin.node)
    if (!own) break
    steps.unshift(...own)
    const through = linkedImage(origin.node)
    origin = through < 0 ? null : originOf(origin.node, through, rootGraph)
  }
  return { linked, picture: null }
}

/** @param {GraphNode} node @returns {number} its first picture input that is connected, or −1 */
function linkedImage(node) {
  return node.inputs?.findIndex((input, i) => input.type === 'IMAGE' && inputLink(node, i)) ?? -1
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
 * @param {GraphNode} node
 * @param {string} name
 * @returns {number|null} a widget's value, unless a link brings another one
 */
function ownNumber(node, name) {
  const slot = inputSlot(node, name)
  if (slot >= 0 && inputLink(node, slot)) return null
  const value = Number(widgetValue(node, name))
  return Number.isInteger(value) && value >= 0 ? value : null
}

/**
 * At which size and with which seed the graph turns a node's drawing into trajectories: what the first TrackGo Point
 * Trajectories node says that its drawing goes to, directly or through reroutes.
 * @param {GraphNode} node
 * @returns {Target|null} null where nothing, or a link, decides
 */
export function trajectoriesTarget(node) {
  /** @type {Origin[]} */
  const waiting = [{ node, slot: node.outputs?.findIndex((output) => output.type === 'TRACKGO_DRAWING') ?? -1 }]
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const next = waiting.shift()
    if (!next) break
    const { node: at, slot } = next
    for (const id of at.outputs?.[slot]?.links ?? []) {
      const target = at.graph?.getNodeById(linkOf(at.graph, id)?.target_id)
      if (target?.type === 'Reroute') waiting.push({ node: target, slot: 0 })
      if (target?.type !== 'TrackGoPointTrajectories') continue
      const [width, height, seed] = ['width', 'height', 'seed'].map((name) => ownNumber(target, name))
      if (width && height && seed !== null) return { width, height, seed }
    }
  }
  return null
}
