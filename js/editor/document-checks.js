/**
 * What a version-1 drawing document may hold, and one sentence for what it may not. No DOM.
 *
 * @import { Component, Easing, Playback } from './types.js'
 */
import { arrowsOf, nameOf, resizeCount, strokesOf } from './accessors.js'
import { BUDGET, maskSweeps, pngSize, unsafe } from './budget.js'
import { fill, PROBLEMS } from './texts.js'

export const VERSION = 1
/** @type {readonly unknown[]} */
const STROKE_TOOLS = Object.freeze(['brush', 'erase', 'lasso', 'lasso-erase', 'fill', 'invert', 'grow', 'shrink'])
/** Tools that need a radius, and the largest, in frame widths. @type {Readonly<Record<string, number>>} */
const MAX_RADIUS = Object.freeze({ brush: 10, erase: 10, grow: 0.25, shrink: 0.25 })
/** @type {Readonly<Record<string, number>>} */
const MIN_POINTS = Object.freeze({ brush: 1, erase: 1, lasso: 3, 'lasso-erase': 3 })
/** How often one mask may grow and shrink: each time looks at every pixel. */
export const MAX_RESIZES = 100
/** @type {readonly Easing[]} */
export const EASINGS = Object.freeze(['linear', 'ease-in', 'ease-out', 'ease-in-out'])
/** @type {readonly Playback[]} */
export const PLAYBACKS = Object.freeze(['once', 'reverse', 'ping-pong', 'loop'])
/** The camera does not run in reverse: the picture is where it starts. */
export const CAMERA_PLAYBACKS = Object.freeze(PLAYBACKS.filter((name) => name !== 'reverse'))
export const HOLD_LIMITS = Object.freeze({ holds: 32, held: 0.99, times: 100 })
/** @type {readonly unknown[]} */
const CURVES = Object.freeze(['straight', 'smooth'])

/** The same bounds as in Python: far beyond any drawing, near enough to catch nonsense. */
const LIMITS = Object.freeze({ components: 1000, arrowPoints: 10000, coordinate: 10000 })
export const CAMERA_LIMITS = Object.freeze({ pan: 10, minZoom: 0.01, maxZoom: 100, turn: 3600 })

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value)
/** @param {unknown} value */
const isCoordinate = (value) => isNumber(value) && Math.abs(value) <= LIMITS.coordinate

/** A value as a message quotes it. @param {unknown} value */
function quoted(value) {
  try {
    return JSON.stringify(value)?.slice(0, 60) ?? String(value)
  } catch { // nested more deeply than can be written
    return '[[[…'
  }
}

/**
 * @param {unknown} value must be a number from `min` to `max`, or may be missing
 * @param {string} where
 * @param {string} key
 * @param {number} min
 * @param {number} max
 * @returns {string|null}
 */
function rangeProblem(value, where, key, min, max) {
  if (value === undefined || (isNumber(value) && value >= min && value <= max)) return null
  return fill(PROBLEMS.range, where, key, min, max, quoted(value))
}

/**
 * @param {unknown} value @param {string} where @param {string} key @param {readonly unknown[]} options
 * @returns {string|null}
 */
function choiceProblem(value, where, key, options) {
  if (value === undefined || options.includes(value)) return null
  return fill(PROBLEMS.oneOf, where, key, options.join(', '), quoted(value))
}

/**
 * When a component or the camera moves, how fast, and which way.
 * @param {Record<string, unknown>} item
 * @param {string} where
 * @param {readonly Playback[]} playbacks
 * @returns {string|null}
 */
function timingProblem(item, where, playbacks) {
  const problem = rangeProblem(item.start, where, 'start', 0, 1) ?? rangeProblem(item.end, where, 'end', 0, 1)
  if (problem) return problem
  const [start, end] = [Number(item.start ?? 0), Number(item.end ?? 1)]
  if (start > end) return fill(PROBLEMS.order, where, start, end)
  const { bezier, holds, times } = item
  const isShare = (/** @type {unknown} */ value) => isNumber(value) && value >= 0 && value <= 1
  if (bezier != null && !(Array.isArray(bezier) && bezier.length === 4 && bezier.every(isShare))) {
    return fill(PROBLEMS.bezier, where, quoted(bezier))
  }
  if (times !== undefined && !Number.isInteger(times)) return fill(PROBLEMS.whole, where, 'times', quoted(times))
  return choiceProblem(item.easing, where, 'easing', EASINGS)
    ?? choiceProblem(item.playback, where, 'playback', playbacks)
    ?? rangeProblem(times, where, 'times', 1, HOLD_LIMITS.times) ?? holdsProblem(holds, where)
}

/** @param {unknown} holds @param {string} where @returns {string|null} */
function holdsProblem(holds, where) {
  if (holds === undefined) return null
  if (!Array.isArray(holds)) return fill(PROBLEMS.list, where, 'holds', quoted(holds))
  if (holds.length > HOLD_LIMITS.holds) return fill(PROBLEMS.manyHolds, where, holds.length, HOLD_LIMITS.holds)
  let held = 0
  for (const [i, hold] of holds.entries()) {
    const at = fill(PROBLEMS.hold, where, i + 1)
    if (!isObject(hold)) return fill(PROBLEMS.object, at, quoted(hold))
    const problem = rangeProblem(hold.place ?? null, at, 'place', 0, 1)
      ?? rangeProblem(hold.span ?? null, at, 'span', 0, HOLD_LIMITS.held)
    if (problem) return problem
    held += Number(hold.span)
  }
  return held > HOLD_LIMITS.held ? fill(PROBLEMS.held, where, held, HOLD_LIMITS.held) : null
}

/** @param {unknown} points @param {string} where @param {number} min how many there must be @returns {string|null} */
function pointsProblem(points, where, min) {
  if (!Array.isArray(points)) return fill(PROBLEMS.pointsList, where, quoted(points))
  if (points.length < min) return fill(min > 1 ? PROBLEMS.fewPoints : PROBLEMS.onePoint, where, min, points.length)
  const bad = points.findIndex((p) => !Array.isArray(p) || p.length !== 2 || !p.every(isCoordinate))
  if (bad >= 0) return fill(PROBLEMS.pair, fill(PROBLEMS.point, where, bad + 1), quoted(points[bad]))
  return null
}

/** @param {unknown} stroke @param {string} where @returns {string|null} */
function strokeProblem(stroke, where) {
  if (!isObject(stroke)) return fill(PROBLEMS.object, where, quoted(stroke))
  const { tool, radius, points } = stroke
  if (typeof tool !== 'string' || !STROKE_TOOLS.includes(tool)) {
    return fill(PROBLEMS.oneOf, where, 'tool', STROKE_TOOLS.join(', '), quoted(tool))
  }
  const max = MAX_RADIUS[tool] ?? (radius == null ? 0 : MAX_RADIUS.brush)
  if (max && !(isNumber(radius) && radius > 0 && radius <= max)) {
    return fill(PROBLEMS.radius, where, max, quoted(radius))
  }
  const min = MIN_POINTS[tool] ?? 0
  return min || points !== undefined ? pointsProblem(points, where, min) : null
}

/** @param {unknown} mask @param {string} where @returns {string|null} */
function maskProblem(mask, where) {
  if (mask === undefined) return null
  if (!isObject(mask)) return fill(PROBLEMS.mask, where, quoted(mask))
  if (mask.png != null && !(typeof mask.png === 'string' && pngSize(mask.png))) {
    return fill(PROBLEMS.png, where, quoted(mask.png))
  }
  if (mask.strokes === undefined) return null
  if (!Array.isArray(mask.strokes)) return fill(PROBLEMS.list, where, 'strokes', quoted(mask.strokes))
  for (const [i, stroke] of mask.strokes.entries()) {
    const problem = strokeProblem(stroke, fill(PROBLEMS.stroke, where, i + 1))
    if (problem) return problem
  }
  const count = resizeCount(mask)
  return count > MAX_RESIZES ? fill(PROBLEMS.resizings, where, count, MAX_RESIZES) : null
}

/** @param {unknown} arrows @param {string} where @returns {string|null} */
function arrowsProblem(arrows, where) {
  if (arrows === undefined) return null
  if (!Array.isArray(arrows)) return fill(PROBLEMS.list, where, 'arrows', quoted(arrows))
  for (const [i, arrow] of arrows.entries()) {
    const at = fill(PROBLEMS.arrow, where, i + 1)
    if (!isObject(arrow)) return fill(PROBLEMS.object, at, quoted(arrow))
    const { curve, points } = arrow
    if (curve !== undefined && !CURVES.includes(curve)) return fill(PROBLEMS.curve, at, quoted(curve))
    const problem = pointsProblem(points, at, 1)
    if (problem) return problem
    const count = /** @type {unknown[]} */ (points).length
    if (count > LIMITS.arrowPoints) return fill(PROBLEMS.manyPoints, at, count, LIMITS.arrowPoints)
  }
  return null
}

/** @param {unknown} component @param {number} index @returns {string|null} */
function componentProblem(component, index) {
  const where = isObject(component) && typeof component.name === 'string'
    ? fill(PROBLEMS.componentNamed, index + 1, component.name) : fill(PROBLEMS.component, index + 1)
  if (!isObject(component)) return fill(PROBLEMS.object, where, quoted(component))
  if (component.name !== undefined && typeof component.name !== 'string') {
    return fill(PROBLEMS.name, where, quoted(component.name))
  }
  for (const key of ['hidden', 'locked']) {
    if (component[key] !== undefined && typeof component[key] !== 'boolean') {
      return fill(PROBLEMS.flag, where, key, quoted(component[key]))
    }
  }
  return timingProblem(component, where, PLAYBACKS) ?? maskProblem(component.mask, where)
    ?? arrowsProblem(component.arrows, where)
}

/** @param {unknown} camera @returns {string|null} */
function cameraProblem(camera) {
  if (camera === undefined) return null
  if (!isObject(camera)) return fill(PROBLEMS.cameraObject, quoted(camera))
  const { pan, zoom, turn } = camera
  const where = PROBLEMS.camera
  const isShift = (/** @type {unknown} */ value) => isNumber(value) && Math.abs(value) <= CAMERA_LIMITS.pan
  if (pan !== undefined && !(Array.isArray(pan) && pan.length === 2 && pan.every(isShift))) {
    return fill(PROBLEMS.pan, where, CAMERA_LIMITS.pan, quoted(pan))
  }
  return rangeProblem(zoom, where, 'zoom', CAMERA_LIMITS.minZoom, CAMERA_LIMITS.maxZoom)
    ?? rangeProblem(turn, where, 'turn', -CAMERA_LIMITS.turn, CAMERA_LIMITS.turn)
    ?? timingProblem(camera, where, CAMERA_PLAYBACKS)
}

/**
 * Whether all components together are within the budget; the message names the one that needs most.
 * @param {readonly Component[]} components checked already
 * @returns {string|null}
 */
export function budgetProblem(components) {
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, n) => total + n, 0)
  /** @type {[string, number, (component: Component) => number][]} */
  const amounts = [
    ['strokes', BUDGET.strokes, (c) => strokesOf(c).length],
    ['points', BUDGET.points, (c) => (
      sum(strokesOf(c).map((stroke) => ('points' in stroke ? stroke.points.length : 0)))
        + sum(arrowsOf(c).map((arrow) => arrow.points.length)))],
    ['arrows', BUDGET.arrows, (c) => arrowsOf(c).length],
    ['pixels', BUDGET.pngPixels, (c) => {
      const { width, height } = (c.mask?.png && pngSize(c.mask.png)) || { width: 0, height: 0 }
      return width * height
    }],
    ['sweeps', BUDGET.sweeps, (c) => maskSweeps(strokesOf(c), c.mask?.png != null)],
  ]
  for (const [what, most, of] of amounts) {
    const each = components.map(of)
    const total = sum(each)
    if (total <= most) continue
    const heaviest = each.indexOf(each.reduce((a, b) => Math.max(a, b)))
    const where = fill(PROBLEMS.componentNamed, heaviest + 1, nameOf(components[heaviest], heaviest))
    return fill(PROBLEMS.budget, Math.round(total), what, most, where, Math.round(each[heaviest]))
  }
  return null
}

/**
 * @param {unknown} value a parsed JSON value
 * @returns {string|null} one sentence saying what is wrong and where, or null
 */
export function drawingProblem(value) {
  if (!isObject(value)) return fill(PROBLEMS.drawingObject, quoted(value))
  const { version, components, image, camera } = value
  if (version !== VERSION) return fill(PROBLEMS.version, VERSION, quoted(version))
  if (!Array.isArray(components)) return fill(PROBLEMS.componentsList, quoted(components))
  if (components.length > LIMITS.components) {
    return fill(PROBLEMS.manyComponents, components.length, LIMITS.components)
  }
  if (image !== undefined && image !== null && !(typeof image === 'string' && image.trim())) {
    return fill(PROBLEMS.image, quoted(image))
  }
  for (const [i, component] of components.entries()) {
    const problem = componentProblem(component, i)
    if (problem) return problem
  }
  const kind = unsafe(value)
  if (kind) return kind === 'deep' ? PROBLEMS.deep : PROBLEMS.infinite
  return cameraProblem(camera) ?? budgetProblem(/** @type {Component[]} */ (components))
}
