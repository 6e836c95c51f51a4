/**
 * What lies behind a gesture, kept as one bitmap: while something is dragged, only that is drawn anew.
 */
import { makeCanvas } from './masks.js'

const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i])

export class Backdrop {
  constructor() {
    this.canvas = null
    this.key = null
    this.seen = []
  }

  /**
   * Paint what the key stands for. A key seen twice in a row is kept as a bitmap; one that changes with every frame
   * (the view while panning) is painted directly, which costs no more than without a bitmap.
   * @param {CanvasRenderingContext2D} context
   * @param {unknown[]} key everything that the painting depends on, compared by identity
   * @param {(context: CanvasRenderingContext2D) => void} paint
   */
  draw(context, key, paint) {
    if (!this.key || !same(key, this.key)) {
      const again = same(key, this.seen)
      this.seen = key
      this.key = null
      if (!again) {
        paint(context)
        return
      }
      this.#keep(context, key, paint)
    }
    context.save()
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(this.canvas, 0, 0)
    context.restore()
  }

  #keep(context, key, paint) {
    const { width, height } = context.canvas
    if (this.canvas?.width !== width || this.canvas.height !== height) this.canvas = makeCanvas(width, height)
    const ink = this.canvas.getContext('2d')
    ink.setTransform(1, 0, 0, 1, 0, 0)
    ink.clearRect(0, 0, width, height)
    ink.setTransform(context.getTransform())
    paint(ink)
    this.key = key
  }
}
