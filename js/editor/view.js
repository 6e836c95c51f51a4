/**
 * Zoom and pan of the stage: which part of the picture is shown where. Pure arithmetic.
 *
 * The picture's corner-origin coordinates (x = u·width) become stage coordinates: stage = offset + scale · picture.
 * @typedef {{scale: number, x: number, y: number}} View  scale in CSS pixels per picture pixel
 */

const MAX_SCALE = 40
const MARGIN = 10

/** @returns {View} the whole picture, centred */
export function fitView(stageWidth, stageHeight, width, height, margin = MARGIN) {
  const scale = Math.max(Math.min((stageWidth - 2 * margin) / width, (stageHeight - 2 * margin) / height), 1e-3)
  return { scale, x: (stageWidth - width * scale) / 2, y: (stageHeight - height * scale) / 2 }
}

/**
 * Zoom by `factor` keeping the picture under (x, y) where it is.
 * @param {View} view
 * @param {number} leastScale zooming out stops here
 * @returns {View}
 */
export function zoomView(view, factor, x, y, leastScale) {
  const scale = Math.min(Math.max(view.scale * factor, leastScale), Math.max(MAX_SCALE, leastScale))
  const ratio = scale / view.scale
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio }
}

/** @param {View} view @returns {View} */
export function panView(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy }
}

/** Keep at least a strip of the picture on the stage. @returns {View} */
export function clampView(view, stageWidth, stageHeight, width, height, strip = 40) {
  const clamp = (value, size, stage) => Math.min(Math.max(value, strip - size), stage - strip)
  return { ...view, x: clamp(view.x, width * view.scale, stageWidth), y: clamp(view.y, height * view.scale, stageHeight) }
}

/** @returns {[number, number]} fractions of the picture */
export function stageToFrac(view, [x, y], width, height) {
  return [(x - view.x) / (view.scale * width), (y - view.y) / (view.scale * height)]
}

/** @returns {[number, number]} CSS pixels on the stage */
export function fracToStage(view, [u, v], width, height) {
  return [view.x + u * width * view.scale, view.y + v * height * view.scale]
}
