/**
 * The camera's frame on the picture: drag inside to pan, a corner to zoom, the knob or outside to turn. No DOM.
 *
 * @import {
 *   CameraHandles, CameraPart, CameraView, Drawing, Gesture, Pointer, Projection, Scene, Size, Vec
 * } from './types.js'
 * @import { EditorStore } from './store.js'
 */
import { viewCorners, viewOf, withView } from './camera.js'
import { distance } from './geometry.js'

const CORNER_REACH = 12
const KNOB_REACH = 11
/** How far inside the upper edge the knob sits: there it is on the stage whatever the frame's size. */
const KNOB_INSET = 26
/** A press that moves less than this is a click. */
const CLICK_SLACK = 3
const SNAP_DEGREES = 15

/** @param {Vec} a @param {Vec} b @returns {Vec} */
const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]

/**
 * Where the handles are on the stage.
 * @param {Drawing} drawing
 * @param {Projection} scene
 * @returns {CameraHandles}
 */
export function cameraHandles(drawing, scene) {
  const corners = viewCorners(drawing, scene.width, scene.height).map(scene.toStage)
  const [top, bottom] = [middle(corners[0], corners[1]), middle(corners[2], corners[3])]
  const tall = distance(top, bottom)
  const inset = Math.min(KNOB_INSET, tall / 3) / Math.max(tall, 1e-6)
  return {
    corners, top, centre: middle(top, bottom),
    knob: [top[0] + (bottom[0] - top[0]) * inset, top[1] + (bottom[1] - top[1]) * inset],
  }
}

/** @param {Vec} place @param {Vec[]} corners clockwise */
function inside([x, y], corners) {
  return corners.every(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length]
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
  })
}

/**
 * What a press at a place would do.
 * @param {Drawing} drawing
 * @param {Scene} scene
 * @param {Pointer} at
 * @returns {CameraPart}
 */
export function cameraPart(drawing, scene, at) {
  const { corners, knob } = cameraHandles(drawing, scene)
  if (corners.some((corner) => distance(corner, at.stage) <= CORNER_REACH)) return 'zoom'
  if (distance(knob, at.stage) <= KNOB_REACH) return 'turn'
  return inside(at.stage, corners) ? 'pan' : 'turn'
}

/** @param {EditorStore} store @param {Scene} scene @param {Pointer} start @returns {Gesture} */
export function beginCamera(store, scene, start) {
  const { width, height } = scene
  const before = store.drawing
  const view = viewOf(before, width, height)
  const centre = cameraHandles(before, scene).centre
  const changed = { pan: panned, zoom: zoomed, turn: turner() }[cameraPart(before, scene, start)]

  /** @param {Pointer} at @returns {CameraView} */
  function panned(at) {
    const [dx, dy] = [(at.frac[0] - start.frac[0]) * width, (at.frac[1] - start.frac[1]) * height]
    return { ...view, centre: [view.centre[0] + dx, view.centre[1] + dy] }
  }

  /** @param {Pointer} at @returns {CameraView} */
  function zoomed(at) {
    const grown = distance(at.stage, centre) / Math.max(distance(start.stage, centre), 1)
    return { ...view, zoom: view.zoom / Math.max(grown, 1e-3) }
  }

  /** Follows the pointer round and round: small steps add up beyond half a turn. */
  function turner() {
    /** @param {Pointer} at */
    const angle = ({ stage }) => Math.atan2(stage[1] - centre[1], stage[0] - centre[0])
    let [last, total] = [angle(start), 0]
    return (/** @type {Pointer} */ at) => {
      const now = angle(at)
      total += Math.atan2(Math.sin(now - last), Math.cos(now - last))
      last = now
      const turn = view.turn - (total * 180) / Math.PI
      return { ...view, turn: at.shift ? Math.round(turn / SNAP_DEGREES) * SNAP_DEGREES : Math.round(turn * 10) / 10 }
    }
  }

  /** @type {Drawing|null} */
  let latest = null
  return {
    move: (at) => {
      if (!latest && distance(at.stage, start.stage) < CLICK_SLACK) return
      latest = withView(before, changed(at), width, height)
      store.setDraft({ kind: 'drawing', drawing: latest })
    },
    up: () => {
      if (latest) store.commit(latest)
      else store.setDraft(null)
    },
    cancel: () => store.setDraft(null),
  }
}

/**
 * One step by keyboard: the frame moves by (dx, dy) picture pixels, shrinks by `zoom`, the picture turns by degrees.
 * @param {EditorStore} store
 * @param {Size} picture
 * @param {{dx?: number, dy?: number, zoom?: number, turn?: number}} step
 */
export function nudgeCamera(store, { width, height }, { dx = 0, dy = 0, zoom = 1, turn = 0 }) {
  const view = viewOf(store.drawing, width, height)
  /** @type {CameraView} */
  const next = { centre: [view.centre[0] + dx, view.centre[1] + dy], zoom: view.zoom * zoom, turn: view.turn + turn }
  store.commit(withView(store.drawing, next, width, height))
}
