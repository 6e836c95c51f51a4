/**
 * The drawing's camera: what its movement does to the picture, on top of the components' own motion. No DOM.
 *
 * With the eased share e, frame centre c and pan p in pixels, a place x of the scene is seen at
 *   c + zoomᵉ · rotation(e · turn) · (x − c) + p · (zoomᵉ − 1) / (zoom − 1)      (p · e where zoom = 1),
 * as in Python (`trackgo/camera.py` says why).
 *
 * @typedef {{pan?: [number, number], zoom?: number, turn?: number, start?: number, end?: number, easing?: string}} Camera
 *   pan: frame widths to the right and heights down; turn: degrees clockwise
 * @typedef {{centre: [number, number], zoom: number, turn: number}} View the part of the picture seen in the end:
 *   its centre in pixels from the picture's corner, how many times it is enlarged, how far the picture turns
 */
import { CAMERA_LIMITS } from './document-checks.js'
import { progress } from './motion.js'

/** What the editor's handles reach: far enough for any film. */
const HANDLE_ZOOM = Object.freeze({ least: 0.1, most: 10 })

/** @param {import('./document.js').Drawing} drawing the camera with nothing left out @returns {Required<Camera>} */
export function cameraOf(drawing) {
  return { pan: [0, 0], zoom: 1, turn: 0, start: 0, end: 1, easing: 'linear', ...drawing.camera }
}

/** @param {import('./document.js').Drawing} drawing @returns {boolean} whether its camera changes anything */
export function cameraMoves(drawing) {
  const { pan, zoom, turn } = cameraOf(drawing)
  return pan[0] !== 0 || pan[1] !== 0 || zoom !== 1 || turn !== 0
}

const round = (value, decimals) => Number(value.toFixed(decimals)) + 0 // + 0: never −0
const clamp = (value, least, most) => Math.min(Math.max(value, least), most)

/** @param {import('./document.js').Drawing} drawing @param {Partial<Camera>} patch @returns {import('./document.js').Drawing} */
export function patchCamera(drawing, patch) {
  const next = { ...cameraOf(drawing), ...patch }
  const { pan: limit, minZoom, maxZoom, turn: most } = CAMERA_LIMITS
  next.pan = next.pan.map((at) => round(clamp(at, -limit, limit), 5))
  next.zoom = round(clamp(next.zoom, minZoom, maxZoom), 4)
  next.turn = round(clamp(next.turn, -most, most), 2)
  return { ...drawing, camera: next }
}

/** @param {import('./document.js').Drawing} drawing @returns {import('./document.js').Drawing} without a camera */
export function removeCamera(drawing) {
  if (drawing.camera === undefined) return drawing
  const { camera, ...rest } = drawing
  return rest
}

/** The camera's similarity at a frame, in pixels. @returns {import('./motion.js').Similarity} */
export function cameraMotion(drawing, frame, frames, width, height) {
  const camera = cameraOf(drawing)
  const share = progress(camera, frame, frames)
  const growth = Math.log(camera.zoom)
  const [size, angle] = [Math.exp(growth * share), ((camera.turn * Math.PI) / 180) * share]
  const panned = growth === 0 ? share : Math.expm1(growth * share) / Math.expm1(growth)
  const a = [size * Math.cos(angle), size * Math.sin(angle)]
  const [x, y] = [(width - 1) / 2, (height - 1) / 2]
  return {
    a, b: [x - (a[0] * x - a[1] * y) + camera.pan[0] * width * panned, y - (a[0] * y + a[1] * x) + camera.pan[1] * height * panned],
  }
}

const rotate = ([x, y], degrees, scale = 1) => {
  const angle = (degrees * Math.PI) / 180
  const [c, s] = [Math.cos(angle) * scale, Math.sin(angle) * scale]
  return [x * c - y * s, x * s + y * c]
}

/** @param {import('./document.js').Drawing} drawing @returns {View} what the camera sees in the end */
export function viewOf(drawing, width, height) {
  const { pan, zoom, turn } = cameraOf(drawing)
  const [dx, dy] = rotate([pan[0] * width, pan[1] * height], -turn, 1 / zoom)
  return { centre: [width / 2 - dx, height / 2 - dy], zoom, turn }
}

/** The camera that sees this part of the picture in the end. @param {View} view @returns {import('./document.js').Drawing} */
export function withView(drawing, { centre, zoom, turn }, width, height) {
  const held = clamp(zoom, HANDLE_ZOOM.least, HANDLE_ZOOM.most)
  const pan = rotate([width / 2 - centre[0], height / 2 - centre[1]], turn, held)
  return patchCamera(drawing, { pan: [pan[0] / width, pan[1] / height], zoom: held, turn })
}

/** @returns {[number, number][]} fractions: the corners of what the camera sees in the end, from its top left, clockwise */
export function viewCorners(drawing, width, height) {
  const { centre, zoom, turn } = viewOf(drawing, width, height)
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([sx, sy]) => {
    const [x, y] = rotate([(sx * width) / 2, (sy * height) / 2], -turn, 1 / zoom)
    return [(centre[0] + x) / width, (centre[1] + y) / height]
  })
}
