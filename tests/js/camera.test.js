/** The camera's frame: what is dragged is what the camera sees in the end. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { cameraMotion, cameraMoves, cameraOf, patchCamera, removeCamera, viewCorners } from '../../js/editor/camera.js'
import { cameraHandles, nudgeCamera } from '../../js/editor/camera-gestures.js'
import { parseDrawing } from '../../js/editor/document.js'
import { begin } from '../../js/editor/gestures.js'
import { applyMotion } from '../../js/editor/motion.js'
import { EditorStore } from '../../js/editor/store.js'

const SIZE = { width: 400, height: 200 }
const scene = { ...SIZE, toStage: ([u, v]) => [u * SIZE.width, v * SIZE.height], insideMask: () => false }
const at = (x, y, more = {}) => ({
  stage: [x, y], frac: [x / SIZE.width, y / SIZE.height], alt: false, shift: false, ...more,
})

function setUp(camera) {
  const saved = []
  const store = new EditorStore({ onChange: (text) => saved.push(text) })
  store.load(JSON.stringify({ version: 1, components: [], ...(camera ? { camera } : {}) }))
  store.setView({ tool: 'camera' })
  return { store, saved }
}

function drag(store, ...places) {
  const gesture = begin(store, scene, places[0])
  for (const place of places.slice(1)) gesture.move(place)
  gesture.up(places[places.length - 1])
}

function near(actual, expected, tolerance) {
  const wanted = expected.flat(3)
  actual.flat(3).forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]) <= tolerance, `${actual} is not ${expected}`)
  })
}

/** The corners of the frame's view end in the corners of the frame: the definition of what the camera sees. */
function checkView(drawing) {
  const { width, height } = SIZE
  const motion = cameraMotion(drawing, 1, 2, width, height)
  const corners = viewCorners(drawing, width, height)
  const filmed = corners.map(([u, v]) => applyMotion(motion, [u * width - 0.5, v * height - 0.5]))
  near(filmed, [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]], 1e-6)
}

test('the view is what fills the last frame', () => {
  checkView({})
  checkView({ camera: { pan: [0.3, -0.2], zoom: 2.5, turn: 130 } })
  checkView({ camera: { pan: [-1, 0.4], zoom: 0.3, turn: -400 } })
})

test('dragging inside pans: the picture goes the other way', () => {
  const { store, saved } = setUp()
  drag(store, at(100, 150), at(120, 150), at(180, 130))
  assert.deepEqual(cameraOf(store.drawing).pan, [-0.2, 0.1])
  assert.equal(saved.length, 1)
  checkView(store.drawing)
  store.undo()
  assert.equal(store.drawing.camera, undefined)
})

test('dragging a corner zooms about the middle of the frame, wherever that is', () => {
  const { store } = setUp()
  drag(store, at(400, 200), at(300, 150))
  assert.equal(cameraOf(store.drawing).zoom, 2)
  drag(store, at(200, 100), at(250, 100))
  const middle = cameraHandles(store.drawing, scene).centre
  drag(store, at(350, 150), at(300, 125))
  near([cameraHandles(store.drawing, scene).centre], [middle], 0.02)
  assert.equal(cameraOf(store.drawing).zoom, 4)
})

test('the knob and the outside turn, past half a turn, in steps with Shift', () => {
  const { store } = setUp({ zoom: 2 })
  const round = (from, to, step, radius) => {
    const places = []
    for (let angle = from; from < to ? angle <= to : angle >= to; angle += step) {
      const radians = (angle * Math.PI) / 180
      places.push(at(200 + radius * Math.cos(radians), 100 + radius * Math.sin(radians)))
    }
    return places
  }
  drag(store, ...round(-45, 225, 10, 120))
  assert.equal(cameraOf(store.drawing).turn, -270, 'a frame turned clockwise sees a picture turned the other way')
  store.undo()
  const [x, y] = cameraHandles(store.drawing, scene).knob
  drag(store, at(x, y), at(200 + 60 * Math.cos(-0.7), 100 + 60 * Math.sin(-0.7), { shift: true }))
  assert.equal(cameraOf(store.drawing).turn, -45)
})

test('a click and a cancelled drag change nothing', () => {
  const { store, saved } = setUp()
  drag(store, at(100, 150), at(101, 150))
  const gesture = begin(store, scene, at(100, 150))
  gesture.move(at(300, 150))
  assert.ok(cameraMoves(store.shown))
  gesture.cancel()
  assert.deepEqual(saved, [])
  assert.equal(store.draft, null)
})

test('keys step, and stay within limits', () => {
  const { store } = setUp()
  nudgeCamera(store, SIZE, { dx: 10 })
  nudgeCamera(store, SIZE, { turn: 5 })
  nudgeCamera(store, SIZE, { zoom: 1e9 })
  assert.equal(cameraOf(store.drawing).zoom, 10)
  assert.equal(cameraOf(store.drawing).turn, 5)
  checkView(store.drawing)
})

test('unknown keys stay, removing leaves no trace', () => {
  const { store } = setUp({ zoom: 2, theirs: [1] })
  drag(store, at(200, 100), at(210, 100))
  assert.deepEqual(store.drawing.camera.theirs, [1])
  assert.equal(JSON.stringify(removeCamera(store.drawing)), '{"version":1,"components":[]}')
  assert.equal(JSON.stringify(patchCamera({}, { pan: [-0.0000001, 0] }).camera.pan), '[0,0]')
})

const broken = [
  [[], /The camera must be an object/],
  [{ zoom: 0 }, /zoom must be a number from 0.01 to 100, got 0/],
  [{ pan: [1] }, /pan must be a pair/],
  [{ pan: [0, '1'] }, /pan must be a pair/],
  [{ turn: null }, /turn must be a number/],
  [{ start: 0.9, end: 0.1 }, /start \(0.9\) must not be after/],
  [{ easing: 'bounce' }, /The camera: easing must be one of/],
]
for (const [camera, message] of broken) {
  test(`refused: ${JSON.stringify(camera)}`, () => {
    const text = JSON.stringify({ version: 1, components: [], camera })
    assert.match(parseDrawing(text).error, message)
  })
}
