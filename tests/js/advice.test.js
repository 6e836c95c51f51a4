/** What is said while a drawing lacks something. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { advice } from '../../js/editor/advice.js'

const BOX = { x0: 0, y0: 0, x1: 9, y1: 9 }
const arrow = (...points) => ({ points, curve: 'straight' })
const still = { name: 'hill' }
const boat = { name: 'boat', arrows: [arrow([0.2, 0.2], [0.6, 0.2])] }
const said = (components, boxes, more = {}, drawing = {}) => advice({
  drawing: { components, ...drawing }, boxes, complete: true, offset: 0, selected: 0, tool: 'brush', frames: 14,
  counts: { tracks: null, video: null }, size: { width: 400, height: 200 }, ...more,
})

test('nothing is said of an empty drawing, and of one that is whole', () => {
  assert.equal(said([], []), '')
  assert.equal(said([boat], [BOX]), '')
  assert.equal(said([still, boat], [BOX, BOX], { counts: { tracks: 14, video: 14 } }), '')
})

test('nothing moves yet: until an arrow or the camera does, or a tool for that is in hand', () => {
  assert.match(said([still], [BOX]), /Nothing moves yet/)
  assert.match(said([{ arrows: [arrow([0.2, 0.2])] }], [BOX]), /Nothing moves yet/, 'an arrow of one point')
  assert.match(said([{ ...boat, hidden: true }, still], [BOX, BOX]), /Nothing moves yet/)
  assert.equal(said([still], [BOX], {}, { camera: { zoom: 1.2 } }), '')
  assert.equal(said([still], [BOX], { tool: 'arrow' }), '')
  assert.equal(said([still], [undefined]), '', 'its picture is still being decoded')
  assert.equal(said([still], [BOX], { complete: false }), '', 'what moves may arrive')
})

test('a component without pixels: its own name or number; one in hand may wait for its mask', () => {
  assert.match(said([boat], [null]), /“boat” covers no pixel/)
  assert.match(said([boat, {}], [BOX, null]), /“component 2” covers no pixel/)
  assert.equal(said([boat, {}], [BOX, null], { selected: 1 }), '')
  assert.equal(said([boat, { hidden: true }], [BOX, null]), '')
  assert.equal(said([boat], [null], { complete: false }), '', 'a mask may arrive')
  assert.match(said([still, boat], [BOX, null], { offset: 1 }), /“boat”/)
  assert.equal(said([still, boat], [null, BOX], { offset: 1 }), '', 'what arrives is not the editor’s')
})

test('frames that do not fit', () => {
  const frames = (counts) => said([boat], [BOX], { counts })
  assert.match(frames({ tracks: 14, video: 25 }), /samples 25 frames, but TrackGo Point Trajectories makes 14/)
  assert.match(frames({ tracks: 25, video: 25 }), /makes 25 frames, but this editor shows 14/)
  assert.match(frames({ tracks: 25, video: null }), /makes 25 frames/)
  assert.equal(frames({ tracks: 14, video: null }), '')
})

test('the largest slip of all is still said last', () => {
  const grows = { arrows: [arrow([0.49, 0.5], [0.1, 0.5]), arrow([0.51, 0.5], [0.9, 0.5])] }
  assert.match(said([boat, grows], [BOX, BOX]), /“component 2” becomes/)
  assert.match(said([grows, still], [BOX, null]), /covers no pixel/)
})
