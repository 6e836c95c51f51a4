/**
 * Paths, distances and hit tests. Pixel space has (0, 0) at the centre of the top-left pixel; x runs right, y down.
 *
 * @import { Arrow, Point, Projection, Vec } from './types.js'
 */

/** Equal-parameter subdivisions of each Catmull–Rom segment (the same number as in Python). */
const SUBDIVISIONS = 32
const ALPHA = 0.5

/** @param {Point} point_frac @param {number} width @param {number} height @returns {Vec} */
export function fracToPx([u, v], width, height) {
  return [u * width - 0.5, v * height - 0.5]
}

/** @param {Vec} point_px @param {number} width @param {number} height @returns {Point} */
export function pxToFrac([x, y], width, height) {
  return [(x + 0.5) / width, (y + 0.5) / height]
}

/** @param {Vec} a @param {Vec} b */
export const distance = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1])

/** @param {readonly Vec[]} points @returns {Vec[]} without points equal to their predecessor */
export function dropRepeated(points) {
  return points.filter((p, i) => i === 0 || p[0] !== points[i - 1][0] || p[1] !== points[i - 1][1])
}

/** @param {Vec} a @param {Vec} b @param {number} t @returns {Vec} */
const lerp = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
/** @param {Vec} a @param {Vec} b @param {number} ta @param {number} tb @param {number} t */
const mix = (a, b, ta, tb, t) => lerp(a, b, (t - ta) / (tb - ta))

/**
 * One point of the centripetal Catmull–Rom segment P1 → P2 (Barry and Goldman's pyramid).
 * @param {Vec[]} p four points
 * @param {number[]} knots their parameters
 * @param {number} t
 */
function catmullPoint(p, knots, t) {
  const [t0, t1, t2, t3] = knots
  const a1 = mix(p[0], p[1], t0, t1, t)
  const a2 = mix(p[1], p[2], t1, t2, t)
  const a3 = mix(p[2], p[3], t2, t3, t)
  return mix(mix(a1, a2, t0, t2, t), mix(a2, a3, t1, t3, t), t1, t2, t)
}

/**
 * Centripetal Catmull–Rom through the points, ends reflected (2·P0 − P1), as a dense polyline.
 * @param {readonly Vec[]} points without repeats
 * @returns {Vec[]} starts and ends exactly on the first and last point
 */
export function catmullRom(points) {
  const n = points.length
  if (n < 2) return points.map(([x, y]) => [x, y])
  const all = [reflect(points[0], points[1]), ...points, reflect(points[n - 1], points[n - 2])]
  /** @type {Vec[]} */
  const path = [[points[0][0], points[0][1]]]
  for (let i = 0; i < n - 1; i += 1) {
    const four = all.slice(i, i + 4)
    const knots = [0]
    for (let k = 1; k < 4; k += 1) knots.push(knots[k - 1] + distance(four[k - 1], four[k]) ** ALPHA)
    for (let k = 1; k < SUBDIVISIONS; k += 1) {
      path.push(catmullPoint(four, knots, knots[1] + ((knots[2] - knots[1]) * k) / SUBDIVISIONS))
    }
    path.push([points[i + 1][0], points[i + 1][1]])
  }
  return path
}

/** @param {Vec} end @param {Vec} next @returns {Vec} */
const reflect = (end, next) => [2 * end[0] - next[0], 2 * end[1] - next[1]]

/**
 * Arrows never change, they are replaced: their paths are kept with them.
 * @type {WeakMap<Arrow, {width: number, height: number, path: Vec[]}>}
 */
const paths = new WeakMap()

/**
 * @param {Arrow} arrow
 * @param {number} width
 * @param {number} height
 * @returns {Vec[]} the arrow's path in pixels
 */
export function arrowPathPx(arrow, width, height) {
  const known = paths.get(arrow)
  if (known?.width === width && known.height === height) return known.path
  const path = pathOf(arrow, width, height)
  paths.set(arrow, { width, height, path })
  return path
}

/** @param {Arrow} arrow @param {number} width @param {number} height */
function pathOf(arrow, width, height) {
  const points = dropRepeated(arrow.points.map((p) => fracToPx(p, width, height)))
  return arrow.curve === 'smooth' ? catmullRom(points) : points
}

/** @param {Arrow} arrow @param {Projection} scene @returns {Vec[]} the arrow's path on the stage */
export function stagePath(arrow, scene) {
  const { width, height } = scene
  return arrowPathPx(arrow, width, height).map((p) => scene.toStage(pxToFrac(p, width, height)))
}

/** @param {readonly Vec[]} path @returns {number[]} arc length up to each point */
export function arcLengths(path) {
  const lengths = [0]
  for (let i = 1; i < path.length; i += 1) lengths.push(lengths[i - 1] + distance(path[i - 1], path[i]))
  return lengths
}

/**
 * @param {readonly Vec[]} path
 * @param {number} fraction 0–1 of the whole arc length
 * @param {readonly number[]} [lengths] of the path, if already known
 * @returns {Vec}
 */
export function pointAlong(path, fraction, lengths = arcLengths(path)) {
  const total = lengths[lengths.length - 1]
  if (path.length === 1 || total === 0) return [path[0][0], path[0][1]]
  const target = Math.min(Math.max(fraction, 0), 1) * total
  let low = 0
  let high = lengths.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (lengths[middle] <= target) low = middle
    else high = middle
  }
  return lerp(path[low], path[high], (target - lengths[low]) / (lengths[high] - lengths[low]))
}

/** @param {Vec} point @param {Vec} a @param {Vec} b @returns {number} its distance from the segment a–b */
function segmentDistance(point, a, b) {
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const square = dx * dx + dy * dy
  const raw = square === 0 ? 0 : ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square
  const t = Math.min(Math.max(raw, 0), 1)
  return Math.hypot(point[0] - a[0] - t * dx, point[1] - a[1] - t * dy)
}

/**
 * @param {Vec} point
 * @param {readonly Vec[]} path
 * @returns {{distance: number, segment: number}} nearest place on a polyline; segment −1 where there is none
 */
export function pathDistance(point, path) {
  let best = { distance: Infinity, segment: -1 }
  if (path.length === 1) return { distance: distance(point, path[0]), segment: 0 }
  for (let i = 1; i < path.length; i += 1) {
    const d = segmentDistance(point, path[i - 1], path[i])
    if (d < best.distance) best = { distance: d, segment: i - 1 }
  }
  return best
}

/**
 * @param {readonly Vec[]} points
 * @param {Vec} target
 * @param {number} reach
 * @returns {number} index of the point nearest to `target` within `reach`, or −1
 */
export function nearestPoint(points, target, reach) {
  let nearest = -1
  let best = reach
  points.forEach((p, i) => {
    const d = distance(p, target)
    if (d <= best) [nearest, best] = [i, d]
  })
  return nearest
}

/**
 * Ramer–Douglas–Peucker: drop points that lie within `tolerance` of the line through their neighbours that stay.
 * @param {readonly Vec[]} points
 * @param {number} tolerance in the points' own unit
 * @returns {Vec[]}
 */
export function simplify(points, tolerance) {
  if (points.length < 3) return [...points]
  const keep = new Uint8Array(points.length)
  keep[0] = keep[points.length - 1] = 1
  const stack = [[0, points.length - 1]]
  for (let span = stack.pop(); span; span = stack.pop()) {
    const [first, last] = span
    let farthest = -1
    let max = tolerance
    for (let i = first + 1; i < last; i += 1) {
      const d = segmentDistance(points[i], points[first], points[last])
      if (d > max) [farthest, max] = [i, d]
    }
    if (farthest < 0) continue
    keep[farthest] = 1
    stack.push([first, farthest], [farthest, last])
  }
  return points.filter((_, i) => keep[i])
}
