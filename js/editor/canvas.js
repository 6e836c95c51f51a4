/** Canvases off the page. */

/** @param {number} width @param {number} height @returns {HTMLCanvasElement} of at least one pixel */
export function makeCanvas(width, height) {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, width)
  canvas.height = Math.max(1, height)
  return canvas
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D}
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext('2d', settings)
  if (!context) throw new Error('The browser gives the editor no 2D canvas to draw on.')
  return context
}
