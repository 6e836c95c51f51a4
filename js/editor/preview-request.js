/**
 * What the model will see: the control points, as Python's own code gives them. Asked for only while they are shown,
 * after a finished gesture; an answer that comes too late is dropped.
 *
 * @import { Drawing, ModelPreview, Target, Trajectories, TrajectoriesAnswer } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {{frames: number} & Target} Request
 * @typedef {object} RequestHost
 * @property {(body: string, signal: AbortSignal) => Promise<Response>} post
 * @property {() => Target} target
 * @property {() => void} changed
 */
import { arrowsOf, nameOf } from './accessors.js'
import { TEXT } from './texts.js'

/** @type {readonly ModelPreview[]} */
const MODEL_PREVIEWS = Object.freeze(['off', 'points', 'picture'])
/** Without a node that says otherwise, points are computed at this many pixels on the longer side. */
const MAX_SIDE = 1024
const MIN_SIDE = 16
/** How a server answers that does not know the route. */
const MISSING = new Set([404, 405])

/** @param {TrajectoriesAnswer} answer @returns {Trajectories} */
export function decodeTrajectories(answer) {
  const { width, height, frames, component, empty } = answer
  const count = frames * component.length
  const bytes = bytesOf(answer.tracks)
  const view = new DataView(bytes.buffer)
  const tracks = Float32Array.from({ length: 2 * count }, (_, i) => view.getFloat32(4 * i, true))
  const bits = bytesOf(answer.visibility)
  const visible = Uint8Array.from({ length: count }, (_, i) => (bits[i >> 3] >> (7 - (i & 7))) & 1)
  return { width, height, frames, tracks, visible, component, empty }
}

/** @param {string} base64 */
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))

/**
 * The size points are computed at when no node says one.
 * @param {number} width the picture's
 * @param {number} height
 * @returns {Target}
 */
export function pictureTarget(width, height) {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height))
  /** @param {number} value */
  const side = (value) => Math.max(MIN_SIDE, Math.round(value * scale))
  return { width: side(width), height: side(height), seed: 0 }
}

/** Off, the control points over the picture, the control picture itself, and off again. @param {EditorStore} store */
export function nextModelPreview(store) {
  const next = (MODEL_PREVIEWS.indexOf(store.view.modelPreview) + 1) % MODEL_PREVIEWS.length
  store.setView({ modelPreview: MODEL_PREVIEWS[next] })
}

export class PreviewRequest {
  /** @param {EditorStore} store @param {RequestHost} host */
  constructor(store, host) {
    this.store = store
    this.host = host
    /** Names this editor to the server, which then leaves its older requests alone. */
    this.page = Math.random().toString(36).slice(2)
    /** @type {Trajectories|null} */
    this.trajectories = null
    /** What was asked last, finished or not. */
    this.key = ''
    this.message = ''
    /** Of the request under way. @type {AbortController|null} */
    this.abort = null
  }

  /** Ask anew if what is shown is no longer what was asked for; cheap when nothing changed. */
  update() {
    const { store } = this
    if (store.view.modelPreview === 'off' || store.error) {
      if (this.key) this.#forget('')
      return
    }
    if (store.draft) return
    const request = { frames: store.view.frames, ...this.host.target() }
    const key = JSON.stringify(request) + store.text + store.arrivalsVersion
    if (key === this.key) return
    this.#forget(key)
    const { components, camera } = store.merged(store.drawing)
    if (components.length || camera) void this.#ask(request)
    else this.message = TEXT.modelPreviewNothing
  }

  /** @param {string} key what is asked next */
  #forget(key) {
    this.abort?.abort()
    this.key = key
    this.trajectories = null
    this.message = ''
    this.abort = null
  }

  /** @param {Request} request */
  async #ask(request) {
    const abort = new AbortController()
    this.abort = abort
    const drawing = this.store.merged(this.store.drawing)
    const [trajectories, message] = await this.#answer({ page: this.page, drawing, ...request }, abort.signal)
    if (this.abort !== abort) return
    this.abort = null
    this.trajectories = trajectories
    this.message = trajectories ? withoutPoints(drawing, trajectories.empty) : message
    this.host.changed()
  }

  /**
   * @param {Request & {page: string, drawing: Drawing}} request
   * @param {AbortSignal} signal
   * @returns {Promise<[Trajectories|null, string]>} what came, or why nothing did
   */
  async #answer(request, signal) {
    let response
    try {
      response = await this.host.post(JSON.stringify(request), signal)
    } catch (problem) {
      if (problem instanceof Error && problem.name === 'AbortError') return [null, '']
      return [null, TEXT.modelPreviewOffline]
    }
    if (MISSING.has(response.status)) return [null, TEXT.modelPreviewMissing]
    const answer = await response.json().catch(() => null)
    if (response.ok && answer) return [decodeTrajectories(answer), '']
    return [null, `${TEXT.modelPreviewFailed} ${answer?.error ?? response.status}`]
  }

  /** @returns {Trajectories|null} what belongs to the document as it stands */
  get current() {
    return this.store.view.modelPreview !== 'off' && !this.store.draft ? this.trajectories : null
  }

  stop() {
    this.#forget('')
  }
}

/**
 * Which components with arrows have no points yet, as one sentence.
 * @param {Drawing} drawing
 * @param {number[]} empty counted over the visible components
 */
function withoutPoints(drawing, empty) {
  const visible = drawing.components.flatMap((component, i) => (component.hidden ? [] : [{ component, i }]))
  const names = empty.map((number) => visible[number]).filter((one) => one && arrowsOf(one.component).length)
    .map(({ component, i }) => `“${nameOf(component, i)}”`)
  return names.length ? `${TEXT.modelPreviewEmpty} ${names.join(', ')}` : ''
}
