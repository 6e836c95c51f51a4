/**
 * A component's values with those that it leaves out filled in. No DOM.
 *
 * @import { Arrow, Component, Easing, Hold, Mask, Stroke, Timing } from './types.js'
 */

/** @param {Component} component @returns {Stroke[]} */
export const strokesOf = (component) => component.mask?.strokes ?? []
/** @param {Component} component @returns {Arrow[]} */
export const arrowsOf = (component) => component.arrows ?? []
/** @param {Timing} item a component or the camera */
export const startOf = (item) => item.start ?? 0
/** @param {Timing} item */
export const endOf = (item) => item.end ?? 1
/** @param {Timing} item @returns {Easing} */
export const easingOf = (item) => item.easing ?? 'linear'
/** @param {Timing} item @returns {readonly Hold[]} */
export const holdsOf = (item) => item.holds ?? []
/** @param {Timing} item @returns {boolean} whether it runs from its arrows' tips to their starts */
export const isReverse = (item) => item.playback === 'reverse'
/** @param {Timing} item @returns {number} how many ways it runs between its start and end */
export const runsOf = (item) => (item.playback === 'ping-pong' || item.playback === 'loop' ? item.times ?? 2 : 1)
/** @param {Component} component @param {number} index */
export const nameOf = (component, index) => component.name || `component ${index + 1}`

/** @param {Mask|undefined} mask @returns {number} how often it grows or shrinks */
export const resizeCount = (mask) => (
  (mask?.strokes ?? []).filter(({ tool }) => tool === 'grow' || tool === 'shrink').length)

/** @param {Component} component @returns {boolean} whether anything was painted, or a picture is its mask */
export const hasMask = (component) => strokesOf(component).length > 0 || component.mask?.png != null

/**
 * Whether a component's mask comes from the node's mask input: nothing is drawn, or it says so itself.
 * @param {Component} component
 */
export function takesInput(component) {
  return component.mask?.source === 'input' || (strokesOf(component).length === 0 && component.mask?.png == null)
}
