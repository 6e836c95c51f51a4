/**
 * Control points on the stage: over the picture, or as the control picture P that the model gets. Only draws.
 *
 * @import { Projection, Trajectories } from './types.js'
 */
import { componentColor, cssColor } from './colors.js'

/** P draws a square of this many pixels per point (the same as in Python). */
const SQUARE_PX = 4

/**
 * The first column (or row) of the square of a point at `x`: always four, centred on it as well as pixels allow.
 * @param {number} x
 */
export const squareStart = (x) => Math.ceil(x - SQUARE_PX / 2)

/**
 * @param {Trajectories} trajectories
 * @param {number} frame
 * @param {(x: number, y: number, color: string) => void} draw
 */
function eachVisible({ frames, tracks, visible, component }, frame, draw) {
  const count = component.length
  for (let point = 0; point < count; point += 1) {
    const at = Math.min(frame, frames - 1) * count + point
    if (visible[at]) draw(tracks[2 * at], tracks[2 * at + 1], cssColor(componentColor(component[point])))
  }
}

/**
 * The control points over the picture.
 * @param {CanvasRenderingContext2D} context
 * @param {Trajectories} trajectories
 * @param {number} frame
 * @param {Projection} scene
 */
export function drawPoints(context, trajectories, frame, scene) {
  eachVisible(trajectories, frame, (x, y, color) => {
    const [sx, sy] = scene.toStage([(x + 0.5) / trajectories.width, (y + 0.5) / trajectories.height])
    context.beginPath()
    context.arc(sx, sy, 3.2, 0, 2 * Math.PI)
    context.fillStyle = color
    context.fill()
    context.strokeStyle = 'rgba(0, 0, 0, 0.75)'
    context.lineWidth = 1.25
    context.stroke()
  })
}

/**
 * P itself, over the picture: black, a square per visible point.
 * @param {CanvasRenderingContext2D} context
 * @param {Trajectories} trajectories
 * @param {number} frame
 * @param {Projection} scene
 */
export function drawControlPicture(context, trajectories, frame, scene) {
  const [left, top] = scene.toStage([0, 0])
  const [right, bottom] = scene.toStage([1, 1])
  const [sx, sy] = [(right - left) / trajectories.width, (bottom - top) / trajectories.height]
  context.save()
  context.beginPath()
  context.rect(left, top, right - left, bottom - top)
  context.clip()
  context.fillStyle = '#000'
  context.fill()
  eachVisible(trajectories, frame, (x, y, color) => {
    context.fillStyle = color
    context.fillRect(left + squareStart(x) * sx, top + squareStart(y) * sy, SQUARE_PX * sx, SQUARE_PX * sy)
  })
  context.restore()
}
