/**
 * What a component's arrows do to it, in numbers and, where that is probably a slip, in a sentence. No DOM.
 *
 * @import { Component, Draft, Drawing, Size } from './types.js'
 *
 * @typedef {object} Readout
 * @property {number} scale how many times as large the component is where it is farthest on its way: at the end, or
 *   where it turns back
 * @property {number} turn degrees clockwise there; beyond 360 for more than a full turn
 * @property {number} way how far its middle is there from where it was, in pixels
 */
import { arrowsOf, nameOf } from './accessors.js'
import { addArrow } from './document.js'
import { arrowPositions, componentMotion, farthestFrame, middle, turnAt } from './motion.js'
import { fill, TEXT } from './texts.js'

/** Beyond these a motion is spoken of: arrows that start close together scale and turn more than anybody means. */
const LARGE_SCALE = 3
const LARGE_TURN = 180

/**
 * @param {Component} component
 * @param {number} frames
 * @param {Size} size of the picture
 * @returns {Readout}
 */
export function readout(component, frames, { width, height }) {
  const last = farthestFrame(component, frames)
  const { a: [re, im] } = componentMotion(component, last, frames, width, height)
  const turn = turnAt(component, last, frames, width, height)
  const [from, to] = [0, last].map((frame) => middle(arrowPositions(component, frame, frames, width, height)))
  return { scale: Math.hypot(re, im), turn: (turn * 180) / Math.PI, way: Math.hypot(to[0] - from[0], to[1] - from[1]) }
}

/**
 * "×1.24 12° 84 px"; what does not change is left out, and nothing is said of a component without arrows.
 * @param {Component} component
 * @param {number} frames
 * @param {Size} size
 */
export function readoutText(component, frames, size) {
  if (arrowsOf(component).length === 0) return ''
  const { scale, turn, way } = readout(component, frames, size)
  const parts = [`${Math.round(way)} px`]
  if (Math.abs(turn) >= 0.5) parts.unshift(`${Math.round(turn)}°`.replace('-', '−'))
  if (Math.abs(scale - 1) >= 0.005) parts.unshift(`×${scale.toPrecision(3)}`)
  return parts.join(' ')
}

/**
 * @param {Component} component
 * @param {number} index
 * @param {number} frames
 * @param {Size} size
 * @returns {string} one sentence where it scales or turns more than is likely meant, or ''
 */
export function largeMotion(component, index, frames, size) {
  if (arrowsOf(component).length < 2) return ''
  const { scale, turn } = readout(component, frames, size)
  const name = nameOf(component, index)
  if (scale > LARGE_SCALE) return fill(TEXT.growsMuch, name, scale.toFixed(1))
  if (scale < 1 / LARGE_SCALE) return fill(TEXT.shrinksMuch, name, (1 / Math.max(scale, 0.01)).toFixed(1))
  return Math.abs(turn) > LARGE_TURN ? fill(TEXT.turnsMuch, name, Math.round(Math.abs(turn))) : ''
}

/**
 * The document as it would be if the gesture in progress ended where the pointer is.
 * @param {Drawing} shown
 * @param {Draft|null} draft
 * @returns {Drawing}
 */
export function ifEndedNow(shown, draft) {
  if (draft?.kind !== 'arrow') return shown
  const points = draft.rubber ? [...draft.points, draft.rubber] : draft.points
  return addArrow(draft.base, draft.index, { points, curve: draft.curve })
}
