/**
 * Which picture arrives at a node: followed back through the graph, before anything ran.
 *
 * Works on LiteGraph's nodes and links only through what it is given, so it can be tested without a page.
 * @typedef {{kind: 'scale', width: number, height: number, centred: boolean}
 *   | {kind: 'crop', x: number, y: number, width: number, height: number}} Step  what a node on the way does to the frame
 * @typedef {{url: string, exact: boolean, steps: Step[]}} Picture  exact: certainly what the input will carry
 */

const BYPASSED = 4
const SUBGRAPH_INPUT = -10
const MAX_STEPS = 64
const IMAGE_NAME = /\.(png|jpe?g|webp|gif|bmp|avif|tiff?)$/i
/** A loader with such a setting may hand on something else than its file. */
const CHANGES_FRAME = /width|height|resize|scale|crop|pad|megapixel|longe|shorte|side/i

/** Nodes that change colours or size but not what is where in the frame. */
const KEEPS_FRAME = new Set([
  'ImageInvert', 'ImageBlur', 'ImageSharpen', 'ImageQuantize', 'ImageScaleBy', 'ImageScaleToTotalPixels', 'ImageScaleToMaxDimension',
  'ImageUpscaleWithModel', 'RepeatImageBatch', 'ImageAddNoise',
])
/** Nodes whose change of the frame is known exactly. @type {Record<string, (get: (name: string) => any) => Step>} */
const STEPS = {
  ImageScale: (get) => ({ kind: 'scale', width: get('width'), height: get('height'), centred: get('crop') === 'center' }),
  ImageCrop: (get) => ({ kind: 'crop', x: get('x'), y: get('y'), width: get('width'), height: get('height') }),
}

/**
 * @param {string} value a picture widget's value such as "sub/boat.png [input]"
 * @returns {{filename: string, subfolder: string, type: string}|null}
 */
export function parseImageName(value) {
  if (typeof value !== 'string') return null
  const [, path, type] = /^(.*?)(?:\s*\[(input|output|temp)\])?$/.exec(value.trim())
  if (!IMAGE_NAME.test(path)) return null
  const cut = path.lastIndexOf('/')
  return { filename: path.slice(cut + 1), subfolder: cut < 0 ? '' : path.slice(0, cut), type: type ?? 'input' }
}

/** @param {{filename: string, subfolder?: string, type?: string}} file @returns {string} query for ComfyUI's /view */
export function viewQuery({ filename, subfolder = '', type = 'input' }) {
  return `/view?${new URLSearchParams({ filename, type, subfolder })}`
}

function linkOf(graph, id) {
  if (id == null || !graph) return null
  return graph.getLink?.(id) ?? graph.links?.get?.(id) ?? graph.links?.[id] ?? null
}

/** Newer front ends answer by method and warn about reading `input.link`; older ones have both. */
function inputLink(node, slot) {
  return node.getInputLink ? node.getInputLink(slot) : linkOf(node.graph, node.inputs?.[slot]?.link)
}

/** The node (and its slot) that feeds an input, through reroutes, bypassed nodes and subgraph borders. */
export function originOf(node, slot, rootGraph) {
  let [at, input] = [node, slot]
  for (let step = 0; step < MAX_STEPS && at; step += 1) {
    const link = inputLink(at, input)
    if (!link) return null
    if (link.origin_id === SUBGRAPH_INPUT) {
      ;[at, input] = [holderOf(rootGraph, at.graph), link.origin_slot]
      continue
    }
    const origin = insideSubgraph(at.graph.getNodeById(link.origin_id), link.origin_slot)
    if (!origin?.node) return null
    const next = passedThrough(origin)
    if (next === null) return origin
    ;[at, input] = [origin.node, next]
  }
  return null
}

/** A reroute or bypassed node hands on one of its inputs: which one, or null for a node that works. */
function passedThrough({ node, slot }) {
  if (node.type === 'Reroute') return 0
  if (node.mode !== BYPASSED) return null
  const type = node.outputs?.[slot]?.type
  const same = node.inputs?.findIndex((input) => input.type === type) ?? -1
  return same < 0 ? null : same
}

/** A subgraph node's output comes from a node inside. */
function insideSubgraph(node, slot) {
  let [at, out] = [node, slot]
  while (at?.subgraph) {
    const link = linkOf(at.subgraph, at.subgraph.outputs?.[out]?.linkIds?.[0])
    if (!link || link.origin_id === SUBGRAPH_INPUT) return { node: at, slot: out }
    ;[at, out] = [at.subgraph.getNodeById(link.origin_id), link.origin_slot]
  }
  return at ? { node: at, slot: out } : null
}

/** The subgraph node that holds a graph. */
function holderOf(graph, wanted, depth = 0) {
  for (const node of graph?.nodes ?? []) {
    if (!node.subgraph) continue
    if (node.subgraph === wanted) return node
    const deeper = depth < MAX_STEPS ? holderOf(node.subgraph, wanted, depth + 1) : null
    if (deeper) return deeper
  }
  return null
}

/** @returns {{url: string, exact: boolean}|null} the file a node loads, or what it shows */
function ownPicture(node, outputs, apiUrl) {
  const widget = node.widgets?.find((w) => w.name === 'image')
  const named = parseImageName(widget?.value)
  if (named && !node.widgets.some((w) => CHANGES_FRAME.test(w.name))) return { url: apiUrl(viewQuery(named)), exact: true }
  const shown = named ? null : node.imgs?.[node.imageIndex ?? 0]?.src
  if (shown) return { url: shown, exact: false }
  const file = outputs?.[node.id]?.images?.[0]
  return file?.filename ? { url: apiUrl(viewQuery({ type: 'temp', ...file })), exact: false } : null
}

/** @returns {Step[]|null} what a node does to the frame; null if that cannot be told from here */
function stepsOf(node) {
  if (KEEPS_FRAME.has(node.type)) return []
  let known = true
  const get = (name) => {
    const fed = node.inputs?.findIndex((input) => input.name === name) ?? -1
    if (fed >= 0 && inputLink(node, fed)) known = false
    const widget = node.widgets?.find((w) => w.name === name)
    return widget?.value
  }
  const step = STEPS[node.type]?.(get)
  const numbers = Object.values(step ?? {}).filter((value) => typeof value !== 'string' && typeof value !== 'boolean')
  return step && known && numbers.every((value) => Number.isInteger(value) && value >= 0) ? [step] : null
}

/**
 * The picture that will arrive at a node's input, as far as the page can know. Through a node in between it is
 * known only if the page can do to the picture what that node will do; otherwise nothing is shown until a run.
 * @param {object} node
 * @param {string} inputName
 * @param {{rootGraph: object, outputs: object, apiUrl: (path: string) => string}} env
 * @returns {{linked: boolean, picture: Picture|null}}
 */
export function incomingPicture(node, inputName, { rootGraph, outputs, apiUrl }) {
  const slot = node.inputs?.findIndex((input) => input.name === inputName) ?? -1
  let origin = slot < 0 ? null : originOf(node, slot, rootGraph)
  const linked = origin !== null
  const steps = []
  for (let step = 0; step < MAX_STEPS && origin; step += 1) {
    const found = ownPicture(origin.node, outputs, apiUrl)
    // What a node shows is its own doing; behind another one only a file is sure to be up to date.
    if (found && (found.exact || step === 0)) return { linked, picture: { ...found, steps } }
    const own = stepsOf(origin.node)
    if (!own) break
    steps.unshift(...own)
    const through = origin.node.inputs?.findIndex((input, i) => input.type === 'IMAGE' && inputLink(origin.node, i)) ?? -1
    origin = through < 0 ? null : originOf(origin.node, through, rootGraph)
  }
  return { linked, picture: null }
}

/**
 * Which part of a picture remains after the steps, and at what size. Sizes as ComfyUI's own nodes compute them.
 * @param {Step[]} steps
 * @returns {{x: number, y: number, w: number, h: number, width: number, height: number}}
 *   the part (x, y, w, h) in the picture's pixels, shown at width × height
 */
export function framed(steps, width, height) {
  return steps.reduce((at, step) => (step.kind === 'crop' ? cropped(at, step) : scaled(at, step)), { x: 0, y: 0, w: width, h: height, width, height })
}

function cropped(at, { x, y, width, height }) {
  const [left, top] = [Math.min(x, at.width - 1), Math.min(y, at.height - 1)]
  const [w, h] = [Math.min(width, at.width - left), Math.min(height, at.height - top)]
  const [sx, sy] = [at.w / at.width, at.h / at.height]
  return { x: at.x + left * sx, y: at.y + top * sy, w: w * sx, h: h * sy, width: w, height: h }
}

function scaled(at, { width, height, centred }) {
  if (width === 0 && height === 0) return at
  const w = width || Math.max(1, Math.round((at.width * height) / at.height))
  const h = height || Math.max(1, Math.round((at.height * width) / at.width))
  const ratio = at.width / at.height / (w / h)
  const x = centred && ratio > 1 ? Math.round((at.width - at.width / ratio) / 2) : 0
  const y = centred && ratio < 1 ? Math.round((at.height - at.height * ratio) / 2) : 0
  return { ...cropped(at, { x, y, width: at.width - 2 * x, height: at.height - 2 * y }), width: w, height: h }
}

/** @returns {number|null} a widget's value, unless a link brings another one */
function ownNumber(node, name) {
  const slot = node.inputs?.findIndex((input) => input.name === name) ?? -1
  if (slot >= 0 && inputLink(node, slot)) return null
  const value = Number(node.widgets?.find((widget) => widget.name === name)?.value)
  return Number.isInteger(value) && value >= 0 ? value : null
}

/**
 * At which size and with which seed the graph turns a node's drawing into trajectories: what the first TrackGo Point
 * Trajectories node says that its drawing goes to, directly or through reroutes.
 * @param {object} node
 * @returns {{width: number, height: number, seed: number}|null} null where nothing, or a link, decides
 */
export function trajectoriesTarget(node) {
  const waiting = [[node, node.outputs?.findIndex((output) => output.type === 'TRACKGO_DRAWING') ?? -1]]
  for (let step = 0; step < MAX_STEPS && waiting.length; step += 1) {
    const [at, slot] = waiting.shift()
    for (const id of at.outputs?.[slot]?.links ?? []) {
      const next = at.graph?.getNodeById(linkOf(at.graph, id)?.target_id)
      if (next?.type === 'Reroute') waiting.push([next, 0])
      if (next?.type !== 'TrackGoPointTrajectories') continue
      const [width, height, seed] = ['width', 'height', 'seed'].map((name) => ownNumber(next, name))
      if (width && height && seed !== null) return { width, height, seed }
    }
  }
  return null
}
