/**
 * Growing and shrinking masks by exact discs, as in Python (`rasterize.py`): distances between pixel centres, squared,
 * are whole numbers, so there is nothing to round.
 *
 * @import { Raster } from './types.js'
 */

/** Not a distance any raster has. */
const FAR = 1 << 20

/** The squared radius in whole pixels; a hair more lets n px of any width count as n. @param {number} radius_px */
const squaredLimit = (radius_px) => Math.floor(radius_px ** 2 + 1e-6)

/**
 * Row by row, how far away (in rows) the nearest pixel of `value` in the same column is; FAR where there is none.
 * @param {Raster} raster
 * @param {0|1} value
 */
function columnGaps({ data, width, height }, value) {
  const gaps = new Int32Array(width * height).fill(FAR)
  const last = new Int32Array(width)
  /** @param {number} from @param {number} to @param {number} step */
  const pass = (from, to, step) => {
    last.fill(FAR)
    for (let y = from; y !== to; y += step) {
      for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
        last[x] = data[at] === value ? 0 : last[x] + 1
        if (last[x] < gaps[at]) gaps[at] = last[x]
      }
    }
  }
  pass(0, height, 1)
  pass(height - 1, -1, -1)
  return gaps
}

/**
 * Pixels at most √limit from one of `value` take that value: each column's nearest one makes an interval of the row
 * near.
 * @param {Raster} raster changed in place
 * @param {number} limit
 * @param {0|1} value
 */
function spread(raster, limit, value) {
  const { data, width, height } = raster
  const reach = Math.floor(Math.sqrt(limit))
  const halves = Int32Array.from({ length: reach + 1 }, (_, gap) => Math.floor(Math.sqrt(limit - gap * gap)))
  const gaps = columnGaps(raster, value)
  const difference = new Int32Array(width + 1)
  for (let y = 0; y < height; y += 1) {
    difference.fill(0)
    for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
      if (gaps[at] > reach) continue
      const half = halves[gaps[at]]
      difference[Math.max(0, x - half)] += 1
      difference[Math.min(width, x + half + 1)] -= 1
    }
    for (let x = 0, sum = 0, at = y * width; x < width; x += 1, at += 1) {
      sum += difference[x]
      if (sum > 0) data[at] = value
    }
  }
}

/** @param {Raster} raster @param {number} radius_px all pixels this near are added */
export function grow(raster, radius_px) {
  spread(raster, squaredLimit(radius_px), 1)
}

/** @param {Raster} raster @param {number} radius_px all pixels this near to what is out are taken away */
export function shrink(raster, radius_px) {
  spread(raster, squaredLimit(radius_px), 0)
}

/** @param {Raster} raster */
export function invert({ data }) {
  for (let i = 0; i < data.length; i += 1) data[i] ^= 1
}
