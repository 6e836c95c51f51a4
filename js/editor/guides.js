/**
 * Lines over the picture that help to place things, and places that snap to pixels.
 *
 * @import { Arrow, Point, Projection, Size, StageView, Vec } from './types.js'
 */
import { drawLabel } from './arrows.js'
import { arcLengths, arrowPathPx, pointAlong, stagePath } from './geometry.js'

/** Lines of the grid are at least so many CSS pixels apart. */
const MIN_GAP = 14

/**
 * @param {Point} place
 * @param {Size} size of the picture
 * @param {boolean} corner whether to the pixel's nearest corner, where an outline runs, and not to its middle
 * @returns {Point}
 */
export function snapped([u, v], { width, height }, corner) {
  const to = (/** @type {number} */ share, /** @type {number} */ side) => (
    (corner ? Math.round(share * side) : Math.floor(share * side) + 0.5) / side)
  return [to(u, width), to(v, height)]
}

/** @param {number} scale CSS pixels per pixel of the picture @returns {number} how many pixels the grid's cells have */
export const gridStep = (scale) => 2 ** Math.max(0, Math.ceil(Math.log2(MIN_GAP / scale)))

/**
 * Each line twice, dark beside light, so that one of them shows.
 * @param {CanvasRenderingContext2D} context
 * @param {Size} size of the picture
 * @param {StageView} view
 * @param {number[]} xs pixels of the picture, from its corner
 * @param {number[]} ys
 * @param {number} alpha
 */
function drawLines(context, { width, height }, { scale, x: left, y: top }, xs, ys, alpha) {
  context.beginPath()
  const crisp = (/** @type {number} */ value) => Math.floor(value) + 0.5
  for (const x of xs) {
    context.moveTo(crisp(left + x * scale), top)
    context.lineTo(crisp(left + x * scale), top + height * scale)
  }
  for (const y of ys) {
    context.moveTo(left, crisp(top + y * scale))
    context.lineTo(left + width * scale, crisp(top + y * scale))
  }
  context.save()
  context.lineWidth = 1
  for (const shade of [0, 255]) {
    context.strokeStyle = `rgba(${shade}, ${shade}, ${shade}, ${alpha})`
    context.stroke()
    context.translate(1, 1)
  }
  context.restore()
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Size} size of the picture
 * @param {StageView} view
 * @param {Vec} stage its size
 */
export function drawGrid(context, size, view, stage) {
  const step = gridStep(view.scale)
  /**
   * Multiples of the step that are in the picture and on the stage.
   * @type {(side: number, offset: number, room: number) => number[]}
   */
  const places = (side, offset, room) => {
    const first = Math.max(1, Math.ceil(-offset / view.scale / step))
    const last = Math.min(Math.ceil(side / step) - 1, Math.floor((room - offset) / view.scale / step))
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step)
  }
  drawLines(context, size, view, places(size.width, view.x, stage[0]), places(size.height, view.y, stage[1]), 0.4)
  const bottom = Math.min(view.y + size.height * view.scale, stage[1])
  drawLabel(context, [Math.max(view.x, 0) - 8, bottom + 4], `${step} px`, stage[0])
}

/** @param {CanvasRenderingContext2D} context @param {Size} size of the picture @param {StageView} view */
export function drawThirds(context, size, view) {
  const thirds = (/** @type {number} */ side) => [side / 3, (2 * side) / 3]
  drawLines(context, size, view, thirds(size.width), thirds(size.height), 0.75)
}

/**
 * How long an arrow is, in pixels of the picture, beside its middle.
 * @param {CanvasRenderingContext2D} context
 * @param {Arrow} arrow
 * @param {Projection} scene
 * @param {number} stageWidth
 */
export function drawLength(context, arrow, scene, stageWidth) {
  const length = arcLengths(arrowPathPx(arrow, scene.width, scene.height)).at(-1) ?? 0
  if (length === 0) return
  const text = `${length < 10 ? length.toFixed(1) : Math.round(length)} px`
  drawLabel(context, pointAlong(stagePath(arrow, scene), 0.5), text, stageWidth)
}
