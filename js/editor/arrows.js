/**
 * Arrows, handles, cursors and marks on the stage. Everything here only draws.
 *
 * @import {
 *   Arrow, ArrowDraft, BrushStroke, CameraHandles, Component, LassoStroke, Projection, Vec
 * } from './types.js'
 *
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {object} ArrowsLook
 * @property {boolean} selected whether the component is
 * @property {boolean} handles whether its points can be taken hold of
 * @property {number} arrow the selected one, or −1
 * @property {number} point the selected one, or −1
 * @property {number} frame
 * @property {number} frames
 */
import { arrowsOf, holdsOf, isReverse } from './accessors.js'
import { arcLengths, arrowPathPx, catmullRom, dropRepeated, pathDistance, pointAlong, stagePath } from './geometry.js'
import { frameReaching, progress } from './motion.js'
import { fill, TEXT } from './texts.js'

const HALO = 'rgba(0, 0, 0, 0.55)'
const HEAD_LENGTH = 13
const HEAD_HALF_WIDTH = 6
const HANDLE_INSET = 8

/** @param {Context} context @param {readonly Vec[]} path */
function trace(context, path) {
  context.beginPath()
  path.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)))
}

/** @param {Context} context @param {string} color @param {number} width */
function strokeWithHalo(context, color, width) {
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.strokeStyle = HALO
  context.lineWidth = width + 2.5
  context.stroke()
  context.strokeStyle = color
  context.lineWidth = width
  context.stroke()
}

/**
 * @param {Context} context
 * @param {Vec} at
 * @param {number} radius
 * @param {string} inside color
 * @param {string} ring color
 * @param {number} [ringWidth]
 */
function dot(context, [x, y], radius, inside, ring, ringWidth = 1.5) {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fillStyle = inside
  context.fill()
  context.strokeStyle = ring
  context.lineWidth = ringWidth
  context.stroke()
}

/**
 * @param {Context} context
 * @param {Vec[]} path
 * @param {string} color
 * @param {number} [inset] how far before the end the tip is, so that a handle there does not cover it
 */
function arrowHead(context, path, color, inset = 0) {
  const lengths = arcLengths(path)
  const total = lengths[lengths.length - 1]
  if (total < 4 + inset) return
  const [x, y] = pointAlong(path, 1 - inset / total, lengths)
  const [bx, by] = pointAlong(path, Math.max(0, 1 - (HEAD_LENGTH + inset) / total), lengths)
  const angle = Math.atan2(y - by, x - bx)
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  /** @param {number} along @param {number} across @returns {Vec} */
  const at = (along, across) => [x + along * c - across * s, y + along * s + across * c]
  context.beginPath()
  context.moveTo(...at(2, 0))
  context.lineTo(...at(-HEAD_LENGTH, HEAD_HALF_WIDTH))
  context.lineTo(...at(-HEAD_LENGTH + 3, 0))
  context.lineTo(...at(-HEAD_LENGTH, -HEAD_HALF_WIDTH))
  context.closePath()
  context.lineJoin = 'round'
  context.strokeStyle = HALO
  context.lineWidth = 2.5
  context.stroke()
  context.fillStyle = color
  context.fill()
}

/**
 * Small ticks where the arrow is at each frame: their spacing shows the easing.
 * @param {Context} context
 * @param {Component} component
 * @param {Vec[]} path
 * @param {number} frames
 * @param {string} color
 */
function frameTicks(context, component, path, frames, color) {
  const lengths = arcLengths(path)
  if (lengths[lengths.length - 1] < 4 * frames) return
  for (let frame = 1; frame < frames - 1; frame += 1) {
    dot(context, pointAlong(path, progress(component, frame, frames), lengths), 1.6, '#fff', color, 0.8)
  }
}

/**
 * One component's arrows.
 * @param {Context} context
 * @param {Component} component
 * @param {string} color
 * @param {Projection} scene
 * @param {ArrowsLook} look
 */
export function drawArrows(context, component, color, scene, { selected, handles, arrow, point, frame, frames }) {
  for (const [i, one] of arrowsOf(component).entries()) {
    const path = stagePath(one, scene)
    const active = selected && arrow === i
    const back = isReverse(component)
    if (path.length > 1) {
      trace(context, path)
      strokeWithHalo(context, color, selected ? 2.5 : 1.75)
      if (selected) frameTicks(context, component, path, frames, color)
      const inset = handles ? HANDLE_INSET : 0
      if (!back) arrowHead(context, path, color, inset)
      if (back || component.playback === 'ping-pong') arrowHead(context, path.toReversed(), color, inset)
      for (const { place } of holdsOf(component)) dot(context, pointAlong(path, place), 6, 'transparent', '#fff', 2)
    }
    if (handles) drawHandles(context, one, color, scene, active ? point : -1, active)
    else dot(context, path[back ? path.length - 1 : 0], selected ? 4 : 3, color, HALO)
    if (frame > 0) dot(context, pointAlong(path, progress(component, frame, frames)), 5, color, '#fff', 2)
  }
}

/**
 * @param {Context} context
 * @param {Arrow} arrow
 * @param {string} color
 * @param {Projection} scene
 * @param {number} chosen the selected point's index, or −1
 * @param {boolean} active whether the arrow is selected
 */
function drawHandles(context, arrow, color, scene, chosen, active) {
  arrow.points.forEach((p, i) => {
    const at = scene.toStage(p)
    const radius = i === 0 ? 5.5 : 4.5
    const [inside, ring] = i === chosen ? ['#fff', color] : [color, '#fff']
    dot(context, at, radius, 'transparent', HALO, 3.5)
    dot(context, at, radius, inside, ring, active ? 2 : 1.5)
  })
}

/**
 * The arrow being drawn, with a rubber band to the pointer.
 * @param {Context} context
 * @param {ArrowDraft} draft
 * @param {string} color
 * @param {Projection} scene
 */
export function drawDraftArrow(context, draft, color, scene) {
  const all = draft.rubber ? [...draft.points, draft.rubber] : draft.points
  const stage = dropRepeated(all.map(scene.toStage))
  const path = draft.curve === 'smooth' ? catmullRom(stage) : stage
  if (path.length > 1) {
    trace(context, path)
    strokeWithHalo(context, color, 2.5)
    arrowHead(context, path, color)
  }
  if (draft.points.length > 40) return
  for (const p of draft.points) dot(context, scene.toStage(p), 4.5, color, '#fff')
}

/**
 * A component that stays where it is: a pin in the middle of its mask.
 * @param {Context} context
 * @param {Vec} at
 * @param {string} color
 */
export function drawHold(context, [x, y], color) {
  dot(context, [x, y], 9, 'rgba(0, 0, 0, 0.6)', color, 2)
  context.fillStyle = '#fff'
  context.fillRect(x - 3.5, y - 4, 2.5, 8)
  context.fillRect(x + 1, y - 4, 2.5, 8)
}

/**
 * The outline of an unfinished lasso.
 * @param {Context} context
 * @param {BrushStroke|LassoStroke} stroke
 * @param {string} color
 * @param {Projection} scene
 */
export function drawLasso(context, stroke, color, scene) {
  const path = stroke.points.map(scene.toStage)
  trace(context, path)
  context.closePath()
  context.fillStyle = stroke.tool === 'lasso' ? color : 'rgba(0, 0, 0, 1)'
  context.globalAlpha = 0.22
  context.fill()
  context.globalAlpha = 1
  strokeWithHalo(context, stroke.tool === 'lasso' ? color : '#fff', 1.5)
}

/** A dashed frame through its corners on the stage. @param {Context} context @param {Vec[]} places */
export function drawFrame(context, places) {
  trace(context, [...places, places[0]])
  context.setLineDash([5, 4])
  strokeWithHalo(context, '#fff', 1.25)
  context.setLineDash([])
}

/**
 * A component's frame at a later frame, with a handle at each corner.
 * @param {Context} context
 * @param {Vec[]} places
 */
export function drawPoseFrame(context, places) {
  drawFrame(context, places)
  for (const [x, y] of places) {
    context.fillStyle = HALO
    context.fillRect(x - 5.5, y - 5.5, 11, 11)
    context.fillStyle = '#fff'
    context.fillRect(x - 4, y - 4, 8, 8)
  }
}

/**
 * The brush's size under the pointer.
 * @param {Context} context
 * @param {Vec} at
 * @param {number} radius
 * @param {string} color
 * @param {boolean} erasing
 */
export function drawBrushCursor(context, [x, y], radius, color, erasing) {
  /** @type {[string, number][]} */
  const rings = [[HALO, 3], [erasing ? '#fff' : color, 1.5]]
  for (const [style, width] of rings) {
    context.beginPath()
    context.arc(x, y, Math.max(radius, 1.5), 0, 2 * Math.PI)
    context.strokeStyle = style
    context.lineWidth = width
    context.setLineDash(erasing ? [4, 3] : [])
    context.stroke()
  }
  context.setLineDash([])
}

/**
 * @param {Component} component
 * @param {Arrow} arrow
 * @param {number} point the handle's index
 * @param {number} frames
 * @param {Projection} scene
 * @returns {string} "frame 7 of 14" for the place of a handle on its arrow
 */
export function handleFrame(component, arrow, point, frames, scene) {
  const path = arrowPathPx(arrow, scene.width, scene.height)
  const lengths = arcLengths(path)
  const total = lengths[lengths.length - 1]
  if (total === 0) return TEXT.stays
  const target = fractionOf(arrow, point, path, lengths, scene)
  const frame = frameReaching(component, target, frames)
  return frame < 0 ? fill(TEXT.afterFrame, frames) : fill(TEXT.frameOf, frame + 1, frames)
}

/**
 * @param {Arrow} arrow
 * @param {number} point
 * @param {Vec[]} path the arrow's, in pixels
 * @param {number[]} lengths of the path
 * @param {Projection} scene
 * @returns {number} how much of the arrow's length lies before one of its points
 */
function fractionOf(arrow, point, path, lengths, { width, height }) {
  if (point === 0) return 0
  if (point === arrow.points.length - 1) return 1
  const [u, v] = arrow.points[point]
  const [x, y] = [u * width - 0.5, v * height - 0.5]
  const { segment } = pathDistance([x, y], path)
  const [ax, ay] = path[segment]
  const along = Math.hypot(x - ax, y - ay)
  return Math.min(lengths[segment] + along, lengths[segment + 1] ?? Infinity) / lengths[lengths.length - 1]
}

/**
 * A small label beside a place.
 * @param {Context} context
 * @param {Vec} at
 * @param {string} text
 * @param {number} stageWidth
 */
export function drawLabel(context, [x, y], text, stageWidth) {
  context.font = '11px sans-serif'
  const width = context.measureText(text).width + 12
  const left = Math.min(x + 12, stageWidth - width - 4)
  context.fillStyle = 'rgba(0, 0, 0, 0.72)'
  context.beginPath()
  context.roundRect(left, y - 26, width, 18, 4)
  context.fill()
  context.fillStyle = '#fff'
  context.textBaseline = 'middle'
  context.fillText(text, left + 6, y - 16.5)
}

/**
 * What the camera sees in the end, as a frame on the picture; while the camera is the tool, with handles, and the rest
 * of the stage dimmed.
 * @param {Context} context
 * @param {CameraHandles} handles
 * @param {boolean} active
 * @param {Vec} stageSize
 */
export function drawCamera(context, { corners, top, knob }, active, [width, height]) {
  if (active) {
    context.beginPath()
    context.rect(0, 0, width, height)
    corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)))
    context.closePath()
    context.fillStyle = 'rgba(0, 0, 0, 0.42)'
    context.fill('evenodd')
  }
  trace(context, [...corners, corners[0]])
  context.setLineDash(active ? [] : [7, 5])
  strokeWithHalo(context, active ? '#fff' : 'rgba(255, 255, 255, 0.75)', active ? 2 : 1.25)
  context.setLineDash([])
  if (!active) return
  trace(context, [top, knob])
  strokeWithHalo(context, '#fff', 1.25)
  dot(context, knob, 6.5, '#fff', HALO)
  turnMark(context, knob)
  for (const corner of corners) dot(context, corner, 5.5, '#fff', HALO)
}

/** A little turning arrow on the knob. @param {Context} context @param {Vec} at */
function turnMark(context, [x, y]) {
  context.beginPath()
  context.arc(x, y, 3.2, -0.5 * Math.PI, Math.PI)
  context.strokeStyle = '#222'
  context.lineWidth = 1.4
  context.stroke()
}
