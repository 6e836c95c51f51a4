/**
 * An outline that was found in a small copy of a picture, along the edge that the picture shows at its own size: each
 * place may move a little across the outline to where colors change most, and neighbours move alike. No DOM.
 *
 * @import { Point, Size, Vec } from './types.js'
 *
 * @typedef {Size & {data: ArrayLike<number>, x: number, y: number}} Detail  RGBA of a part that begins at (x, y)
 */
import { joinRings } from './flood.js'
import { arcLengths, distance, pointAlong } from './geometry.js'

/** How far the edge may lie from the outline, in pixels of the small copy. */
const REACH = 2
/** Below this the small copy shows what there is. */
const LEAST_SCALE = 1.25
/** The outline is looked at this often, in pixels of the small copy. */
const STEP = 0.5
/** What an edge as strong as the mean around it is worth, and what a step to the side costs between neighbours. */
const [WORTH, STEP_COST, OFFSET_COST] = [4, 0.3, 0.02]
/** Of 0–255: changes of color much smaller than this are noise. */
const NOISE = 8
/** So many places of a ring are decided twice, so that its end meets its beginning. */
const OVERLAP = 64
/** How far, in pixels, the outline may lie from the places that were found. */
const TOLERANCE = 0.4

/**
 * @param {Point[]} points one closed path in fractions, with bridges from ring to ring that are crossed both ways
 * @param {Size} size of the picture
 * @param {number} scale the picture's size over the small copy's
 * @param {(x: number, y: number, width: number, height: number) => Detail} detail of a part, in pixels of it
 * @returns {Point[]} the same where nothing can be gained
 */
export function refined(points, { width, height }, scale, detail) {
  const reach = Math.round(REACH * scale)
  if (points.length < 3 || scale < LEAST_SCALE || Math.min(width, height) < 2) return points
  /** @param {number} axis @param {number} length @returns {Vec} first pixel, and how many */
  const span = (axis, length) => {
    const along = points.map((point) => point[axis] * length)
    const first = Math.max(0, Math.floor(Math.min(...along)) - 2 * reach)
    return [first, Math.min(length, Math.ceil(Math.max(...along)) + 2 * reach) - first]
  }
  const [[x0, across], [y0, down]] = [span(0, width), span(1, height)]
  const part = detail(x0, y0, across, down)
  const rings = ringsIn(points).map((ring) => {
    const places = ring.map(([u, v]) => /** @type {Vec} */ ([u * width, v * height]))
    return snapped(places, part, reach, STEP * scale, ([x, y]) => (
      x <= 0 || y <= 0 || x >= width || y >= height))
  })
  return joinRings(rings, TOLERANCE).map(([x, y]) => [x / width, y / height])
}

/** A path's rings, closed, without the bridges between them. @param {Point[]} points @returns {Point[][]} */
function ringsIn(points) {
  /** @type {Point[][]} */
  const rings = []
  /** @type {Point[]} */
  const open = []
  /** @type {Map<string, number>} */
  const places = new Map()
  for (const point of [...points, points[0]]) {
    const begun = places.get(String(point))
    if (begun === undefined) {
      places.set(String(point), open.push(point) - 1)
      continue
    }
    const ring = open.splice(begun + 1)
    for (const one of ring) places.delete(String(one))
    if (ring.length > 1) rings.unshift([open[begun], ...ring, open[begun]])
  }
  return rings
}

/**
 * The way round with the least cost, place by place (dynamic programming).
 * @param {Vec[]} ring closed, in pixels of the picture
 * @param {Detail} part
 * @param {number} reach how far a place may move
 * @param {number} step how far the places are apart
 * @param {(place: Vec) => boolean} fixed
 * @returns {Vec[]} closed
 */
function snapped(ring, part, reach, step, fixed) {
  const lengths = arcLengths(ring)
  const count = Math.max(8, Math.round((lengths.at(-1) ?? 0) / step))
  const places = Array.from({ length: count }, (_, i) => pointAlong(ring, i / count, lengths))
  /** @param {number} i */
  const around = (i) => (i + count) % count
  const normals = places.map((_, i) => {
    const [a, b] = [places[around(i - 2)], places[around(i + 2)]]
    const far = distance(a, b) || 1
    return /** @type {Vec} */ ([(b[1] - a[1]) / far, (a[0] - b[0]) / far])
  })
  const costs = places.map((place, i) => crossing(place, normals[i], part, reach))
  const overlap = Math.min(OVERLAP, count)
  const rows = count + 2 * overlap
  const choices = 2 * reach + 1
  const from = new Int8Array(rows * choices)
  let best = new Float32Array(choices)
  for (let row = 0; row < rows; row += 1) {
    const cost = costs[around(row - overlap)]
    const next = new Float32Array(choices)
    for (let k = 0; k < choices; k += 1) {
      let least = best[k]
      for (const side of [-1, 1]) {
        if (best[k + side] + STEP_COST < least) {
          least = best[k + side] + STEP_COST
          from[row * choices + k] = side
        }
      }
      next[k] = least + cost[k]
    }
    best = next
  }
  const offsets = new Float32Array(count)
  let k = best.indexOf(Math.min(...best))
  for (let row = rows - 1; row >= overlap; row -= 1) {
    if (row < rows - overlap) offsets[row - overlap] = k - reach
    k += from[row * choices + k]
  }
  const moved = places.map(([x, y], i) => {
    const by = fixed([x, y]) ? 0 : (offsets[around(i - 1)] + offsets[i] + offsets[around(i + 1)]) / 3
    return /** @type {Vec} */ ([x + by * normals[i][0], y + by * normals[i][1]])
  })
  return [...moved, moved[0]]
}

/**
 * What it costs to have the edge so far along the normal, from −reach to reach: little where colors change much.
 * @param {Vec} place
 * @param {Vec} normal
 * @param {Detail} part
 * @param {number} reach
 */
function crossing([x, y], [dx, dy], part, reach) {
  const colors = new Float32Array(3 * (2 * reach + 3))
  for (let i = 0, along = -reach - 1; along <= reach + 1; i += 3, along += 1) {
    colorInto(colors, i, part, x + along * dx - part.x - 0.5, y + along * dy - part.y - 0.5)
  }
  const cost = new Float32Array(2 * reach + 1)
  let sum = 0
  for (let k = 0; k < cost.length; k += 1) {
    let square = 0
    for (let i = 3 * k; i < 3 * k + 3; i += 1) square += (colors[i + 6] - colors[i]) ** 2
    cost[k] = Math.sqrt(square)
    sum += cost[k]
  }
  const worth = WORTH / (sum / cost.length + NOISE)
  for (let k = 0; k < cost.length; k += 1) cost[k] = OFFSET_COST * Math.abs(k - reach) - worth * cost[k]
  return cost
}

/**
 * The color between four pixels.
 * @param {Float32Array} colors @param {number} to where it goes: red, green, blue
 * @param {Detail} part
 * @param {number} x
 * @param {number} y
 */
function colorInto(colors, to, { data, width, height }, x, y) {
  const [left, top] = [Math.min(Math.max(x, 0), width - 1.001), Math.min(Math.max(y, 0), height - 1.001)]
  const [i, j] = [Math.floor(left), Math.floor(top)]
  const [fx, fy] = [left - i, top - j]
  const above = 4 * (j * width + i)
  const below = above + 4 * width
  for (let c = 0; c < 3; c += 1) {
    colors[to + c] = (data[above + c] * (1 - fx) + data[above + 4 + c] * fx) * (1 - fy)
      + (data[below + c] * (1 - fx) + data[below + 4 + c] * fx) * fy
  }
}
