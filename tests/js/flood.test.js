/** What is alike, and its outline as one stroke: filled again, it is the same pixels. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { roundPoints } from '../../js/editor/document.js'
import { alike, outlineOf } from '../../js/editor/flood.js'
import { applyStroke, createRaster } from '../../js/editor/rasterize.js'

/** RGBA of a picture whose grey values a function gives. */
function pictureOf(width, height, grey) {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let i = 0; i < width * height; i += 1) {
    data.set([...Array(3).fill(grey(i % width, Math.floor(i / width))), 255], 4 * i)
  }
  return { data, width, height }
}

/** The raster of the stroke that a region becomes, at `scale` times its size. */
function drawn(region, scale = 1) {
  const raster = createRaster(region.width * scale, region.height * scale)
  applyStroke(raster, { tool: 'lasso', points: roundPoints(outlineOf(region)) })
  return raster
}

function overlap(a, b) {
  let [both, any] = [0, 0]
  a.data.forEach((value, i) => {
    both += value & b.data[i]
    any += value | b.data[i]
  })
  return both / any
}

test('only what hangs together and differs by no more than the tolerance', () => {
  const picture = pictureOf(40, 20, (x) => (x < 10 ? 100 : x < 20 ? 120 : x < 30 ? 200 : 100))
  const count = (tolerance) => alike(picture, 3, 3, tolerance).data.reduce((sum, value) => sum + value, 0)
  assert.deepEqual([19, 20, 99, 100].map(count), [200, 400, 400, 800])
  const diagonal = pictureOf(2, 2, (x, y) => (x === y ? 0 : 255))
  assert.deepEqual([...alike(diagonal, 0, 0, 10).data], [1, 0, 0, 0], 'corners do not touch')
})

test('boxes come back pixel by pixel, at the border of the frame and with a hole, whatever the size', () => {
  const shapes = [
    (x, y) => x < 24 && y < 18, (x, y) => x >= 5 && x < 50 && y >= 3 && y < 37, () => true,
    (x, y) => Math.hypot(x - 30, y - 20) > 7.3 && x > 3, (x, y) => x < 50 && !(x > 10 && x < 20 && y > 10 && y < 30),
  ]
  for (const [i, inside] of shapes.entries()) {
    const region = alike(pictureOf(64, 40, (x, y) => (inside(x, y) ? 0 : 255)), 6, 4, 10)
    const same = overlap(region, drawn(region))
    assert.ok(i === 3 ? same > 0.985 : same === 1, `shape ${i}: ${same}`)
    const large = createRaster(640, 400)
    for (let j = 0; j < large.data.length; j += 1) {
      large.data[j] = region.data[Math.floor(j / 6400) * 64 + Math.floor((j % 640) / 10)]
    }
    assert.ok(overlap(large, drawn(region, 10)) > 0.98, `shape ${i} upscaled`)
  }
})

test('a disc keeps its slanted edge, ragged noise stays within what a drawing may weigh, and it is quick', () => {
  const [width, height] = [1024, 540]
  const disc = alike(pictureOf(width, height, (x, y) => (Math.hypot(x - 500, y - 260) < 200 ? 0 : 255)), 500, 260, 10)
  assert.ok(overlap(disc, drawn(disc)) > 0.995)
  assert.ok(outlineOf(disc).length < 350)
  let seed = 1
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  const noise = pictureOf(width, height, () => (random() < 0.8 ? 0 : 255))
  const start = performance.now()
  const region = alike(noise, noise.width >> 1, noise.height >> 1, 10)
  const outline = outlineOf(region)
  const took = performance.now() - start
  assert.ok(outline.length > 500 && outline.length <= 3000)
  assert.ok(took < 3000, `${took} ms`)
})

test('a single pixel has an outline, and thin lines are kept', () => {
  const dot = alike(pictureOf(9, 9, (x, y) => (x === 4 && y === 4 ? 0 : 255)), 4, 4, 10)
  assert.equal(overlap(dot, drawn(dot)), 1)
  const line = alike(pictureOf(60, 30, (x, y) => (y === 12 && x > 5 ? 0 : 255)), 30, 12, 10)
  assert.ok(overlap(line, drawn(line)) > 0.9)
})
