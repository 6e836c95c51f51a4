/**
 * Registers TrackGoCanvas's editor with ComfyUI. Everything else lives in ./editor, which only this file imports.
 *
 * @import { Clip, ComfyFile, Incoming, Messages } from './editor/types.js'
 */
import { app } from '../../scripts/app.js'
import { api } from '../../scripts/api.js'
import { TrackGoEditor } from './editor/editor.js'
import {
  frameCounts, incomingPicture, inputSlot, originOf, parseImageName, trajectoriesTarget, viewQuery,
} from './editor/source.js'
import { messagesFor, setTexts } from './editor/texts.js'
import { Watch } from './editor/watch.js'

const WIDGET_TYPE = 'TRACKGO_EDITOR'
const NODE_ID = 'TrackGoCanvas'
const DEFAULT_FRAMES = 14
const MIN_HEIGHT = 380
const DEFAULT_SIZE = [620, 680]

/**
 * The picture our own node reported after a run, and what was connected then.
 * @type {WeakMap<ComfyNode, {url: string, clip: Clip|null, upstream: string}>}
 */
const reported = new WeakMap()

/** Every editor's looking at the graph. */
const watch = new Watch()

/** A graph that is drawn all the time (a run, a video) is looked at no oftener than this. */
const DRAWN_PAUSE_MS = 400
/** After these a user may have changed anything; what follows from it happens within a moment. */
const USER_EVENTS = ['pointerup', 'click', 'keyup', 'change', 'input', 'drop', 'paste']
/** After these ComfyUI has something else to show. */
const SERVER_EVENTS = ['executed', 'execution_success', 'graphChanged']
const SETTINGS = ['Comfy.Locale', 'Comfy.VueNodes.Enabled']

/** Other extensions change widgets without any event; what they change shows within this time. */
const HEARTBEAT_MS = 1000

/** In which mode each node was last seen. @type {WeakMap<ComfyNode, boolean>} */
const modes = new WeakMap()

/** In releases without subgraphs there is but one graph. */
const rootOf = () => app.rootGraph ?? app.graph

/** @param {ComfyNode} node */
function upstreamOf(node) {
  const rootGraph = rootOf()
  return incomingPicture(node, 'image', { rootGraph, outputs: app.nodeOutputs, apiUrl: (path) => api.apiURL(path) })
}

/**
 * A loader's picture is certain; otherwise our own last run knows best, as long as the same thing is connected.
 * With nothing connected the document's own picture serves.
 * @param {ComfyNode} node
 * @param {string|null} own
 * @param {ReadonlySet<string>} unplayable videos that the browser cannot show
 * @returns {Incoming}
 */
function pictureFor(node, own, unplayable) {
  const { linked, picture: found, shape } = upstreamOf(node)
  const picture = found && !unplayable.has(found.url) ? found : null
  if (!linked) {
    const file = parseImageName(own ?? '')
    return { linked, url: file && api.apiURL(viewQuery(file)), steps: [], shape }
  }
  if (picture?.exact) return { linked, shape, ...picture }
  const run = reported.get(node)
  if (run && run.upstream === sourceKey(node)) return { linked, ...run, steps: [], shape }
  return { linked, shape, ...(picture ?? { url: null, steps: [] }) }
}

/**
 * What is connected to an input, in a form that can be compared; null for nothing.
 * @param {ComfyNode} node
 * @param {string} name
 */
function originKey(node, name) {
  const slot = inputSlot(node, name)
  const origin = slot < 0 ? null : originOf(node, slot, rootOf())
  return origin && [...origin.path, origin.node].map(({ id }) => id).concat(origin.slot).join(':')
}

/** @param {ComfyNode} node */
const sourceKey = (node) => JSON.stringify([originKey(node, 'image'), upstreamOf(node).picture?.url ?? null])

/**
 * Into ComfyUI's input folder, as its own nodes do it.
 * @param {File} file
 * @param {string} folder
 * @returns {Promise<string>} the name there
 */
async function upload(file, folder) {
  const body = new FormData()
  body.append('image', file)
  body.append('type', 'input')
  if (folder) body.append('subfolder', folder)
  const answer = await api.fetchApi('/upload/image', { method: 'POST', body })
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`)
  const { name, subfolder } = await answer.json()
  return subfolder ? `${subfolder}/${name}` : name
}

/**
 * A file that was let go over the editor but is ComfyUI's (a workflow, say): let go over the graph instead.
 * @param {File} file
 */
function passOn(file) {
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(file)
  app.canvas.canvas.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
}

const languages = {
  /** Every pack's translations by language, once they are there. @type {Record<string, { trackgo?: Messages }>|null} */
  all: null,
  now: '',
  version: 0,
}

/** Fetch the translations once; editors follow as soon as they are there. */
async function loadLanguages() {
  const answer = await api.fetchApi('/i18n')
  languages.all = answer.ok ? await answer.json() : {}
  watch.poke()
}

/** Follow the language setting. @returns {number} counts up with every change of the texts */
function language() {
  const wanted = String(app.extensionManager?.setting?.get('Comfy.Locale') ?? 'en')
  if (languages.all && wanted !== languages.now) {
    setTexts(messagesFor(languages.all, wanted))
    languages.now = wanted
    languages.version += 1
  }
  return languages.version
}

/** @param {ComfyNode} node */
function framesFor(node) {
  const value = Number(node.widgets?.find((widget) => widget.name === 'frames')?.value)
  return Number.isInteger(value) && value > 0 ? value : DEFAULT_FRAMES
}

/** The whole graph's own history and autosave hear of a finished gesture. @param {ComfyNode} node */
function noteChange(node) {
  const tracker = app.extensionManager?.workflow?.activeWorkflow?.changeTracker
  if (tracker?.captureCanvasState) tracker.captureCanvasState()
  else tracker?.checkState?.()
  node.graph?.setDirtyCanvas?.(true, false)
}

/** The wheel over an editor that is not in use zooms the graph, as everywhere else on it. @param {WheelEvent} event */
function forwardWheel(event) {
  const { clientX, clientY, deltaX, deltaY, deltaMode, ctrlKey, metaKey, shiftKey } = event
  event.preventDefault()
  event.stopPropagation()
  app.canvas.canvas.dispatchEvent(new WheelEvent('wheel', {
    clientX, clientY, deltaX, deltaY, deltaMode, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true,
  }))
}

/**
 * The first releases with Nodes 2.0 (1.27) leave out every widget made of an element. There the editor moves into
 * the node's body by itself; newer ones, and the classic canvas, place it and this does nothing.
 * @param {ComfyNode} node
 * @param {HTMLElement} element
 */
function mount(node, element) {
  const vue = !!LiteGraph.vueNodesMode
  if (modes.get(node) !== vue) {
    modes.set(node, vue)
    app.canvas?.setDirty(true, true) // the classic canvas places its elements while it draws
  }
  const here = vue && node.graph === app.canvas?.graph
  const home = here && !element.isConnected
    && document.querySelector(`[data-node-id="${CSS.escape(String(node.id))}"] [data-testid^="node-body"]`)
  if (home) {
    element.classList.add('trackgo-mounted')
    home.append(element)
  }
  placeless.set(node, here && !element.isConnected)
}

/**
 * The first releases with Nodes 2.0 make a node's body when they come to it, and anew whenever they like: while an
 * editor has no place, the page is watched for one.
 */
const placeless = {
  /** @type {Set<ComfyNode>} */
  nodes: new Set(),
  observer: new MutationObserver(() => watch.poke()),

  /** @param {ComfyNode} node @param {boolean} waits */
  set(node, waits) {
    if (waits === this.nodes.has(node)) return
    if (waits) this.nodes.add(node)
    else this.nodes.delete(node)
    if (this.nodes.size) this.observer.observe(document.body, { childList: true, subtree: true })
    else this.observer.disconnect()
  },
}

/** Look at the graph whenever anything happened that may have changed it. */
function listen() {
  const poke = () => watch.poke()
  for (const type of USER_EVENTS) window.addEventListener(type, poke, { capture: true, passive: true })
  for (const type of SERVER_EVENTS) api.addEventListener(type, poke)
  for (const id of SETTINGS) app.ui?.settings?.addEventListener?.(`${id}.change`, poke)
  setInterval(() => {
    if (!document.hidden) watch.poke()
  }, HEARTBEAT_MS)
  const { canvas } = app
  const { onDrawForeground } = canvas
  canvas.onDrawForeground = function drawn(...details) {
    watch.poke(DRAWN_PAUSE_MS)
    return onDrawForeground?.apply(this, details)
  }
}

/** @param {string} route @returns {(body: string, signal: AbortSignal) => Promise<Response>} */
const postTo = (route) => (body, signal) => api.fetchApi(route, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal,
})

/** What ComfyUI asks for a custom widget type. @param {ComfyNode} node @param {string} name */
function createWidget(node, name) {
  /** @type {ComfyWidget|null} */
  let widget = null
  const editor = new TrackGoEditor({
    onChange: (text) => {
      widget?.callback?.(text)
      noteChange(node)
    },
    forwardWheel,
    frames: () => framesFor(node),
    picture: (own, unplayable) => pictureFor(node, own, unplayable),
    place: () => [rootOf()?.id, node.graph?.id, node.id].join(),
    origin: (input) => originKey(node, input),
    upload,
    pass: passOn,
    language,
    watch,
    mount: (element) => mount(node, element),
    target: () => trajectoriesTarget(node, rootOf()),
    frameCounts: () => frameCounts(node, rootOf()),
    post: postTo('/trackgo/trajectories'),
    select: postTo('/trackgo/select'),
  })
  const shown = node.addDOMWidget(name, WIDGET_TYPE, editor.element, {
    getValue: () => editor.value,
    setValue: (text) => {
      editor.value = text
    },
    getMinHeight: () => MIN_HEIGHT,
    hideOnZoom: false,
    socketless: true,
    margin: 8,
  })
  widget = shown
  shown.trackgo = editor
  const { onRemove } = shown
  shown.onRemove = function removed() {
    onRemove?.call(this)
    editor.destroy()
  }
  return { widget: shown, minWidth: DEFAULT_SIZE[0], minHeight: MIN_HEIGHT }
}

/** @param {ComfyNode} node */
function editorOf(node) {
  return node.widgets?.find((widget) => widget.type === WIDGET_TYPE || widget.trackgo)?.trackgo
}

app.registerExtension({
  name: 'TrackGo.Canvas',

  init: loadLanguages,

  setup: listen,

  afterConfigureGraph: () => watch.poke(),

  getCustomWidgets() {
    return { [WIDGET_TYPE]: createWidget }
  },

  nodeCreated(node) {
    if (node.comfyClass !== NODE_ID) return
    const editor = editorOf(node)
    if (!editor) return
    const [width, height] = node.size
    node.setSize([Math.max(width, DEFAULT_SIZE[0]), Math.max(height, DEFAULT_SIZE[1])])
    const { onExecuted, onRemoved, onConnectionsChange, getWidgetOnPos } = node
    // With no widget under the pointer, a subgraph's menu does not offer to promote the editor: it lives in one node.
    node.getWidgetOnPos = function widgetAt(...place) {
      const widget = getWidgetOnPos?.apply(this, place)
      return widget?.trackgo ? undefined : widget
    }
    node.onExecuted = function executed(output, ...more) {
      const result = onExecuted?.call(this, output, ...more)
      const file = output?.trackgo_image?.[0]
      if (file) {
        const fresh = (/** @type {ComfyFile} */ one) => `${api.apiURL(viewQuery(one))}&t=${Date.now()}`
        const url = fresh(file)
        const frames = output.trackgo_frames ?? []
        const clip = frames.length ? { urls: [url, ...frames.map(fresh)] } : null
        reported.set(node, { url, clip, upstream: sourceKey(node) })
      }
      if (output && 'trackgo_arrivals' in output) editor.setArrivals(output.trackgo_arrivals?.[0])
      watch.poke()
      return result
    }
    node.onConnectionsChange = function connected(...details) {
      const result = onConnectionsChange?.apply(this, details)
      watch.poke()
      return result
    }
    node.onRemoved = function removed(...details) {
      editor.destroy()
      placeless.set(node, false)
      return onRemoved?.apply(this, details)
    }
  },
})
