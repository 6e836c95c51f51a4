/**
 * A component's pose at a frame: how far its middle has come, how large it is and how far it has turned; and the arrows
 * that mean exactly such a pose. A frame with handles sets it by hand. No DOM.
 *
 * Arrows that start at two corners and run along the same spiral (of which circle and straight line are two kinds) keep
 * the corners' distances in one proportion all the way: together they are one similarity at every frame.
 *
 * @import { Arrow, Component, Drawing, Gesture, Point, Pointer, Projection, Scene, Size, Vec } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Extent  of a mask, in fractions
 * @typedef {object} Pose
 * @property {number} dx pixels that the middle has moved to the right
 * @property {number} dy likewise, down
 * @property {number} scale a factor above 0
 * @property {number} turn degrees clockwise; beyond 360 for more than a full turn
 * @typedef {'move'|'scale'|'turn'} PosePart
 */
import { arrowsOf, isReverse } from './accessors.js'
import { cameraMoves } from './camera.js'
import { patchComponent } from './document.js'
import { distance, fracToPx, pxToFrac } from './geometry.js'
import { applyMotion, componentMotion, fromBeginning, middle, progress, turnAt } from './motion.js'

const CORNER_REACH = 11
/** So far outside the frame, in CSS pixels, it is turned; farther away others are selected. */
const TURN_REACH = 40
const CLICK_SLACK = 3
const SNAP_DEGREES = 15
/** A turn's arrows have a point every so many degrees; below the first they are straight. */
const [LEAST_TURN, TURN_STEP] = [1, 9]
const MIN_SCALE = 0.01
const DECIMALS = 7

/** @param {Extent} extent @param {Size} size @returns {Vec[]} its corners in pixels, clockwise from the top left */
function extentCorners({ left, top, right, bottom }, { width, height }) {
  /** @type {Point[]} */
  const places = [[left, top], [right, top], [right, bottom], [left, bottom]]
  return places.map((place) => fracToPx(place, width, height))
}

/**
 * @param {Component} component
 * @param {Extent} extent of its mask
 * @param {number} frame
 * @param {number} frames
 * @param {Size} size
 * @returns {Pose}
 */
export function poseOf(component, extent, frame, frames, size) {
  const { width, height } = size
  const centre = middle(extentCorners(extent, size))
  const turn = turnAt(component, frame, frames, width, height)
  const motion = componentMotion(component, frame, frames, width, height)
  const [x, y] = applyMotion(motion, centre)
  return { dx: x - centre[0], dy: y - centre[1], scale: Math.hypot(...motion.a), turn: (turn * 180) / Math.PI }
}

/** @param {number} radians @param {number} growth its natural logarithm @returns {Vec} */
const factor = (radians, growth) => [Math.exp(growth) * Math.cos(radians), Math.exp(growth) * Math.sin(radians)]
/** @param {Vec} p @param {Vec} q @returns {Vec} their product as complex numbers */
const times = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c]

/**
 * The arrows that bring a component into a pose at a frame.
 * @param {Extent} extent of its mask
 * @param {Pose} pose
 * @param {number} share of the way that is done at that frame, above 0
 * @param {Size} size
 * @returns {Arrow[]} none for a pose that is where it was
 */
export function poseArrows(extent, pose, share, size) {
  const corners = extentCorners(extent, size)
  const centre = middle(corners)
  const radians = (pose.turn * Math.PI) / 180
  const a = factor(radians, Math.log(pose.scale))
  if (Math.abs(pose.turn) < LEAST_TURN) return straightArrows(corners, centre, pose, a, share, size)
  // The spiral's middle stays where it is: c = (z' − a·z)/(1 − a) for the mask's middle z; whole turns have none.
  const back = times(a, centre)
  const gap = [centre[0] + pose.dx - back[0], centre[1] + pose.dy - back[1]]
  const square = (1 - a[0]) ** 2 + a[1] ** 2
  const still = square > 1e-6 ? times([gap[0], gap[1]], [(1 - a[0]) / square, a[1] / square]) : centre
  // How large it is grows evenly along a spiral's length, so that the whole way follows from a part of it.
  const grown = Math.max(1 + (pose.scale - 1) / share, MIN_SCALE)
  const growth = Math.log(grown)
  const part = Math.abs(growth) > 1e-9 ? Math.log(1 + share * (grown - 1)) / growth : share
  const whole = radians / part
  const steps = Math.ceil((Math.abs(whole) * 180) / Math.PI / TURN_STEP)
  return [corners[0], corners[2]].map((corner) => {
    /** @type {Vec} */
    const from = [corner[0] - still[0], corner[1] - still[1]]
    const points = Array.from({ length: steps + 1 }, (_, i) => {
      const [x, y] = times(factor((whole * i) / steps, (growth * i) / steps), from)
      return fraction([still[0] + x, still[1] + y], size)
    })
    return { points, curve: 'smooth' }
  })
}

/**
 * @param {Vec[]} corners @param {Vec} centre @param {Pose} pose @param {Vec} a @param {number} share @param {Size} size
 * @returns {Arrow[]}
 */
function straightArrows(corners, centre, { dx, dy, scale, turn }, a, share, size) {
  const moves = Math.hypot(dx, dy) > 1e-6
  const shifts = Math.abs(scale - 1) < 1e-9 && Math.abs(turn) < 1e-9
  if (shifts && !moves) return []
  return (shifts ? [centre] : [corners[0], corners[2]]).map((from) => {
    const [x, y] = times(a, [from[0] - centre[0], from[1] - centre[1]])
    /** @type {Vec} */
    const to = [centre[0] + x + dx, centre[1] + y + dy]
    /** @type {Vec} */
    const end = [from[0] + (to[0] - from[0]) / share, from[1] + (to[1] - from[1]) / share]
    return { points: [fraction(from, size), fraction(end, size)], curve: 'straight' }
  })
}

/** @param {Vec} place @param {Size} size @returns {Point} */
function fraction(place, { width, height }) {
  const [u, v] = pxToFrac(place, width, height)
  return [Number(u.toFixed(DECIMALS)), Number(v.toFixed(DECIMALS))]
}

/**
 * @param {Drawing} drawing
 * @param {number} index
 * @param {Extent} extent
 * @param {Pose} pose
 * @param {number} frame
 * @param {number} frames
 * @param {Size} size
 * @returns {Drawing|null} null at a frame where nothing has moved yet
 */
export function withPose(drawing, index, extent, pose, frame, frames, size) {
  const component = drawing.components[index]
  const share = fromBeginning(component, progress(component, frame, frames))
  if (share < 1e-3) return null
  const now = poseOf(component, extent, frame, frames, size)
  const onlyMoves = Math.abs(now.scale - pose.scale) < 1e-9 && Math.abs(now.turn - pose.turn) < 1e-9
  const before = asRun(component, arrowsOf(component))
  const arrows = onlyMoves && share === 1 && before.some(({ points }) => points.length > 1)
    ? moved(before, (pose.dx - now.dx) / size.width, (pose.dy - now.dy) / size.height)
    : poseArrows(extent, pose, share, size)
  return patchComponent(drawing, index, { arrows: asRun(component, arrows) })
}

/** Arrows the way a component runs them, and back again. @param {Component} component @param {Arrow[]} arrows */
function asRun(component, arrows) {
  return isReverse(component) ? arrows.map((arrow) => ({ ...arrow, points: arrow.points.toReversed() })) : arrows
}

/** Every arrow's end goes elsewhere, its way stays. @param {Arrow[]} arrows @param {number} du @param {number} dv */
function moved(arrows, du, dv) {
  return arrows.map((arrow) => {
    const points = [...arrow.points]
    const [u, v] = points[points.length - 1]
    if (points.length === 1) points.push([u + du, v + dv])
    else points[points.length - 1] = [u + du, v + dv]
    return { ...arrow, points }
  })
}

// ---- by hand ------------------------------------------------------------------------------------------------

/**
 * The frame's corners on the stage, clockwise; null where there is none: on the first frame, or without a mask.
 * @param {EditorStore} store
 * @param {Projection & Pick<Scene, 'extent'>} scene
 * @returns {Vec[]|null}
 */
export function poseFrame(store, scene) {
  const { tool, frame, frames, playing, selected } = store.view
  const component = store.shown.components[selected]
  if (tool !== 'select' || frame === 0 || playing || !component || component.hidden || component.locked) return null
  const extent = scene.extent(selected)
  const share = fromBeginning(component, progress(component, frame, frames))
  if (!extent || cameraMoves(store.merged(store.drawing)) || share < 1e-3) return null
  const { width, height } = scene
  const motion = componentMotion(component, frame, frames, width, height)
  return extentCorners(extent, scene).map((p) => scene.toStage(pxToFrac(applyMotion(motion, p), width, height)))
}

/** @param {Vec[]} corners @param {Vec} place @returns {PosePart|null} what a press there would do */
export function posePart(corners, place) {
  if (corners.some((corner) => distance(corner, place) <= CORNER_REACH)) return 'scale'
  const [x, y] = place
  const inside = corners.every(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % 4]
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
  })
  if (inside) return 'move'
  return corners.some((corner) => distance(corner, place) <= TURN_REACH) ? 'turn' : null
}

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} start
 * @returns {Gesture|null} null where the press is not the frame's
 */
export function beginPose(store, scene, start) {
  const corners = poseFrame(store, scene)
  const part = corners && posePart(corners, start.stage)
  const { selected: index, frame, frames } = store.view
  const extent = part ? scene.extent(index) : null
  if (!part || !extent) return null
  const before = store.drawing
  const first = poseOf(before.components[index], extent, frame, frames, scene)
  const centre = middle(corners)
  const angle = (/** @type {Pointer} */ { stage }) => Math.atan2(stage[1] - centre[1], stage[0] - centre[0])
  let [last, total] = [angle(start), 0]

  /** @param {Pointer} at @returns {Pose} */
  function pose(at) {
    if (part === 'move') {
      const [dx, dy] = [(at.frac[0] - start.frac[0]) * scene.width, (at.frac[1] - start.frac[1]) * scene.height]
      return { ...first, dx: first.dx + dx, dy: first.dy + dy }
    }
    if (part === 'scale') {
      const grown = distance(at.stage, centre) / Math.max(distance(start.stage, centre), 1)
      return { ...first, scale: Math.max(first.scale * grown, MIN_SCALE) }
    }
    const now = angle(at)
    total += Math.atan2(Math.sin(now - last), Math.cos(now - last))
    last = now
    const turn = first.turn + (total * 180) / Math.PI
    return { ...first, turn: at.shift ? Math.round(turn / SNAP_DEGREES) * SNAP_DEGREES : turn }
  }

  /** @type {Drawing|null} */
  let latest = null
  return {
    move: (at) => {
      if (!latest && distance(at.stage, start.stage) < CLICK_SLACK) return
      latest = withPose(before, index, extent, pose(at), frame, frames, scene)
      if (latest) store.setDraft({ kind: 'drawing', drawing: latest })
    },
    up: () => {
      if (latest) store.commit(latest, { arrow: -1, point: -1 })
      else store.setDraft(null)
    },
    cancel: () => store.setDraft(null),
  }
}
