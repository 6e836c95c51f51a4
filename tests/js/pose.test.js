/** Poses by numbers and by hand: the arrows that are written mean exactly them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { begin } from '../../js/editor/gestures.js'
import { componentMotion } from '../../js/editor/motion.js'
import { poseArrows, poseFrame, poseOf, withPose } from '../../js/editor/pose.js'
import { EditorStore } from '../../js/editor/store.js'

const SIZE = { width: 400, height: 200 }
const EXTENT = { left: 0.2, top: 0.3, right: 0.4, bottom: 0.7 }
const FRAMES = 14
const near = (actual, expected, tolerance = 1e-3) => {
  for (const [key, value] of Object.entries(expected)) {
    assert.ok(Math.abs(actual[key] - value) <= tolerance, `${key}: ${actual[key]} instead of ${value}`)
  }
}
const drawingOf = (component) => ({ version: 1, components: [component] })

test('typed poses come back as they were typed, at the last frame', () => {
  const poses = [
    { dx: 30, dy: -12, scale: 1, turn: 0 }, { dx: 0, dy: 0, scale: 1.5, turn: 0 },
    { dx: 0, dy: 0, scale: 1, turn: 90 },
    { dx: 50, dy: 20, scale: 0.5, turn: -135 }, { dx: 5, dy: 0, scale: 2, turn: 400 },
    { dx: 1, dy: 2, scale: 1.1, turn: 0.4 }, { dx: 0, dy: 0, scale: 1, turn: 360 },
  ]
  for (const pose of poses) {
    const { components: [component] } = withPose(drawingOf({}), 0, EXTENT, pose, FRAMES - 1, FRAMES, SIZE)
    near(poseOf(component, EXTENT, FRAMES - 1, FRAMES, SIZE), pose)
  }
})

test('a turn keeps its size on the way, and one arrow is enough for a shift', () => {
  const turned = { arrows: poseArrows(EXTENT, { dx: 0, dy: 0, scale: 1, turn: 120 }, 1, SIZE) }
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const { a } = componentMotion(turned, frame, FRAMES, SIZE.width, SIZE.height)
    assert.ok(Math.abs(Math.hypot(...a) - 1) < 0.002)
  }
  assert.equal(poseArrows(EXTENT, { dx: 9, dy: 0, scale: 1, turn: 0 }, 1, SIZE).length, 1)
  assert.deepEqual(poseArrows(EXTENT, { dx: 0, dy: 0, scale: 1, turn: 0 }, 1, SIZE), [])
})

test('a pose in the middle of the clip is met there', () => {
  for (const pose of [{ dx: 20, dy: 5, scale: 1.2, turn: 0 }, { dx: 20, dy: 5, scale: 1.3, turn: 40 }]) {
    const { components: [component] } = withPose(drawingOf({}), 0, EXTENT, pose, 6, FRAMES, SIZE)
    near(poseOf(component, EXTENT, 6, FRAMES, SIZE), pose, 0.1)
  }
})

test('moving the end keeps the way there', () => {
  const arrow = { points: [[0.3, 0.5], [0.5, 0.2], [0.8, 0.5]], curve: 'smooth' }
  const pose = poseOf({ arrows: [arrow] }, EXTENT, 13, FRAMES, SIZE)
  const after = withPose(drawingOf({ arrows: [arrow] }), 0, EXTENT, { ...pose, dx: pose.dx + 40 }, 13, FRAMES, SIZE)
  assert.deepEqual(after.components[0].arrows[0].points, [[0.3, 0.5], [0.5, 0.2], [0.9, 0.5]])
  assert.equal(withPose(drawingOf({ start: 0.5 }), 0, EXTENT, pose, 2, FRAMES, SIZE), null, 'nothing has moved yet')
})

const scene = {
  ...SIZE, toStage: ([u, v]) => [u * SIZE.width, v * SIZE.height], insideMask: () => false, extent: () => EXTENT,
}
const at = (x, y, more = {}) => ({
  frac: [x / SIZE.width, y / SIZE.height], stage: [x, y], alt: false, shift: false, ...more,
})

function drag(store, ...places) {
  const gesture = begin(store, scene, places[0])
  for (const place of places.slice(1)) gesture.move(place)
  gesture.up(places.at(-1))
}

test('by hand: the corner scales, outside turns, the middle moves; each is one step of undo', () => {
  const store = new EditorStore()
  store.load(JSON.stringify(drawingOf({ name: 'boat', mask: { strokes: [{ tool: 'fill' }] } })))
  store.setView({ tool: 'select', frame: FRAMES - 1, frames: FRAMES })
  const pose = () => poseOf(store.drawing.components[0], EXTENT, FRAMES - 1, FRAMES, SIZE)
  drag(store, at(160, 140), at(200, 180))
  near(pose(), { dx: 0, dy: 0, scale: 2, turn: 0 }, 0.02)
  assert.equal(store.view.frame, FRAMES - 1, 'the frame that is looked at stays')
  drag(store, at(120, 100), at(150, 90), at(180, 90))
  near(pose(), { dx: 60, dy: -10, scale: 2, turn: 0 }, 0.02)
  const [, corner] = poseFrame(store, scene)
  const [cx, cy] = [180, 90]
  const outside = [cx + (corner[0] - cx) * 1.3, cy + (corner[1] - cy) * 1.3]
  const turned = [cx - (outside[1] - cy), cy + (outside[0] - cx)]
  drag(store, at(...outside), at(...turned, { shift: true }))
  near(pose(), { dx: 60, dy: -10, scale: 2, turn: 90 }, 0.05)
  store.undo()
  store.undo()
  near(pose(), { dx: 0, dy: 0, scale: 2, turn: 0 }, 0.02)
  store.setView({ frame: 0 })
  assert.equal(poseFrame(store, scene), null)
})
