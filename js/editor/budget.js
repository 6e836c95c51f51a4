/**
 * How much work one drawing may ask for, counted from the document alone and as in Python (`budget.py`, which explains
 * the unit): both languages take and refuse the same documents. No DOM.
 *
 * @import { Point, Stroke } from './types.js'
 *
 * @typedef {[number, number, number, number]} Area  left, top, right, bottom in fractions of the frame
 */

export const BUDGET = Object.freeze({
  sweeps: 24_000, strokes: 20_000, points: 1_000_000, arrows: 10_000, pngPixels: 2 ** 29,
})
const PNG_SIDE = 16_384
const PNG_PIXELS = 8_192 * 8_192
/** Characters of base64 that hold signature, width, height, depth and kind. */
const PNG_HEADER = 44
const PNG_BEGINS = '\x89PNG\r\n\x1a\n'

const TURN_SWEEPS = 10
const WHOLE_SWEEPS = 10
const RESIZE_SWEEPS = 1_000
const ASPECT = 2

/** @type {Area} */
const NOTHING = [1, 1, 0, 0]
/** @type {Area} */
const WHOLE = [0, 0, 1, 1]

/**
 * What one mask costs: its outlines' height, its changes of tool, and its resizings by the area they look at.
 * @param {readonly Stroke[]} strokes checked already
 * @param {boolean} png whether they start from a picture
 */
export function maskSweeps(strokes, png) {
  let [area, total, before] = [png ? WHOLE : NOTHING, 0, '']
  for (const stroke of strokes) {
    const { tool } = stroke
    if (tool !== before) total += TURN_SWEEPS
    before = tool
    if (tool === 'fill' || tool === 'invert') {
      total += WHOLE_SWEEPS
      area = WHOLE
    } else if (tool === 'grow' || tool === 'shrink') {
      if (tool === 'grow') area = grown(area, stroke.radius)
      total += RESIZE_SWEEPS * Math.max(0, area[2] - area[0]) * Math.max(0, area[3] - area[1])
    } else if ('points' in stroke) {
      const closed = tool === 'lasso' || tool === 'lasso-erase'
      const radius = 'radius' in stroke && !closed ? stroke.radius : 0
      total += outline(stroke.points, radius, closed)
      if (tool === 'brush' || tool === 'lasso') area = withPoints(area, stroke.points, radius)
    }
  }
  return total
}

/** @param {readonly Point[]} points @param {number} radius @param {boolean} closed */
function outline(points, radius, closed) {
  const whole = closed || points.length === 1
  const thick = 2 * ASPECT * radius
  let before = whole ? points[points.length - 1][1] : points[0][1]
  let total = 0
  for (let i = whole ? 0 : 1; i < points.length; i += 1) {
    const v = points[i][1]
    total += Math.min(1, Math.abs(v - before) + thick)
    before = v
  }
  return total
}

/** @param {Area} area @param {readonly Point[]} points @param {number} radius @returns {Area} */
function withPoints([left, top, right, bottom], points, radius) {
  const tall = ASPECT * radius
  for (const [u, v] of points) {
    left = Math.min(left, u - radius)
    right = Math.max(right, u + radius)
    top = Math.min(top, v - tall)
    bottom = Math.max(bottom, v + tall)
  }
  return [Math.max(0, left), Math.max(0, top), Math.min(1, right), Math.min(1, bottom)]
}

/** @param {Area} area @param {number} radius @returns {Area} */
function grown(area, radius) {
  const [left, top, right, bottom] = area
  if (left > right || top > bottom) return area
  const tall = ASPECT * radius
  return [
    Math.max(0, left - radius), Math.max(0, top - tall), Math.min(1, right + radius), Math.min(1, bottom + tall),
  ]
}

/**
 * The size of a PNG in base64, from its first bytes alone.
 * @param {string} text
 * @returns {{width: number, height: number}|null} null for what is no greyscale PNG, or larger than is read
 */
export function pngSize(text) {
  let head
  try {
    head = atob(text.slice(0, PNG_HEADER))
  } catch {
    return null
  }
  if (head.length < 26 || !head.startsWith(PNG_BEGINS) || head.slice(12, 16) !== 'IHDR') return null
  const number = (/** @type {number} */ at) => (
    [0, 1, 2, 3].reduce((sum, i) => sum * 256 + head.charCodeAt(at + i), 0))
  const [width, height, depth, kind] = [number(16), number(20), head.charCodeAt(24), head.charCodeAt(25)]
  const small = width >= 1 && height >= 1 && Math.max(width, height) <= PNG_SIDE && width * height <= PNG_PIXELS
  return small && kind === 0 && [2, 4, 8].includes(depth) ? { width, height } : null
}

/** How deep lists and objects may lie in each other; the document itself needs eight levels. */
const MAX_DEPTH = 64

/**
 * What could not be saved again, or in one language only.
 * @param {unknown} value parsed JSON
 * @returns {'deep'|'infinite'|null}
 */
export function unsafe(value) {
  let level = [value]
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return 'deep'
    /** @type {unknown[]} */
    const deeper = []
    for (const container of level) {
      for (const item of Object.values(/** @type {object} */ (container))) {
        if (typeof item === 'object' && item !== null) deeper.push(item)
        else if (typeof item === 'number' && !Number.isFinite(item)) return 'infinite'
      }
    }
    level = deeper
  }
  return null
}
