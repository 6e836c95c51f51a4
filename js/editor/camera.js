/**
 * The drawing's camera: what its movement does to the picture, on top of the components' own motion. No DOM.
 *
 * With the eased share e, frame centre c and pan p in pixels, a place x of the scene is seen at
 *   c + zoomᵉ · rotation(e · turn) · (x − c) + p · (zoomᵉ − 1) / (zoom − 1)      (p · e where zoom = 1),
 * as in Python (`trackgo/camera.py` says why).
 *
 * @import { Camera, CameraView, Drawing, Point, Similarity, Vec, WholeCamera } from './types.js'
 */
import { CAMERA_LIMITS } from './document-checks.js'
import { progress } from './motion.js'

/** What the editor's handles reach: far enough for any film. */
const HANDLE_ZOOM = Object.freeze({ min: 0.1, max: 10 })

/** @param {Pick<Drawing, 'camera'>} drawing @returns {WholeCamera} its camera with its numbers filled in */
export function cameraOf(drawing) {
  return { pan: [0, 0], zoom: 1, turn: 0, start: 0, end: 1, easing: 'linear', ...drawing.camera }
}

/** @param {Pick<Drawing, 'camera'>} drawing @returns {boolean} whether its camera changes anything */
export function cameraMoves(drawing) {
  const { pan, zoom, turn } = cameraOf(drawing)
  return pan[0] !== 0 || pan[1] !== 0 || zoom !== 1 || turn !== 0
}

/** @param {number} value @param {number} decimals */
const round = (value, decimals) => Number(value.toFixed(decimals)) + 0 // + 0: never −0
/** @param {number} value @param {number} min @param {number} max */
const clamp = (value, min, max) => Math.min(Math.max(value, min), max)

/** @param {Drawing} drawing @param {Camera} patch @returns {Drawing} */
export function patchCamera(drawing, patch) {
  const next = { ...cameraOf(drawing), ...patch }
  const { pan: limit, minZoom, maxZoom, turn: maxTurn } = CAMERA_LIMITS
  const [x, y] = next.pan.map((at) => round(clamp(at, -limit, limit), 5))
  next.pan = [x, y]
  next.zoom = round(clamp(next.zoom, minZoom, maxZoom), 4)
  next.turn = round(clamp(next.turn, -maxTurn, maxTurn), 2)
  return { ...drawing, camera: next }
}

/** @param {Drawing} drawing @returns {Drawing} without a camera */
export function removeCamera(drawing) {
  if (drawing.camera === undefined) return drawing
  const { camera, ...rest } = drawing
  return rest
}

/**
 * The camera's motion since the first frame, in pixels.
 * @param {Pick<Drawing, 'camera'>} drawing
 * @param {number} frame
 * @param {number} frames
 * @param {number} width
 * @param {number} height
 * @returns {Similarity}
 */
export function cameraMotion(drawing, frame, frames, width, height) {
  const camera = cameraOf(drawing)
  const share = progress(camera, frame, frames)
  const growth = Math.log(camera.zoom)
  const [size, angle] = [Math.exp(growth * share), ((camera.turn * Math.PI) / 180) * share]
  const panned = growth === 0 ? share : Math.expm1(growth * share) / Math.expm1(growth)
  /** @type {Vec} */
  const a = [size * Math.cos(angle), size * Math.sin(angle)]
  const [x, y] = [(width - 1) / 2, (height - 1) / 2]
  const [dx, dy] = [camera.pan[0] * width * panned, camera.pan[1] * height * panned]
  return { a, b: [x - (a[0] * x - a[1] * y) + dx, y - (a[0] * y + a[1] * x) + dy] }
}

/** @param {Vec} point @param {number} degrees clockwise @param {number} scale @returns {Vec} */
function rotate([x, y], degrees, scale) {
  const angle = (degrees * Math.PI) / 180
  const [c, s] = [Math.cos(angle) * scale, Math.sin(angle) * scale]
  return [x * c - y * s, x * s + y * c]
}

/**
 * @param {Pick<Drawing, 'camera'>} drawing
 * @param {number} width
 * @param {number} height
 * @returns {CameraView} what the camera sees in the end
 */
export function viewOf(drawing, width, height) {
  const { pan, zoom, turn } = cameraOf(drawing)
  const [dx, dy] = rotate([pan[0] * width, pan[1] * height], -turn, 1 / zoom)
  return { centre: [width / 2 - dx, height / 2 - dy], zoom, turn }
}

/**
 * @param {Drawing} drawing
 * @param {CameraView} view
 * @param {number} width
 * @param {number} height
 * @returns {Drawing} with the camera that sees this part of the picture in the end
 */
export function withView(drawing, { centre, zoom, turn }, width, height) {
  const held = clamp(zoom, HANDLE_ZOOM.min, HANDLE_ZOOM.max)
  const pan = rotate([width / 2 - centre[0], height / 2 - centre[1]], turn, held)
  return patchCamera(drawing, { pan: [pan[0] / width, pan[1] / height], zoom: held, turn })
}

/**
 * @param {Pick<Drawing, 'camera'>} drawing
 * @param {number} width
 * @param {number} height
 * @returns {Point[]} the corners of what the camera sees in the end, from its top left, clockwise
 */
export function viewCorners(drawing, width, height) {
  const { centre, zoom, turn } = viewOf(drawing, width, height)
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([sx, sy]) => {
    const [x, y] = rotate([(sx * width) / 2, (sy * height) / 2], -turn, 1 / zoom)
    return [(centre[0] + x) / width, (centre[1] + y) / height]
  })
}
