/**
 * What the model will see: control points and their picture P, as Python's own code gives them. Asked for only while
 * it is shown, after a finished gesture; an answer that comes too late is dropped.
 *
 * @typedef {{width: number, height: number, frames: number, tracks: Float32Array, visible: Uint8Array,
 *            component: number[], empty: number[]}} Trajectories  tracks [L, N, 2] in pixels, visible [L, N]
 * @typedef {{width: number, height: number, seed: number}} Target the size and seed the trajectories are computed with
 */
import { cssColor, componentColor } from './colors.js'
import { arrowsOf, nameOf } from './accessors.js'
import { TEXT } from './texts.js'

export const MODEL_PREVIEWS = Object.freeze(['off', 'points', 'picture'])
/** P draws a square of this many pixels per point (the same as in Python). */
const SQUARE_PX = 4
/** Without a node that says otherwise, points are computed at this many pixels on the longer side. */
const MOST_SIDE = 1024
const LEAST_SIDE = 16
const MISSING = new Set([404, 405])

/** The first column (or row) of the square of a point at `x`: always four, centred on it as well as pixels allow. */
export const squareStart = (x) => Math.ceil(x - SQUARE_PX / 2)

/** @param {object} answer the server's @returns {Trajectories} */
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

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))

/** The size points are computed at when no node says one. @returns {Target} */
export function pictureTarget(width, height) {
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height))
  const side = (value) => Math.max(LEAST_SIDE, Math.round(value * scale))
  return { width: side(width), height: side(height), seed: 0 }
}

/** Off, the control points over the picture, the control picture itself, and off again. */
export function nextModelPreview(store) {
  store.setView({ modelPreview: MODEL_PREVIEWS[(MODEL_PREVIEWS.indexOf(store.view.modelPreview) + 1) % MODEL_PREVIEWS.length] })
}

export class PreviewRequest {
  /**
   * @param {import('./store.js').EditorStore} store
   * @param {{post: (body: string, signal: AbortSignal) => Promise<Response>, target: () => Target, changed: () => void}} host
   */
  constructor(store, host) {
    Object.assign(this, { store, host })
    /** @type {Trajectories|null} */
    this.trajectories = null
    /** What was asked last, finished or not. */
    this.key = ''
    this.message = ''
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
    if (components.length || camera) this.#ask(request)
    else this.message = TEXT.modelPreviewNothing
  }

  #forget(key) {
    this.abort?.abort()
    Object.assign(this, { key, trajectories: null, message: '', abort: null })
  }

  async #ask(request) {
    const abort = new AbortController()
    this.abort = abort
    const drawing = this.store.merged(this.store.drawing)
    const [trajectories, message] = await this.#answer({ drawing, ...request }, abort.signal)
    if (this.abort !== abort) return
    this.abort = null
    this.trajectories = trajectories
    this.message = trajectories ? withoutPoints(drawing, trajectories.empty) : message
    this.host.changed()
  }

  /** @returns {Promise<[Trajectories|null, string]>} what came, or why nothing did */
  async #answer(request, signal) {
    let response
    try {
      response = await this.host.post(JSON.stringify(request), signal)
    } catch (problem) {
      if (problem.name === 'AbortError') return [null, '']
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

/** Which components with arrows have no points yet, as one sentence. */
function withoutPoints(drawing, empty) {
  const visible = drawing.components.map((component, i) => [component, i]).filter(([component]) => !component.hidden)
  const names = empty.map((number) => visible[number]).filter((pair) => pair && arrowsOf(pair[0]).length)
    .map(([component, i]) => `“${nameOf(component, i)}”`)
  return names.length ? `${TEXT.modelPreviewEmpty} ${names.join(', ')}` : ''
}

function eachVisible(trajectories, frame, draw) {
  const count = trajectories.component.length
  for (let point = 0; point < count; point += 1) {
    const at = Math.min(frame, trajectories.frames - 1) * count + point
    if (trajectories.visible[at]) draw(trajectories.tracks[2 * at], trajectories.tracks[2 * at + 1], cssColor(componentColor(trajectories.component[point])))
  }
}

/** The control points over the picture. @param {import('./arrows.js').Scene} scene */
export function drawPoints(context, trajectories, frame, scene) {
  eachVisible(trajectories, frame, (x, y, color) => {
    const [sx, sy] = scene.toStage([(x + 0.5) / trajectories.width, (y + 0.5) / trajectories.height])
    context.beginPath()
    context.arc(sx, sy, 3.2, 0, 2 * Math.PI)
    context.fillStyle = color
    context.fill()
    context.strokeStyle = 'rgba(0, 0, 0, 0.75)'
    context.lineWidth = 1.25
    context.stroke()
  })
}

/** P itself, over the picture: black, a square per visible point. @param {import('./arrows.js').Scene} scene */
export function drawControlPicture(context, trajectories, frame, scene) {
  const [left, top] = scene.toStage([0, 0])
  const [right, bottom] = scene.toStage([1, 1])
  const [sx, sy] = [(right - left) / trajectories.width, (bottom - top) / trajectories.height]
  context.save()
  context.beginPath()
  context.rect(left, top, right - left, bottom - top)
  context.clip()
  context.fillStyle = '#000'
  context.fill()
  eachVisible(trajectories, frame, (x, y, color) => {
    context.fillStyle = color
    context.fillRect(left + squareStart(x) * sx, top + squareStart(y) * sy, SQUARE_PX * sx, SQUARE_PX * sy)
  })
  context.restore()
}
