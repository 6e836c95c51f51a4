/**
 * What is alike around a pixel, and its outline as one closed path that a lasso stroke may hold. No DOM.
 *
 * @import { Point, Raster, Size, Vec } from './types.js'
 *
 * @typedef {{x: number, y: number, dx: number, dy: number, length: number}} Run  straight along pixels' edges
 */
import { simplify } from './geometry.js'

/** A hole smaller than this share of the frame is noise of the picture and is filled, too. */
const MIN_HOLE = 1e-4
/** More points than this would weigh down the workflow: the outline becomes coarser instead. */
const MAX_POINTS = 3000
/** How far, in pixels of the raster, a simplified outline may lie from the pixels' edges. */
const TOLERANCE = 0.49
/** Steps along the pixels' edges: right, down, left, up. @type {readonly Vec[]} */
const STEPS = [[1, 0], [0, 1], [-1, 0], [0, -1]]

/**
 * The pixels that a path over alike ones connects to (x, y).
 * @param {Size & {data: ArrayLike<number>}} picture RGBA
 * @param {number} x
 * @param {number} y
 * @param {number} tolerance by how much each channel may differ from that pixel's, 0–255
 * @returns {Raster}
 */
export function alike({ data, width, height }, x, y, tolerance) {
  const at = y * width + x
  const [r, g, b, a] = [0, 1, 2, 3].map((channel) => data[4 * at + channel])
  /** 1: alike and not reached yet. */
  const open = new Uint8Array(width * height)
  for (let i = 0, p = 0; i < open.length; i += 1, p += 4) {
    if (Math.abs(data[p] - r) <= tolerance && Math.abs(data[p + 1] - g) <= tolerance
      && Math.abs(data[p + 2] - b) <= tolerance && Math.abs(data[p + 3] - a) <= tolerance) open[i] = 1
  }
  const region = { data: new Uint8Array(width * height), width, height }
  const waiting = [at]
  for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
    if (!open[i]) continue
    const row = i - (i % width)
    let [left, right] = [i, i + 1]
    while (left > row && open[left - 1]) left -= 1
    while (right < row + width && open[right]) right += 1
    open.fill(0, left, right)
    region.data.fill(1, left, right)
    for (const shift of [-width, width]) {
      for (let j = Math.max(left + shift, 0), end = right + shift; j < end; j += 1) {
        if (open[j] && (j === left + shift || !open[j - 1])) waiting.push(j)
      }
    }
  }
  return region
}

/**
 * A region's outline, its holes included: each is joined to the outside by a way there and back, which leaves the
 * winding as it is.
 * @param {Raster} region in one piece
 * @returns {Point[]} in fractions; none for a region of nothing
 */
export function outlineOf(region) {
  const { width, height } = region
  return joinRings(ringsOf(region, MIN_HOLE * width * height), TOLERANCE).map(([x, y]) => [x / width, y / height])
}

/**
 * Rings as one path, no heavier than a drawing may be.
 * @param {Vec[][]} rings closed; what the others lie in, or beside, comes first
 * @param {number} tolerance how far it may lie from them, in their unit
 * @returns {Vec[]}
 */
export function joinRings(rings, tolerance) {
  const simple = rings.map((ring) => simplify(ring, tolerance)).filter((ring, i) => i === 0 || ring.length > 3)
  const path = simple.flatMap((ring, i) => (i ? [...ring, simple[0][0]] : ring))
  return path.length <= MAX_POINTS ? path : joinRings(simple, tolerance * 1.5)
}

/**
 * A region's borders, closed, the region on their right: the outer one, then those of its holes.
 * @param {Raster} region in one piece
 * @param {number} least pixels of a hole that counts
 * @returns {Vec[][]}
 */
function ringsOf({ data, width, height }, least) {
  /** @param {number} x @param {number} y */
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1
  /** Pixels whose upper edge is in a ring already. */
  const seen = new Uint8Array(width * height)
  /** @type {Vec[]} */
  let outer = []
  /** @type {Vec[][]} */
  const holes = []
  for (let i = 0; i < data.length; i += 1) {
    if (!data[i] || seen[i] || (i >= width && data[i - width])) continue
    /** @type {Run[]} */
    const runs = []
    const [x0, y0] = [i % width, Math.floor(i / width)]
    let [x, y, direction, enclosed] = [x0, y0, 0, 0]
    do {
      const [dx, dy] = STEPS[direction]
      const run = { x, y, dx, dy, length: 0 }
      let turn = 0
      while (turn === 0) {
        if (direction === 0) seen[y * width + x] = 1
        x += dx
        y += dy
        run.length += 1
        // The pixel ahead on the right, and the one ahead on the left.
        const [rx, ry] = [x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2]
        if (!inside(rx, ry)) turn = 1
        else if (inside(rx + dy, ry - dx)) turn = 3
      }
      runs.push(run)
      enclosed += x * dy * run.length
      direction = (direction + turn) % 4
    } while (x !== x0 || y !== y0 || direction !== 0)
    if (enclosed > 0) outer = pathOf(runs)
    else if (enclosed <= -least) holes.push(pathOf(runs))
  }
  return [outer, ...holes]
}

/** A corner between two runs of at least so many pixels is one; others are the steps of something slanted or round. */
const CORNER_RUN = 3

/** Through the middles of steps, which makes slanted edges straight. @param {Run[]} runs of a ring @returns {Vec[]} */
function pathOf(runs) {
  const path = runs.flatMap(({ x, y, dx, dy, length }, i) => {
    /** @param {number} along @returns {Vec} */
    const at = (along) => [x + along * dx, y + along * dy]
    const points = length > 1 ? [at(0.5), at(length - 0.5)] : [at(0.5)]
    const corner = length >= CORNER_RUN && runs[(i + 1) % runs.length].length >= CORNER_RUN
    return corner ? [...points, at(length)] : points
  })
  return [...path, path[0]]
}
