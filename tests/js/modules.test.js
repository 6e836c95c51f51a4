/** History, geometry, view, rasterising and motion beyond the shared vectors. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { drawnColor, turnHue } from '../../js/editor/colors.js'
import * as geometry from '../../js/editor/geometry.js'
import { gridStep, snapped } from '../../js/editor/guides.js'
import * as history from '../../js/editor/history.js'
import { maskBox, rasterSize } from '../../js/editor/masks.js'
import { applyMotion, motionMatrix } from '../../js/editor/motion.js'
import { pullPush } from '../../js/editor/motion-preview.js'
import { prefer } from '../../js/editor/preferences.js'
import { applyStroke, applyStrokes, createRaster } from '../../js/editor/rasterize.js'
import * as view from '../../js/editor/view.js'

test('history: undo to the start, redo to the end, a new step forgets the future', () => {
  let h = history.createHistory(0)
  for (let i = 1; i <= 3; i += 1) h = history.commit(h, i)
  assert.equal(history.commit(h, 3), h)
  const back = history.undo(history.undo(history.undo(h)))
  assert.equal(back.present, 0)
  assert.equal(history.undo(back), back)
  const forth = history.redo(history.redo(history.redo(back)))
  assert.deepEqual(forth, h)
  assert.equal(history.redo(forth), forth)
  const other = history.commit(back, 9)
  assert.equal(history.canRedo(other), false)
  assert.equal(history.undo(other).present, 0)
})

test('history keeps a hundred steps', () => {
  let h = history.createHistory(0)
  for (let i = 1; i <= 250; i += 1) h = history.commit(h, i)
  let steps = 0
  for (; history.canUndo(h); steps += 1) h = history.undo(h)
  assert.equal(steps, 100)
  assert.equal(h.present, 150)
})

test('fractions and pixels are inverse; the corner of the frame is −½', () => {
  assert.deepEqual(geometry.fracToPx([0, 0], 640, 360), [-0.5, -0.5])
  assert.deepEqual(geometry.fracToPx([1, 1], 640, 360), [639.5, 359.5])
  const [u, v] = geometry.pxToFrac(geometry.fracToPx([0.3, 0.7], 640, 360), 640, 360)
  assert.ok(Math.abs(u - 0.3) < 1e-12 && Math.abs(v - 0.7) < 1e-12)
})

test('simplify keeps ends and corners and drops what lies between', () => {
  const line = [[0, 0], [1, 0.001], [2, -0.001], [3, 0], [3, 3]]
  assert.deepEqual(geometry.simplify(line, 0.01), [[0, 0], [3, 0], [3, 3]])
  assert.deepEqual(geometry.simplify([[0, 0], [1, 1]], 5), [[0, 0], [1, 1]])
})

test('hit tests', () => {
  assert.equal(geometry.nearestPoint([[0, 0], [10, 0]], [9, 1], 5), 1)
  assert.equal(geometry.nearestPoint([[0, 0], [10, 0]], [5, 6], 5), -1)
  assert.deepEqual(geometry.pathDistance([5, 2], [[0, 0], [10, 0], [10, 10]]), { distance: 2, segment: 0 })
})

test('zooming keeps the place under the pointer, fitting shows everything', () => {
  const fitted = view.fitView(500, 300, 1000, 500, 10)
  for (const corner of [[0, 0], [1, 1]]) {
    const [x, y] = view.fracToStage(fitted, corner, 1000, 500)
    assert.ok(x >= 0 && x <= 500 && y >= 0 && y <= 300)
  }
  const zoomed = view.zoomView(fitted, 3, 120, 90, 0.01)
  const before = view.stageToFrac(fitted, [120, 90], 1000, 500)
  const after = view.stageToFrac(zoomed, [120, 90], 1000, 500)
  before.forEach((value, i) => assert.ok(Math.abs(value - after[i]) < 1e-12))
})

test('panned far away, a strip of the picture stays', () => {
  const clamped = view.clampView({ scale: 1, x: 99999, y: -99999 }, 500, 300, 1000, 500)
  assert.deepEqual(clamped, { scale: 1, x: 460, y: -460 })
})

test('a stroke drawn piece by piece is the stroke drawn at once', () => {
  const points = Array.from({ length: 20 }, (_, i) => [0.1 + 0.04 * i, 0.5 + 0.3 * Math.sin(i)])
  const stroke = { tool: 'brush', radius: 0.03, points }
  const grown = createRaster(120, 70)
  for (let i = 0; i < points.length; i += 1) {
    applyStroke(grown, { ...stroke, points: points.slice(Math.max(0, i - 1), i + 1) })
  }
  assert.deepEqual(grown.data, applyStrokes(createRaster(120, 70), [stroke]).data)
})

test('mask boxes and raster sizes', () => {
  assert.equal(maskBox(createRaster(8, 5)), null)
  const raster = createRaster(8, 5)
  raster.data[2 * 8 + 3] = raster.data[4 * 8 + 6] = 1
  assert.deepEqual(maskBox(raster), { x0: 3, y0: 2, x1: 7, y1: 5 })
  assert.deepEqual(rasterSize(4096, 2048), { width: 1024, height: 512 })
  assert.deepEqual(rasterSize(300, 200), { width: 300, height: 200 })
})

test('the canvas matrix moves corner-origin coordinates as the motion moves pixel centres', () => {
  const motion = { a: [0.8, 0.3], b: [12, -7] }
  const [a, b, c, d, e, f] = motionMatrix(motion, 0.5)
  const [x, y] = applyMotion(motion, [20, 30])
  const [cx, cy] = [(20 + 0.5) * 0.5, (30 + 0.5) * 0.5]
  assert.ok(Math.abs(a * cx + c * cy + e - (x + 0.5) * 0.5) < 1e-12)
  assert.ok(Math.abs(b * cx + d * cy + f - (y + 0.5) * 0.5) < 1e-12)
})

test('colors count visible components only', () => {
  const drawing = { version: 1, components: [{}, { hidden: true }, {}] }
  assert.deepEqual([0, 2, 3].map((i) => drawnColor(drawing, i)), [[255, 48, 48], [48, 224, 64], [64, 112, 255]])
  assert.deepEqual(drawnColor(drawing, 1), [136, 136, 136])
})

test('a hole is filled with the colors around it, known pixels stay', () => {
  const [width, height] = [9, 7]
  const rgba = new Float32Array(4 * width * height)
  for (let i = 0; i < width * height; i += 1) {
    const hole = i % width > 2 && i % width < 6
    if (!hole) rgba.set([i % width < 4 ? 10 : 30, 20, 20, 1], 4 * i)
  }
  const filled = pullPush(rgba, width, height)
  for (let i = 0; i < width * height; i += 1) {
    const [r, g] = [filled[4 * i], filled[4 * i + 1]]
    assert.ok(Math.abs(g - 20) < 1e-3 && r >= 10 - 1e-3 && r <= 30 + 1e-3)
    if (rgba[4 * i + 3]) assert.equal(r, rgba[4 * i])
  }
})

test('colors turn on the wheel and stay as vivid', () => {
  assert.deepEqual(turnHue([255, 48, 48], 0), [255, 48, 48])
  assert.deepEqual(turnHue([255, 48, 48], 120), [48, 255, 48])
  assert.deepEqual(turnHue([48, 224, 64], 180), [224, 48, 208])
  const drawing = { version: 1, components: [{}, {}] }
  const before = drawnColor(drawing, 1)
  prefer({ maskHue: 90 })
  assert.notDeepEqual(drawnColor(drawing, 1), before)
  assert.equal(drawnColor(drawing, 1), drawnColor(drawing, 1), 'the same object, so that nothing is painted anew')
  prefer({ maskHue: 0 })
  assert.equal(drawnColor(drawing, 1), before)
})

test('places snap to the middles or the corners of pixels, and the grid is as fine as the zoom allows', () => {
  const size = { width: 200, height: 100 }
  assert.deepEqual(snapped([0.1234, 0.999], size, false), [24.5 / 200, 99.5 / 100])
  assert.deepEqual(snapped([0.1234, 0.999], size, true), [25 / 200, 1])
  assert.deepEqual([20, 14, 5, 1, 0.1].map(gridStep), [1, 1, 4, 16, 256])
})
