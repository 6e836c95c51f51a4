/** What a version-1 drawing document may hold, and one sentence for what it may not. No DOM. */
import { resizingsOf } from './accessors.js'
import { fill, PROBLEMS } from './texts.js'

export const VERSION = 1
export const STROKE_TOOLS = Object.freeze(['brush', 'erase', 'lasso', 'lasso-erase', 'fill', 'invert', 'grow', 'shrink'])
/** Tools that need a radius, and the largest, in frame widths. */
const MOST_RADIUS = Object.freeze({ brush: 10, erase: 10, grow: 0.25, shrink: 0.25 })
const LEAST_POINTS = Object.freeze({ brush: 1, erase: 1, lasso: 3, 'lasso-erase': 3 })
/** How often one mask may grow and shrink: each time looks at every pixel. */
export const RESIZINGS = 100
export const EASINGS = Object.freeze(['linear', 'ease-in', 'ease-out', 'ease-in-out'])
export const CURVES = Object.freeze(['straight', 'smooth'])

/** The same bounds as in Python: far beyond any drawing, near enough to catch nonsense. */
export const LIMITS = Object.freeze({ components: 1000, arrowPoints: 10000, coordinate: 10000 })
export const CAMERA_LIMITS = Object.freeze({ pan: 10, minZoom: 0.01, maxZoom: 100, turn: 3600 })

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value)
const shown = (value) => JSON.stringify(value)?.slice(0, 60) ?? String(value)

/** @returns {string|null} what is wrong with a value that must be a number from `least` to `most`, or may be missing */
function rangeProblem(value, where, key, least, most) {
  if (value === undefined || (isNumber(value) && value >= least && value <= most)) return null
  return fill(PROBLEMS.range, where, key, least, most, shown(value))
}

/** Start, end and easing of a component or the camera. @returns {string|null} */
function timingProblem(item, where) {
  const problem = rangeProblem(item.start, where, 'start', 0, 1) ?? rangeProblem(item.end, where, 'end', 0, 1)
  if (problem) return problem
  const [start, end] = [item.start ?? 0, item.end ?? 1]
  if (start > end) return fill(PROBLEMS.order, where, start, end)
  if (item.easing !== undefined && !EASINGS.includes(item.easing)) {
    return fill(PROBLEMS.oneOf, where, 'easing', EASINGS.join(', '), shown(item.easing))
  }
  return null
}

const isCoordinate = (value) => isNumber(value) && Math.abs(value) <= LIMITS.coordinate

/** @returns {string|null} what is wrong with a list of points, or null */
function pointsProblem(points, where, least) {
  if (!Array.isArray(points)) return fill(PROBLEMS.pointsList, where, shown(points))
  if (points.length < least) return fill(least > 1 ? PROBLEMS.fewPoints : PROBLEMS.onePoint, where, least, points.length)
  const bad = points.findIndex((p) => !Array.isArray(p) || p.length !== 2 || !p.every(isCoordinate))
  if (bad >= 0) return fill(PROBLEMS.pair, fill(PROBLEMS.point, where, bad + 1), shown(points[bad]))
  return null
}

function strokeProblem(stroke, where) {
  if (!isObject(stroke)) return fill(PROBLEMS.object, where, shown(stroke))
  if (!STROKE_TOOLS.includes(stroke.tool)) {
    return fill(PROBLEMS.oneOf, where, 'tool', STROKE_TOOLS.join(', '), shown(stroke.tool))
  }
  const most = MOST_RADIUS[stroke.tool]
  if (most && !(isNumber(stroke.radius) && stroke.radius > 0 && stroke.radius <= most)) {
    return fill(PROBLEMS.radius, where, most, shown(stroke.radius))
  }
  const least = LEAST_POINTS[stroke.tool]
  return least ? pointsProblem(stroke.points, where, least) : null
}

function maskProblem(mask, where) {
  if (mask === undefined) return null
  if (!isObject(mask)) return fill(PROBLEMS.mask, where, shown(mask))
  if (mask.png !== undefined && typeof mask.png !== 'string') return fill(PROBLEMS.png, where, shown(mask.png))
  if (mask.strokes === undefined) return null
  if (!Array.isArray(mask.strokes)) return fill(PROBLEMS.list, where, 'strokes', shown(mask.strokes))
  for (const [i, stroke] of mask.strokes.entries()) {
    const problem = strokeProblem(stroke, fill(PROBLEMS.stroke, where, i + 1))
    if (problem) return problem
  }
  const count = resizingsOf(mask)
  return count > RESIZINGS ? fill(PROBLEMS.resizings, where, count, RESIZINGS) : null
}

function arrowsProblem(arrows, where) {
  if (arrows === undefined) return null
  if (!Array.isArray(arrows)) return fill(PROBLEMS.list, where, 'arrows', shown(arrows))
  for (const [i, arrow] of arrows.entries()) {
    const at = fill(PROBLEMS.arrow, where, i + 1)
    if (!isObject(arrow)) return fill(PROBLEMS.object, at, shown(arrow))
    if (arrow.curve !== undefined && !CURVES.includes(arrow.curve)) {
      return fill(PROBLEMS.curve, at, shown(arrow.curve))
    }
    const problem = pointsProblem(arrow.points, at, 1)
    if (problem) return problem
    if (arrow.points.length > LIMITS.arrowPoints) return fill(PROBLEMS.manyPoints, at, arrow.points.length, LIMITS.arrowPoints)
  }
  return null
}

function componentProblem(component, index) {
  const where = typeof component?.name === 'string'
    ? fill(PROBLEMS.componentNamed, index + 1, component.name) : fill(PROBLEMS.component, index + 1)
  if (!isObject(component)) return fill(PROBLEMS.object, where, shown(component))
  if (component.name !== undefined && typeof component.name !== 'string') {
    return fill(PROBLEMS.name, where, shown(component.name))
  }
  for (const key of ['hidden', 'locked']) {
    if (component[key] !== undefined && typeof component[key] !== 'boolean') {
      return fill(PROBLEMS.flag, where, key, shown(component[key]))
    }
  }
  return timingProblem(component, where) ?? maskProblem(component.mask, where) ?? arrowsProblem(component.arrows, where)
}

/** @param {unknown} camera @returns {string|null} one sentence, or null */
function cameraProblem(camera) {
  if (camera === undefined) return null
  if (!isObject(camera)) return fill(PROBLEMS.cameraObject, shown(camera))
  const { pan, zoom, turn } = camera
  const where = PROBLEMS.camera
  if (pan !== undefined && !(Array.isArray(pan) && pan.length === 2 && pan.every((at) => isNumber(at) && Math.abs(at) <= CAMERA_LIMITS.pan))) {
    return fill(PROBLEMS.pan, where, CAMERA_LIMITS.pan, shown(pan))
  }
  return rangeProblem(zoom, where, 'zoom', CAMERA_LIMITS.minZoom, CAMERA_LIMITS.maxZoom)
    ?? rangeProblem(turn, where, 'turn', -CAMERA_LIMITS.turn, CAMERA_LIMITS.turn) ?? timingProblem(camera, where)
}

/**
 * @param {unknown} value a parsed JSON value
 * @returns {string|null} one sentence saying what is wrong and where, or null
 */
export function drawingProblem(value) {
  if (!isObject(value)) return fill(PROBLEMS.drawingObject, shown(value))
  if (value.version !== VERSION) return fill(PROBLEMS.version, VERSION, shown(value.version))
  if (!Array.isArray(value.components)) return fill(PROBLEMS.componentsList, shown(value.components))
  if (value.components.length > LIMITS.components) {
    return fill(PROBLEMS.manyComponents, value.components.length, LIMITS.components)
  }
  if (value.image !== undefined && value.image !== null && !(typeof value.image === 'string' && value.image.trim())) {
    return fill(PROBLEMS.image, shown(value.image))
  }
  for (const [i, component] of value.components.entries()) {
    const problem = componentProblem(component, i)
    if (problem) return problem
  }
  return cameraProblem(value.camera)
}
