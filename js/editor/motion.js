/**
 * From arrows and timing to where a component is at each frame. All positions in pixels.
 *
 * @import { Component, Easing, Similarity, Timing, Vec } from './types.js'
 */
import { arrowsOf, easingOf, endOf, startOf } from './accessors.js'
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

/** @param {number} frame 0-based @param {number} frames @returns {number} 0–1; a single frame is at 0 */
function frameTime(frame, frames) {
  return frames === 1 ? 0 : frame / (frames - 1)
}

/**
 * @param {Timing} item a component or the camera
 * @param {number} frame
 * @param {number} frames
 * @returns {number} the fraction of the whole motion, of every arrow's length, that is done at this frame
 */
export function progress(item, frame, frames) {
  const [start, end] = [startOf(item), endOf(item)]
  const u = frameTime(frame, frames)
  const p = start === end ? (u >= end ? 1 : 0) : Math.min(Math.max((u - start) / (end - start), 0), 1)
  return ease(easingOf(item), p)
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
  const p = progress(component, frame, frames)
  return arrowsOf(component).map((arrow) => {
    const path = arrowPathPx(arrow, width, height)
    return pointAlong(path, p, arcLengths(path))
  })
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
  const arrows = arrowsOf(component)
  if (arrows.length === 0) return IDENTITY
  const starts = arrows.map((arrow) => arrowPathPx(arrow, width, height)[0])
  return fitSimilarity(starts, arrowPositions(component, frame, frames, width, height))
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

/**
 * How far a component has turned at a frame: counted on through a half and a full turn.
 * @param {Component} component
 * @param {number} frame
 * @param {number} frames
 * @param {number} width
 * @param {number} height
 * @returns {number} radians clockwise
 */
export function turnAt(component, frame, frames, width, height) {
  let [turn, before] = [0, 0]
  for (let i = 1; i <= frame; i += 1) {
    const { a } = componentMotion(component, i, frames, width, height)
    const angle = Math.atan2(a[1], a[0])
    const step = angle - before
    turn += step - 2 * Math.PI * Math.round(step / (2 * Math.PI))
    before = angle
  }
  return turn
}
