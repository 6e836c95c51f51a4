/**
 * Component colors: the ones drawn into P, in this order, cycling. The same table lives in Python (COMPONENT_COLORS).
 * The editor may show all of them turned on the color wheel.
 *
 * @import { Component, Rgb } from './types.js'
 */

import { preferences } from './preferences.js'

/** @type {readonly Rgb[]} */
const COLORS = Object.freeze([
  [255, 48, 48], [48, 224, 64], [64, 112, 255], [255, 216, 32],
  [255, 72, 232], [32, 224, 232], [255, 144, 32], [168, 88, 255],
  [176, 240, 48], [255, 136, 168], [40, 168, 136], [208, 168, 112],
])

/**
 * @param {number} index component index, 0-based
 * @returns {Rgb}
 */
export function componentColor(index) {
  return COLORS[index % COLORS.length]
}

/**
 * @param {Rgb} rgb
 * @param {number} degrees
 * @returns {Rgb} the color so far on along the color wheel, as vivid and as bright
 */
export function turnHue(rgb, degrees) {
  const [low, high] = [Math.min(...rgb), Math.max(...rgb)]
  const [r, g, b] = rgb.map((value) => (value - low) / (high - low))
  const sixth = r === 1 ? g - b : g === 1 ? 2 + b - r : 4 + r - g
  const channel = (/** @type {number} */ at) => {
    const away = Math.abs(((sixth + degrees / 60 - at + 15) % 6) - 3)
    return Math.round(low + (high - low) * Math.min(Math.max(2 - away, 0), 1))
  }
  return [channel(0), channel(2), channel(4)]
}

/**
 * The colors as they are shown, the same objects until the preference changes.
 * @type {{by: number, colors: readonly Rgb[]}}
 */
let turned = { by: 0, colors: COLORS }

/** A hidden component has no color of its own, since it is not in P. @type {Rgb} */
const HIDDEN = Object.freeze([136, 136, 136])

/**
 * The color a component is shown in: where nobody prefers others, the one it has in P. Only visible ones count.
 * @param {{components: readonly Component[]}} drawing
 * @param {number} index may be one past the end: a component about to be added
 * @returns {Rgb}
 */
export function drawnColor(drawing, index) {
  if (drawing.components[index]?.hidden) return HIDDEN
  const { maskHue: by } = preferences
  if (turned.by !== by) turned = { by, colors: by ? COLORS.map((rgb) => turnHue(rgb, by)) : COLORS }
  return turned.colors[drawing.components.slice(0, index).filter((c) => !c.hidden).length % COLORS.length]
}

/**
 * @param {Rgb} rgb
 * @returns {string} a CSS color
 */
export function cssColor([r, g, b]) {
  return `rgb(${r}, ${g}, ${b})`
}
