/**
 * Select what is under the pointer: a box or clicks go to the server with a small copy of the picture, and the outline
 * that comes back is one stroke of the mask, undone in one step. Further clicks make the same stroke better.
 *
 * @import { Drawing, Gesture, History, PaintTarget, Point, Pointer, Size } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {[number, number, number, number]} SelectionBox  left, top, right, bottom in fractions
 * @typedef {{box: SelectionBox|null, include: Point[], exclude: Point[]}} Prompts
 * @typedef {Size & {pixels: string}} SmallPicture  red, green and blue bytes as base64
 * @typedef {object} SelectionHost
 * @property {(body: string, signal: AbortSignal) => Promise<Response>} select
 * @property {() => SmallPicture|null} picture null where none is shown
 * @property {(points: Point[]) => Point[]} refine an outline from it, along the edges of the picture itself
 *
 * @typedef {object} Session  one stroke in the making
 * @property {History<Drawing>} before
 * @property {PaintTarget} target
 * @property {Prompts} prompts
 * @property {History<Drawing>} after the history with the stroke as it is
 */
import { addStroke, roundPoints } from './document.js'
import { distance } from './geometry.js'
import { CLICK_SLACK } from './gestures.js'
import { TEXT } from './texts.js'

/** How a server answers that does not know the route. */
const MISSING = new Set([404, 405])

export class Selection {
  /** @param {EditorStore} store @param {SelectionHost} host */
  constructor(store, host) {
    this.store = store
    this.host = host
    this.page = `select-${Math.random().toString(36).slice(2)}`
    /** @type {Session|null} */
    this.session = null
    /** Of the request under way. @type {AbortController|null} */
    this.abort = null
  }

  /** What the clicks go on with, if nothing else has changed the document since. @returns {Session|null} */
  get current() {
    const { session, store } = this
    return session && store.history === session.after && store.view.tool === 'wand' ? session : null
  }

  /** @param {Pointer} start @returns {Gesture|null} */
  begin(start) {
    const { store } = this
    if (store.error) return null
    store.setView({ frame: 0, playing: false, hint: '' })
    const target = this.current?.target ?? store.paintTarget()
    if (target.refusal !== undefined) {
      store.setView({ hint: target.refusal })
      return null
    }
    /** @type {SelectionBox|null} */
    let box = null
    const show = (/** @type {Point[]} */ points) => {
      store.setDraft({ kind: 'stroke', index: target.index, stroke: { tool: 'lasso', points }, box: box ?? undefined })
    }
    return {
      move: (to) => {
        if (!box && distance(to.stage, start.stage) < CLICK_SLACK) return
        box = boxOf(start.frac, to.frac)
        const { draft } = store
        show(draft?.kind === 'stroke' && draft.box ? draft.stroke.points : corners(box))
        if (this.abort) return
        void this.#ask({ box, include: [], exclude: [] }).then((points) => {
          if (points?.length && store.draft?.kind === 'stroke' && store.draft.box) show(points)
        })
      },
      up: (to) => {
        const prompts = box ? { box: boxOf(start.frac, to.frac), include: [], exclude: [] } : this.#withClick(start)
        if (prompts) void this.#keep(prompts, box ? null : this.current)
        else store.setView({ hint: TEXT.wandFirst })
      },
      cancel: () => {
        this.stop()
        store.setDraft(null)
      },
    }
  }

  /** @param {Pointer} at @returns {Prompts|null} null where there is nothing yet that Alt could take away from */
  #withClick({ frac, alt }) {
    const { box, include, exclude } = this.current?.prompts ?? { box: null, include: [], exclude: [] }
    if (alt && !box && !include.length) return null
    return alt ? { box, include, exclude: [...exclude, frac] } : { box, include: [...include, frac], exclude }
  }

  /**
   * The final answer becomes a stroke, in place of the session's own.
   * @param {Prompts} prompts
   * @param {Session|null} session that goes on
   */
  async #keep(prompts, session) {
    const { store } = this
    const before = session?.before ?? store.history
    const target = session?.target ?? store.paintTarget()
    const seen = store.history
    if (target.refusal !== undefined) return
    store.setView({ hint: TEXT.wandWaits })
    const found = await this.#ask(prompts)
    if (store.draft?.kind === 'stroke') store.setDraft(null)
    if (!found || store.history !== seen) return
    const points = this.host.refine(found)
    const view = { selected: target.index, arrow: -1, point: -1, hint: '' }
    if (points.length < 3) {
      store.setView({ hint: TEXT.wandNothing })
      return
    }
    const clicks = prompts.include.length ? { clicks: roundPoints(prompts.include) } : {}
    const stroke = { tool: /** @type {const} */ ('lasso'), points: roundPoints(points), ...clicks }
    const drawing = addStroke(target.drawing, target.index, stroke)
    if (session) store.restore(before, drawing, view)
    else store.commit(drawing, view)
    if (store.drawing === drawing) this.session = { before, target, prompts, after: store.history }
  }

  /** @param {Prompts} prompts @returns {Promise<Point[]|null>} the outline; null where none came, which is said */
  async #ask(prompts) {
    const picture = this.host.picture()
    const { store } = this
    if (!picture) {
      store.setView({ hint: TEXT.wandPicture })
      return null
    }
    this.stop()
    const abort = new AbortController()
    this.abort = abort
    const [points, message] = await this.#answer({ page: this.page, ...picture, ...prompts }, abort.signal)
    if (this.abort !== abort) return null
    this.abort = null
    if (!points) store.setView({ hint: message })
    return points
  }

  /**
   * @param {object} request
   * @param {AbortSignal} signal
   * @returns {Promise<[Point[]|null, string]>} the outline, or why none came
   */
  async #answer(request, signal) {
    let response
    try {
      response = await this.host.select(JSON.stringify(request), signal)
    } catch {
      return [null, TEXT.wandOffline]
    }
    if (MISSING.has(response.status)) return [null, TEXT.wandMissing]
    const answer = await response.json().catch(() => null)
    if (response.ok && answer) return [answer.points, '']
    return [null, `${TEXT.wandFailed} ${answer?.error ?? response.status}`]
  }

  stop() {
    this.abort?.abort()
    this.abort = null
  }
}

/** @param {Point} a @param {Point} b @returns {SelectionBox} */
const boxOf = (a, b) => (
  [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])])

/** @param {SelectionBox} box @returns {Point[]} clockwise */
export const corners = ([left, top, right, bottom]) => [[left, top], [right, top], [right, bottom], [left, bottom]]

/**
 * RGBA pixels as they are sent.
 * @param {Uint8ClampedArray} rgba
 * @returns {string} red, green and blue as base64
 */
export function rgbBase64(rgba) {
  const parts = []
  const chunk = new Uint8Array(3 * 4096)
  for (let at = 0; at < rgba.length; at += 4 * 4096) {
    const count = Math.min(4096, (rgba.length - at) / 4)
    for (let i = 0; i < count; i += 1) for (let c = 0; c < 3; c += 1) chunk[3 * i + c] = rgba[at + 4 * i + c]
    parts.push(String.fromCharCode(...chunk.subarray(0, 3 * count)))
  }
  return btoa(parts.join(''))
}
