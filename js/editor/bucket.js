/**
 * Fill what is alike: a click becomes one lasso stroke, found in the page; another tolerance, typed or dragged, finds
 * the same stroke anew.
 *
 * @import { Drawing, Gesture, History, LassoStroke, PaintTarget, Pointer } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {object} Filled  the last fill
 * @property {History<Drawing>} before
 * @property {History<Drawing>} after
 * @property {PaintTarget} target
 * @property {Pointer} at
 */
import { addStroke, roundPoints } from './document.js'
import { clamp } from './dom.js'
import { alike, outlineOf } from './flood.js'
import { CLICK_SLACK } from './gestures.js'
import { TEXT } from './texts.js'

/** How much tolerance a drag by one pixel of the stage is. */
const PER_PIXEL = 0.5

export class Bucket {
  /** @param {EditorStore} store @param {() => ImageData|null} pixels of the picture; null where none is shown */
  constructor(store, pixels) {
    this.store = store
    this.pixels = pixels
    /** @type {Filled|null} */
    this.last = null
  }

  /**
   * A click fills; dragged to the right the same fill takes more, to the left less.
   * @param {Pointer} at
   * @returns {Gesture|null}
   */
  begin(at) {
    const { store } = this
    const { tolerance } = store.view
    store.setView({ frame: 0, playing: false, hint: '' })
    const target = store.paintTarget()
    if (target.refusal !== undefined) store.setView({ hint: target.refusal })
    if (target.refusal !== undefined) return null
    const fill = { before: store.history, target, at }
    /** @type {LassoStroke|null} */
    let stroke = null
    const show = () => {
      stroke = this.#found(fill)
      store.setDraft(stroke && { kind: 'stroke', index: target.index, stroke })
    }
    show()
    let dragged = false
    return stroke && {
      latest: true,
      move: (to) => {
        const across = to.stage[0] - at.stage[0]
        dragged ||= Math.abs(across) > CLICK_SLACK
        if (!dragged || !store.setView({ tolerance: within(tolerance + across * PER_PIXEL) })) return
        show()
      },
      up: () => this.#keep(fill, stroke),
      cancel: () => {
        store.setDraft(null)
        store.setView({ tolerance })
      },
    }
  }

  /** The last fill follows, if nothing else has changed the document since. @param {number} tolerance 0–255 */
  setTolerance(tolerance) {
    const { store, last } = this
    store.setView({ tolerance: within(tolerance) })
    if (last && store.history === last.after) this.#keep(last, this.#found(last))
  }

  /** @param {Omit<Filled, 'after'>} fill @returns {LassoStroke|null} null where there is no picture */
  #found({ at }) {
    const picture = this.pixels()
    const [x, y] = at.frac.map((value, i) => Math.floor(value * (i ? picture?.height ?? 0 : picture?.width ?? 0)))
    if (!picture) this.store.setView({ hint: TEXT.wandPicture })
    if (!picture || x < 0 || y < 0 || x >= picture.width || y >= picture.height) return null
    const points = roundPoints(outlineOf(alike(picture, x, y, this.store.view.tolerance)))
    return { tool: at.alt ? 'lasso-erase' : 'lasso', points }
  }

  /** @param {Omit<Filled, 'after'>} fill @param {LassoStroke|null} stroke */
  #keep({ before, target, at }, stroke) {
    const { store } = this
    if (!stroke) return
    const drawing = addStroke(target.drawing, target.index, stroke)
    store.restore(before, drawing, { selected: target.index, arrow: -1, point: -1 })
    this.last = store.drawing === drawing ? { before, after: store.history, target, at } : null
  }
}

/** @param {number} tolerance */
const within = (tolerance) => Math.round(clamp(tolerance, 0, 255))
