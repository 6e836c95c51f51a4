/**
 * Masks as bytes, by the rule shared with Python: every shape gives intervals per pixel row, the intervals go into
 * a difference array, its running sum tells which pixels are inside. A pixel counts by its centre.
 *
 * @import { Box, Point, Raster, Stroke, Vec } from './types.js'
 */
import { fracToPx } from './geometry.js'
import { grow, invert, shrink } from './resize.js'

const MIN_RADIUS_PX = 0.75

/** @param {number} width @param {number} height @returns {Raster} */
export function createRaster(width, height) {
  return { data: new Uint8Array(width * height), width, height }
}

/**
 * The x interval in which a capsule (all points within r of the segment a–b) meets the row y.
 * @param {Vec} a
 * @param {Vec} b
 * @param {number} r
 * @param {number} y
 * @returns {[number, number]|null}
 */
function capsuleRow(a, b, r, y) {
  let low = Infinity
  let high = -Infinity
  for (const [cx, cy] of [a, b]) {
    const square = r * r - (y - cy) * (y - cy)
    if (square < 0) continue
    const half = Math.sqrt(square)
    low = Math.min(low, cx - half)
    high = Math.max(high, cx + half)
  }
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const length = Math.hypot(dx, dy)
  if (length > 0) {
    const band = bandRow(a, dx / length, dy / length, length, r, y)
    if (band) [low, high] = [Math.min(low, band[0]), Math.max(high, band[1])]
  }
  return low <= high ? [low, high] : null
}

/**
 * Row y of the rectangle around the segment: 0 ≤ along ≤ length and |across| ≤ r.
 * @param {Vec} a
 * @param {number} ux the segment's direction
 * @param {number} uy
 * @param {number} length
 * @param {number} r
 * @param {number} y
 * @returns {[number, number]|null}
 */
function bandRow(a, ux, uy, length, r, y) {
  const py = y - a[1]
  let [low, high] = [-Infinity, Infinity]
  for (const [slope, offset, min, max] of [[ux, py * uy, 0, length], [-uy, py * ux, -r, r]]) {
    // min ≤ slope·px + offset ≤ max
    if (slope === 0) {
      if (offset < min || offset > max) return null
      continue
    }
    const p = (min - offset) / slope
    const q = (max - offset) / slope
    low = Math.max(low, Math.min(p, q))
    high = Math.min(high, Math.max(p, q))
  }
  return low <= high ? [a[0] + low, a[0] + high] : null
}

/**
 * @param {readonly Vec[]} points
 * @param {number} margin
 * @param {number} width
 * @param {number} height
 * @returns {Box|null} rows and columns of the frame that the points, grown by `margin`, can touch
 */
function clippedBox(points, margin, width, height) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of points) {
    x0 = Math.min(x0, x)
    y0 = Math.min(y0, y)
    x1 = Math.max(x1, x)
    y1 = Math.max(y1, y)
  }
  const box = {
    x0: Math.max(0, Math.floor(x0 - margin)), y0: Math.max(0, Math.floor(y0 - margin)),
    x1: Math.min(width, Math.ceil(x1 + margin) + 1), y1: Math.min(height, Math.ceil(y1 + margin) + 1),
  }
  return box.x0 < box.x1 && box.y0 < box.y1 ? box : null
}

/**
 * Running sum over a box's difference array; where it is not zero, write `value`.
 * @param {Raster} raster
 * @param {Box} box
 * @param {Int32Array} difference
 * @param {0|1} value
 */
function writeBox(raster, box, difference, value) {
  const columns = box.x1 - box.x0
  for (let y = box.y0; y < box.y1; y += 1) {
    let sum = 0
    const row = (y - box.y0) * (columns + 1)
    const target = y * raster.width + box.x0
    for (let x = 0; x < columns; x += 1) {
      sum += difference[row + x]
      if (sum !== 0) raster.data[target + x] = value
    }
  }
}

/** @param {Raster} raster @param {Vec[]} points @param {number} radius in pixels @param {0|1} value */
function brushStroke(raster, points, radius, value) {
  const { width, height } = raster
  const box = clippedBox(points, radius, width, height)
  if (!box) return null
  const columns = box.x1 - box.x0
  const difference = new Int32Array((columns + 1) * (box.y1 - box.y0))
  const pairs = points.length === 1 ? [[points[0], points[0]]] : points.slice(1).map((p, i) => [points[i], p])
  for (const [a, b] of pairs) {
    const first = Math.max(box.y0, Math.ceil(Math.min(a[1], b[1]) - radius))
    const last = Math.min(box.y1 - 1, Math.floor(Math.max(a[1], b[1]) + radius))
    for (let y = first; y <= last; y += 1) {
      const interval = capsuleRow(a, b, radius, y)
      if (!interval) continue
      const from = Math.max(box.x0, Math.ceil(interval[0]))
      const to = Math.min(box.x1, Math.floor(interval[1]) + 1)
      if (from >= to) continue
      const row = (y - box.y0) * (columns + 1) - box.x0
      difference[row + from] += 1
      difference[row + to] -= 1
    }
  }
  writeBox(raster, box, difference, value)
  return box
}

/**
 * Closed polygon, non-zero winding: each edge changes the winding right of where it crosses a row.
 * @param {Raster} raster
 * @param {Vec[]} points
 * @param {0|1} value
 */
function lassoStroke(raster, points, value) {
  const { width, height } = raster
  const box = clippedBox(points, 0, width, height)
  if (!box) return null
  const columns = box.x1 - box.x0
  const difference = new Int32Array((columns + 1) * (box.y1 - box.y0))
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]
    if (a[1] === b[1]) return
    const [top, bottom] = a[1] < b[1] ? [a, b] : [b, a]
    const direction = a[1] < b[1] ? 1 : -1
    const last = Math.min(box.y1 - 1, Math.ceil(bottom[1]) - 1)
    for (let y = Math.max(box.y0, Math.ceil(top[1])); y <= last; y += 1) {
      const x = top[0] + ((y - top[1]) * (bottom[0] - top[0])) / (bottom[1] - top[1])
      const column = Math.min(Math.max(Math.ceil(x), box.x0), box.x1)
      difference[(y - box.y0) * (columns + 1) + column - box.x0] += direction
    }
  })
  writeBox(raster, box, difference, value)
  return box
}

/**
 * Apply one stroke in place.
 * @param {Raster} raster
 * @param {Stroke} stroke
 * @returns {Box|null} what it may have touched
 */
export function applyStroke(raster, stroke) {
  const { width, height } = raster
  if (stroke.tool === 'brush' || stroke.tool === 'erase') {
    const radius = Math.max(stroke.radius * width, MIN_RADIUS_PX)
    return brushStroke(raster, pixels(stroke.points, raster), radius, stroke.tool === 'brush' ? 1 : 0)
  }
  if (stroke.tool === 'lasso' || stroke.tool === 'lasso-erase') {
    return lassoStroke(raster, pixels(stroke.points, raster), stroke.tool === 'lasso' ? 1 : 0)
  }
  if (stroke.tool === 'grow') grow(raster, stroke.radius * width)
  else if (stroke.tool === 'shrink') shrink(raster, stroke.radius * width)
  else if (stroke.tool === 'invert') invert(raster)
  else raster.data.fill(1)
  return { x0: 0, y0: 0, x1: width, y1: height }
}

/** One after another, in place. @param {Raster} raster @param {readonly Stroke[]} strokes @returns {Raster} the same */
export function applyStrokes(raster, strokes) {
  for (const stroke of strokes) applyStroke(raster, stroke)
  return raster
}

/** @param {Point[]} points @param {Raster} raster @returns {Vec[]} */
const pixels = (points, { width, height }) => points.map((p) => fracToPx(p, width, height))

/**
 * Nearest sample of a greyscale picture; 128 and above is inside.
 * @param {{data: ArrayLike<number>, width: number, height: number}} picture one value per pixel
 * @param {number} width
 * @param {number} height
 * @returns {Raster}
 */
export function samplePicture(picture, width, height) {
  const raster = createRaster(width, height)
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((y + 0.5) * picture.height) / height) * picture.width
    for (let x = 0; x < width; x += 1) {
      if (picture.data[row + Math.floor(((x + 0.5) * picture.width) / width)] >= 128) raster.data[y * width + x] = 1
    }
  }
  return raster
}
