/**
 * Zoom and pan of the stage: which part of the picture is shown where. Pure arithmetic.
 *
 * The picture's corner-origin coordinates (x = u·width) become stage coordinates: stage = offset + scale · picture.
 *
 * @import { Point, StageView, Vec } from './types.js'
 */

const MAX_SCALE = 40
/** So much of the picture, in CSS pixels, always stays on the stage. */
const STRIP = 40

/**
 * @param {number} stageWidth
 * @param {number} stageHeight
 * @param {number} width
 * @param {number} height
 * @param {number} margin around the picture, in CSS pixels
 * @returns {StageView} the whole picture, centred
 */
export function fitView(stageWidth, stageHeight, width, height, margin) {
  const scale = Math.max(Math.min((stageWidth - 2 * margin) / width, (stageHeight - 2 * margin) / height), 1e-3)
  return { scale, x: (stageWidth - width * scale) / 2, y: (stageHeight - height * scale) / 2 }
}

/**
 * Zoom by `factor` keeping the picture under (x, y) where it is.
 * @param {StageView} view
 * @param {number} factor
 * @param {number} x
 * @param {number} y
 * @param {number} minScale zooming out stops here
 * @returns {StageView}
 */
export function zoomView(view, factor, x, y, minScale) {
  const scale = Math.min(Math.max(view.scale * factor, minScale), Math.max(MAX_SCALE, minScale))
  const ratio = scale / view.scale
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio }
}

/** @param {StageView} view @param {number} dx @param {number} dy @returns {StageView} */
export function panView(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy }
}

/**
 * Keep at least a strip of the picture on the stage.
 * @param {StageView} view
 * @param {number} stageWidth
 * @param {number} stageHeight
 * @param {number} width
 * @param {number} height
 * @returns {StageView}
 */
export function clampView(view, stageWidth, stageHeight, width, height) {
  const [x, y] = [clamp(view.x, width * view.scale, stageWidth), clamp(view.y, height * view.scale, stageHeight)]
  return { ...view, x, y }
}

/** @param {number} value @param {number} size @param {number} stage */
const clamp = (value, size, stage) => Math.min(Math.max(value, STRIP - size), stage - STRIP)

/** @param {StageView} view @param {Vec} stage_px @param {number} width @param {number} height @returns {Point} */
export function stageToFrac(view, [x, y], width, height) {
  return [(x - view.x) / (view.scale * width), (y - view.y) / (view.scale * height)]
}

/** @param {StageView} view @param {Point} frac @param {number} width @param {number} height @returns {Vec} */
export function fracToStage(view, [u, v], width, height) {
  return [view.x + u * width * view.scale, view.y + v * height * view.scale]
}
