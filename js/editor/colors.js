/**
 * Component colors: the ones drawn into P, in this order, cycling.
 * The same table lives in Python (COMPONENT_COLORS).
 *
 * @import { Component, Rgb } from './types.js'
 */

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

/** A hidden component has no color of its own, since it is not in P. @type {Rgb} */
const HIDDEN = Object.freeze([136, 136, 136])

/**
 * The color a component has in P, where only the visible ones count.
 * @param {{components: readonly Component[]}} drawing
 * @param {number} index may be one past the end: a component about to be added
 * @returns {Rgb}
 */
export function drawnColor(drawing, index) {
  if (drawing.components[index]?.hidden) return HIDDEN
  return componentColor(drawing.components.slice(0, index).filter((c) => !c.hidden).length)
}

/**
 * @param {Rgb} rgb
 * @returns {string} a CSS color
 */
export function cssColor([r, g, b]) {
  return `rgb(${r}, ${g}, ${b})`
}
