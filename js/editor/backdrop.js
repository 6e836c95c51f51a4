/**
 * What lies behind a gesture, kept as one bitmap larger than the stage: while something is dragged, only that is drawn
 * anew, and a pan moves the bitmap.
 *
 * @import { Vec } from './types.js'
 */
import { contextOf, makeCanvas } from './canvas.js'

/** How far the bitmap reaches beyond the stage on each side, in device pixels. */
const MARGIN = 256
/** After a pan has stood still for so many frames, the bitmap is painted anew where it has come to. */
const STILL_FRAMES = 5

/** @param {readonly unknown[]} a @param {readonly unknown[]} b */
const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i])

export class Backdrop {
  constructor() {
    this.canvas = makeCanvas(1, 1)
    /** What the bitmap shows, and where the picture's corner was when it was painted. @type {unknown[]|null} */
    this.key = null
    /** @type {Vec} */
    this.at = [0, 0]
    /** @type {Vec} */
    this.last = [0, 0]
    this.lastForm = ''
    this.still = 0
  }

  /**
   * Show what the key stands for. Where only `at` is another, the bitmap is moved, in whole device pixels; once the
   * pan has come to rest, it is painted sharply where it belongs. While the form changes with every frame (zooming) a
   * bitmap would be of no use, and everything is painted directly.
   * @param {CanvasRenderingContext2D} context
   * @param {unknown[]} key everything that the painting depends on but form and place, compared by identity
   * @param {string} form the picture's scale and the stage's size
   * @param {Vec} at where the picture's corner is, in device pixels
   * @param {(context: CanvasRenderingContext2D) => void} paint
   * @returns {boolean} whether this is final; if not, it wants to be drawn once more
   */
  draw(context, key, form, at, paint) {
    const reshaping = form !== this.lastForm && this.key !== null
    this.still = same(at, this.last) ? this.still + 1 : 0
    this.lastForm = form
    this.last = at
    if (reshaping) {
      paint(context)
      return true
    }
    const whole = [...key, form]
    if (!this.key || !same(whole, this.key)) this.#keep(context, whole, at, paint)
    const shift = [at[0] - this.at[0], at[1] - this.at[1]]
    const beyond = shift.some((value) => Math.abs(value) > MARGIN)
    if (beyond || (this.still >= STILL_FRAMES && !same(at, this.at))) {
      this.#keep(context, whole, at, paint)
      shift.fill(0)
    }
    context.save()
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(this.canvas, Math.round(shift[0]) - MARGIN, Math.round(shift[1]) - MARGIN)
    context.restore()
    return same(at, this.at)
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {unknown[]} key
   * @param {Vec} at
   * @param {(context: CanvasRenderingContext2D) => void} paint
   */
  #keep(context, key, at, paint) {
    const [width, height] = [context.canvas.width + 2 * MARGIN, context.canvas.height + 2 * MARGIN]
    if (this.canvas.width !== width || this.canvas.height !== height) this.canvas = makeCanvas(width, height)
    const ink = contextOf(this.canvas)
    ink.setTransform(1, 0, 0, 1, 0, 0)
    ink.clearRect(0, 0, width, height)
    const { a, b, c, d, e, f } = context.getTransform()
    ink.setTransform(a, b, c, d, e + MARGIN, f + MARGIN)
    paint(ink)
    this.key = key
    this.at = at
  }
}
