/** An outline from a small copy of a picture, moved to the edge that the picture shows at its own size. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { refined } from '../../js/editor/edges.js'
import { applyStroke, createRaster } from '../../js/editor/rasterize.js'

const SIZE = { width: 1600, height: 1200 }
const SCALE = 1600 / 512
/** Grey by a function of the pixel's middle, with a soft border like a photograph's. */
const detailOf = (inside) => (x, y, width, height) => {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let i = 0; i < width * height; i += 1) {
    const grey = 60 + 120 / (1 + Math.exp(-inside(x + (i % width) + 0.5, y + Math.floor(i / width) + 0.5)))
    data.set([grey, grey, grey, 255], 4 * i)
  }
  return { data, width, height, x, y }
}
const circle = (r, count, turn = 1) => Array.from({ length: count }, (_, i) => {
  const angle = (turn * 2 * Math.PI * i) / count
  return [(800 + r * Math.cos(angle)) / SIZE.width, (600 + r * Math.sin(angle)) / SIZE.height]
})
const ring = (inner, outer) => (x, y) => {
  const far = Math.hypot(x - 800, y - 600)
  return Math.min(outer - far, far - inner)
}

function mismatch(points, inside) {
  const raster = createRaster(SIZE.width, SIZE.height)
  applyStroke(raster, { tool: 'lasso', points })
  let wrong = 0
  raster.data.forEach((value, i) => {
    wrong += value !== Number(inside((i % SIZE.width) + 0.5, Math.floor(i / SIZE.width) + 0.5) > 0)
  })
  return wrong
}

test('a coarse outline with a hole comes to lie on both edges, and the hole stays one', () => {
  const [outer, inner] = [circle(404, 24), circle(146, 16, -1)]
  const coarse = [outer[0], ...inner, inner[0], ...outer, outer[0]]
  const inside = ring(150, 400)
  const better = refined(coarse, SIZE, SCALE, detailOf(inside))
  const [before, after] = [mismatch(coarse, inside), mismatch(better, inside)]
  const edge = 2 * Math.PI * 550
  assert.ok(before / edge > 2 && after / edge < 0.5, `${before / edge} px off on the mean, then ${after / edge}`)
  assert.ok(better.length < 400)
})

test('what touches the border of the frame still does', () => {
  const half = [[0, 0], [0.503, 0], [0.503, 1], [0, 1]]
  const better = refined(half, SIZE, SCALE, detailOf((x) => 800 - x))
  assert.ok(mismatch(better, (x) => 800 - x) < 1200 * 0.6)
  assert.deepEqual([Math.min(...better.map(([u]) => u)), Math.max(...better.map(([, v]) => v))], [0, 1])
})

test('nothing is moved where no edge is near, nor where the small copy was the picture', () => {
  const square = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
  const box = (x, y) => Math.min(x - 400, 1200 - x, y - 300, 900 - y)
  assert.ok(mismatch(refined(square, SIZE, SCALE, detailOf(() => 0)), box) < 20, 'but for the corners')
  assert.equal(refined(square, SIZE, 1, () => assert.fail('nothing is looked at')), square)
  assert.deepEqual(refined([], SIZE, SCALE, detailOf(box)), [])
})
