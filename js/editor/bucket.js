/**
 * Fill what is alike: a click becomes one lasso stroke, found in the page; another tolerance finds the same
 * stroke anew.
 *
 * @import { Drawing, History, PaintTarget, Pointer } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {object} Filled  the last fill
 * @property {History<Drawing>} before
 * @property {History<Drawing>} after
 * @property {PaintTarget} target
 * @property {Pointer} at
 */
import { addStroke, roundPoints } from './document.js'
import { alike, outlineOf } from './flood.js'
import { TEXT } from './texts.js'

export class Bucket {
  /** @param {EditorStore} store @param {() => ImageData|null} pixels of the picture; null where none is shown */
  constructor(store, pixels) {
    this.store = store
    this.pixels = pixels
    /** @type {Filled|null} */
    this.last = null
  }

  /** @param {Pointer} at */
  press(at) {
    const { store } = this
    store.setView({ frame: 0, playing: false, hint: '' })
    const target = store.paintTarget()
    if (target.refusal !== undefined) store.setView({ hint: target.refusal })
    else this.#fill({ before: store.history, target, at })
  }

  /** The last fill follows, if nothing else has changed the document since. @param {number} tolerance 0–255 */
  setTolerance(tolerance) {
    const { store, last } = this
    store.setView({ tolerance: Math.round(tolerance) })
    if (last && store.history === last.after) this.#fill(last)
  }

  /** @param {Omit<Filled, 'after'>} fill */
  #fill({ before, target, at }) {
    const { store } = this
    const picture = this.pixels()
    const [x, y] = at.frac.map((value, i) => Math.floor(value * (i ? picture?.height ?? 0 : picture?.width ?? 0)))
    if (!picture) store.setView({ hint: TEXT.wandPicture })
    if (!picture || x < 0 || y < 0 || x >= picture.width || y >= picture.height) return
    const points = roundPoints(outlineOf(alike(picture, x, y, store.view.tolerance)))
    const drawing = addStroke(target.drawing, target.index, { tool: at.alt ? 'lasso-erase' : 'lasso', points })
    store.restore(before, drawing, { selected: target.index, arrow: -1, point: -1 })
    this.last = store.drawing === drawing ? { before, after: store.history, target, at } : null
  }
}
