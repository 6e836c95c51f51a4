/**
 * A component's values with those that it leaves out filled in. No DOM.
 *
 * @typedef {import('./document.js').Component} Component
 * @typedef {import('./document.js').Mask} Mask
 */

/** @param {Component} component */
export const strokesOf = (component) => component.mask?.strokes ?? []
/** @param {Component} component */
export const arrowsOf = (component) => component.arrows ?? []
/** @param {Component|import('./camera.js').Camera} component */
export const startOf = (component) => component.start ?? 0
/** @param {Component} component */
export const endOf = (component) => component.end ?? 1
/** @param {Component} component */
export const easingOf = (component) => component.easing ?? 'linear'
/** @param {Component} component @param {number} index */
export const nameOf = (component, index) => component.name || `component ${index + 1}`

/** How often a mask grows or shrinks. @param {Mask|undefined} mask */
export const resizingsOf = (mask) => (mask?.strokes ?? []).filter(({ tool }) => tool === 'grow' || tool === 'shrink').length

/**
 * Whether a component's mask comes from the node's mask input: nothing is drawn, or it says so itself.
 * @param {Component} component
 */
export function takesInput(component) {
  return component.mask?.source === 'input' || (strokesOf(component).length === 0 && component.mask?.png == null)
}
