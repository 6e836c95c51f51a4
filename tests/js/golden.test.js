/** The numbers that Python and JavaScript must both arrive at (tests/fixtures/make_geometry_golden.py). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { cameraMotion } from '../../js/editor/camera.js'
import {
  applyMotion, arrowPositions, componentMotion, compose, ease, easeBezier, fitSimilarity, progress,
} from '../../js/editor/motion.js'
import { applyStrokes, createRaster, samplePicture } from '../../js/editor/rasterize.js'

const golden = JSON.parse(readFileSync(new URL('../fixtures/geometry_golden.json', import.meta.url), 'utf8'))
const TOLERANCE_PX = 1e-6

function runLengths(data) {
  const runs = []
  let [value, length] = [0, 0]
  for (const bit of data) {
    if (bit === value) {
      length += 1
      continue
    }
    runs.push(length)
    ;[value, length] = [bit, 1]
  }
  return [...runs, length]
}

function near(actual, expected, tolerance = TOLERANCE_PX) {
  if (Array.isArray(expected)) {
    assert.equal(actual.length, expected.length)
    expected.forEach((value, i) => near(actual[i], value, tolerance))
    return
  }
  const scale = Math.max(1, Math.abs(expected))
  assert.ok(Math.abs(actual - expected) <= tolerance * scale, `${actual} is not ${expected}`)
}

for (const { name, width, height, strokes, runs } of golden.masks) {
  test(`mask: ${name}`, () => {
    assert.deepEqual(runLengths(applyStrokes(createRaster(width, height), strokes).data), runs)
  })
}

test('picture masks', () => {
  for (const { values, width, height, runs } of golden.pictures) {
    const picture = { data: values.flat(), width: values[0].length, height: values.length }
    assert.deepEqual(runLengths(samplePicture(picture, width, height).data), runs)
  }
})

test('easing', () => {
  for (const { easing, p, share } of golden.easing) near(p.map((value) => ease(easing, value)), share)
})

test('speeds that are drawn', () => {
  for (const { bezier, p, share } of golden.beziers) near(p.map((value) => easeBezier(bezier, value)), share, 1e-14)
})

test('similarities', () => {
  for (const { starts_px, positions_px, similarity } of golden.similarities) {
    const { a, b } = fitSimilarity(starts_px, positions_px)
    near([...a, ...b], similarity)
  }
})

for (const motion of golden.motions) {
  test(`motion: ${motion.name}`, () => {
    const { component, width, height, frames } = motion
    for (let frame = 0; frame < frames; frame += 1) {
      near(progress(component, frame, frames), motion.shares[frame])
      const positions = motion.arrow_positions_px.map((arrow) => arrow[frame])
      near(arrowPositions(component, frame, frames, width, height), positions)
      const fitted = componentMotion(component, frame, frames, width, height)
      near([...fitted.a, ...fitted.b], motion.similarity[frame])
      near(motion.points_px.map((p) => applyMotion(fitted, p)), motion.tracks_px[frame])
    }
  })
}

for (const film of golden.cameras) {
  test(`camera: ${film.name}`, () => {
    const { camera, component, width, height, frames } = film
    for (let frame = 0; frame < frames; frame += 1) {
      const moved = cameraMotion({ camera }, frame, frames, width, height)
      near([...moved.a, ...moved.b], film.similarity[frame])
      const both = compose(componentMotion(component, frame, frames, width, height), moved)
      near(film.points_px.map((p) => applyMotion(both, p)), film.tracks_px[frame])
    }
  })
}
