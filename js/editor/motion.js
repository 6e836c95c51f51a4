/**
 * From arrows and timing to where a component is at each frame. All positions in pixels.
 *
 * @import { Bezier, Component, Easing, Similarity, Timing, Vec } from './types.js'
 */
import { arrowsOf, easingOf, endOf, holdsOf, isReverse, runsOf, startOf } from './accessors.js'
import { arcLengths, arrowPathPx, pointAlong } from './geometry.js'

/** @type {Similarity} */
const IDENTITY = Object.freeze({ a: [1, 0], b: [0, 0] })

/** @param {Easing} name @param {number} p 0–1 @returns {number} 0–1 */
export function ease(name, p) {
  switch (name) {
    case 'ease-in': return p * p
    case 'ease-out': return 1 - (1 - p) ** 2
    case 'ease-in-out': return p < 0.5 ? 2 * p * p : 1 - 2 * (1 - p) ** 2
    case 'linear': return p
    default: throw new RangeError(`Unknown easing "${name}"; it must be linear, ease-in, ease-out or ease-in-out.`)
  }
}

/** One coordinate of the cubic Bézier 0, a, b, 1. @param {number} t @param {number} a @param {number} b */
function cubic(t, a, b) {
  const s = 1 - t
  return 3 * s * s * t * a + 3 * s * t * t * b + t * t * t
}

/** As often is 0–1 halved in search of a place on a Bézier; as in Python, so that both find the same number. */
const HALVINGS = 54

/** @param {Bezier} curve @param {number} p share of the time @returns {number} share of the way, never falling */
export function easeBezier([x1, y1, x2, y2], p) {
  if (p <= 0 || p >= 1) return p
  let [low, high] = [0, 1]
  for (let i = 0; i < HALVINGS; i += 1) {
    const at = (low + high) / 2
    if (cubic(at, x1, x2) < p) low = at
    else high = at
  }
  return Math.min(cubic((low + high) / 2, y1, y2), 1)
}

/** @param {Timing} item @param {number} p share of the time without holds @returns {number} share of the way */
export const eased = (item, p) => (item.bezier ? easeBezier(item.bezier, p) : ease(easingOf(item), p))

/** The inverse of `eased`. @param {Timing} item @param {number} share of the way @returns {number} share of the time */
function timeOf(item, share) {
  if (item.bezier) {
    const [x1, y1, x2, y2] = item.bezier
    return easeBezier([y1, x1, y2, x2], share)
  }
  switch (easingOf(item)) {
    case 'ease-in': return Math.sqrt(share)
    case 'ease-out': return 1 - Math.sqrt(1 - share)
    case 'ease-in-out': return share < 0.5 ? Math.sqrt(share / 2) : 1 - Math.sqrt((1 - share) / 2)
    default: return share
  }
}

/**
 * @typedef {object} Stay  a hold as it comes within a run
 * @property {number} index in the item's holds
 * @property {number} place share of the way
 * @property {number} moving share of the time without holds that is over before it
 * @property {number} begin share of the run's time
 * @property {number} end likewise
 * @property {number} waited share of the run's time that this and earlier holds take
 */
/** @type {WeakMap<Timing, {free: number, stays: Stay[]}>} */
const plans = new WeakMap()

/** @param {Timing} item @returns {{free: number, stays: Stay[]}} its holds in order, and the time that they leave */
export function holdPlan(item) {
  const known = plans.get(item)
  if (known) return known
  const sorted = holdsOf(item).map((hold, index) => ({ ...hold, index })).sort((a, b) => a.place - b.place)
  const free = 1 - sorted.reduce((sum, { span }) => sum + span, 0)
  let waited = 0
  const stays = sorted.map(({ place, span, index }) => {
    const moving = timeOf(item, place)
    const begin = moving * free + waited
    waited += span
    return { index, place, moving, begin, end: begin + span, waited }
  })
  plans.set(item, { free, stays })
  return { free, stays }
}

/**
 * A hold stops the clock.
 * @param {Timing} item
 * @param {number} p 0–1 of a run's time
 * @returns {number} share of the way
 */
function way(item, p) {
  if (!holdsOf(item).length) return eased(item, p)
  const { free, stays } = holdPlan(item)
  /** @type {[number, number|null]} */
  let [passed, stay] = [0, null]
  for (const { place, begin, end, waited } of stays) {
    if (p >= begin && p <= end) stay = place
    if (p > end) passed = waited
  }
  return stay ?? eased(item, Math.min(Math.max((p - passed) / free, 0), 1))
}

/** @param {Timing} item @param {number} run its number, from 0 @returns {boolean} whether it leads backwards */
export const runsBack = (item, run) => isReverse(item) || (item.playback === 'ping-pong' && run % 2 === 1)

/** @param {Timing} item @param {number} p 0–1 of its whole time @returns {{run: number, within: number}} */
export function runAt(item, p) {
  const runs = runsOf(item)
  const run = Math.min(Math.floor(p * runs), runs - 1)
  const within = p * runs - run
  return { run, within: runsBack(item, run) ? 1 - within : within }
}

/** @param {Timing} item @param {number} u 0–1 of the clip @returns {number} 0–1 of its whole time */
export function timeWithin(item, u) {
  const [start, end] = [startOf(item), endOf(item)]
  return start === end ? (u >= end ? 1 : 0) : Math.min(Math.max((u - start) / (end - start), 0), 1)
}

/**
 * @param {Timing} item a component or the camera
 * @param {number} frame 0-based
 * @param {number} frames
 * @returns {number} the fraction of the whole way, of every arrow's length, that it is at in this frame
 */
export function progress(item, frame, frames) {
  return way(item, runAt(item, timeWithin(item, frames === 1 ? 0 : frame / (frames - 1))).within)
}

/** @param {Timing} item @param {number} share of the way @returns {number} how far that is from where it begins */
export const fromBeginning = (item, share) => (isReverse(item) ? 1 - share : share)

/** @param {Timing} item @param {number} frames @returns {number} the first frame in which it is farthest on its way */
export function farthestFrame(item, frames) {
  let [best, most] = [0, -1]
  for (let frame = 0; frame < frames; frame += 1) {
    const done = fromBeginning(item, progress(item, frame, frames))
    if (done > most) [best, most] = [frame, done]
  }
  return best
}

/**
 * @param {Timing} item
 * @param {number} share of the way
 * @param {number} frames
 * @returns {number} the first frame in which it is there or beyond; −1 if none
 */
export function frameReaching(item, share, frames) {
  const wanted = fromBeginning(item, share) - 1e-6
  for (let frame = 0; frame < frames; frame += 1) {
    if (fromBeginning(item, progress(item, frame, frames)) >= wanted) return frame
  }
  return -1
}

/** @param {Component} component @param {number} share @param {number} width @param {number} height */
function arrowsAt(component, share, width, height) {
  return arrowsOf(component).map((arrow) => {
    const path = arrowPathPx(arrow, width, height)
    return pointAlong(path, share, arcLengths(path))
  })
}

/**
 * @param {Component} component
 * @param {number} frame
 * @param {number} frames
 * @param {number} width
 * @param {number} height
 * @returns {Vec[]} current end of each arrow
 */
export function arrowPositions(component, frame, frames, width, height) {
  return arrowsAt(component, progress(component, frame, frames), width, height)
}

/** @param {readonly Vec[]} points @param {0|1} axis */
const mean = (points, axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length
/** @param {readonly Vec[]} points one or more @returns {Vec} their middle */
export const middle = (points) => [mean(points, 0), mean(points, 1)]

/**
 * Least-squares similarity taking `from` to `to`; where the starts coincide, the mean translation.
 * @param {Vec[]} from
 * @param {Vec[]} to
 * @returns {Similarity}
 */
export function fitSimilarity(from, to) {
  if (from.length === 0) return IDENTITY
  const [mx, my, nx, ny] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)]
  let [re, im, square] = [0, 0, 0]
  for (let i = 0; i < from.length; i += 1) {
    const [x, y] = [from[i][0] - mx, from[i][1] - my]
    const [s, t] = [to[i][0] - nx, to[i][1] - ny]
    re += x * s + y * t // conj(z)·z'
    im += x * t - y * s
    square += x * x + y * y
  }
  const coincide = from.every((p) => p[0] === from[0][0] && p[1] === from[0][1])
  /** @type {Vec} */
  const a = coincide || square === 0 ? [1, 0] : [re / square, im / square]
  return { a, b: [nx - (a[0] * mx - a[1] * my), ny - (a[0] * my + a[1] * mx)] }
}

/**
 * @param {Component} component
 * @param {number} frame
 * @param {number} frames
 * @param {number} width
 * @param {number} height
 * @returns {Similarity} how the component's points moved since the first frame, in pixels
 */
export function componentMotion(component, frame, frames, width, height) {
  return motionAt(component, progress(component, frame, frames), width, height)
}

/**
 * In reverse the mask is what is at the arrows' tips.
 * @param {Component} component @param {number} share @param {number} width @param {number} height
 */
function motionAt(component, share, width, height) {
  const arrows = arrowsOf(component)
  if (arrows.length === 0) return IDENTITY
  const starts = arrows.map((arrow) => {
    const path = arrowPathPx(arrow, width, height)
    return path[isReverse(component) ? path.length - 1 : 0]
  })
  return fitSimilarity(starts, arrowsAt(component, share, width, height))
}

/**
 * First one motion, then another on top of it.
 * @param {Similarity} first
 * @param {Similarity} then
 * @returns {Similarity}
 */
export function compose({ a, b }, then) {
  return {
    a: [then.a[0] * a[0] - then.a[1] * a[1], then.a[0] * a[1] + then.a[1] * a[0]], b: applyMotion(then, b),
  }
}

/** @param {Similarity} motion @param {Vec} point @returns {Vec} */
export function applyMotion({ a, b }, [x, y]) {
  return [a[0] * x - a[1] * y + b[0], a[1] * x + a[0] * y + b[1]]
}

/**
 * The same motion for a canvas whose origin is the picture's corner (pixel coordinates + 0.5) and whose unit is
 * `scale` pixels.
 * @param {Similarity} motion
 * @param {number} scale
 * @returns {[number, number, number, number, number, number]} canvas transform a, b, c, d, e, f
 */
export function motionMatrix({ a, b }, scale) {
  // z' + h = a(z + h) + b + h − a·h with h = ½ + ½i: the corner origin changes only the translation.
  const e = b[0] + 0.5 - (a[0] - a[1]) * 0.5
  const f = b[1] + 0.5 - (a[1] + a[0]) * 0.5
  return [a[0], a[1], -a[1], a[0], e * scale, f * scale]
}

/** A turn is counted in so many steps of the way, or one for each frame. */
const TURN_STEPS = 32

/**
 * How far a component has turned at a frame: counted on through a half and a full turn, along its way.
 * @param {Component} component
 * @param {number} frame
 * @param {number} frames
 * @param {number} width
 * @param {number} height
 * @returns {number} radians clockwise
 */
export function turnAt(component, frame, frames, width, height) {
  const share = progress(component, frame, frames)
  const first = isReverse(component) ? 1 : 0
  const steps = Math.max(frame, TURN_STEPS)
  let [turn, before] = [0, 0]
  for (let i = 1; i <= steps; i += 1) {
    const { a } = motionAt(component, first + ((share - first) * i) / steps, width, height)
    const angle = Math.atan2(a[1], a[0])
    const step = angle - before
    turn += step - 2 * Math.PI * Math.round(step / (2 * Math.PI))
    before = angle
  }
  return turn
}
