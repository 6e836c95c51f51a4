/**
 * What a drawing still lacks, or has too much of, in one sentence while one draws. No DOM.
 *
 * @import { Box, Component, Drawing, FrameCounts, Size, Tool } from './types.js'
 */
import { arrowsOf, nameOf } from './accessors.js'
import { cameraMoves } from './camera.js'
import { arcLengths, arrowPathPx } from './geometry.js'
import { largeMotion } from './readout.js'
import { fill, TEXT } from './texts.js'

/** An arrow shorter than this moves nothing that anybody sees; nodes/trajectories.py says the same after a run. */
const MIN_MOVE_PX = 0.5
/** @type {ReadonlySet<Tool>} */
const DRAWS_MOTION = new Set(['arrow', 'freehand', 'camera'])

/**
 * @param {object} situation
 * @param {Drawing} situation.drawing with what arrives through inputs
 * @param {readonly (Box|null|undefined)[]} situation.boxes where each component's mask has pixels; undefined: not known
 * @param {boolean} situation.complete whether nothing else can arrive that the page does not know of
 * @param {number} situation.offset how many components come before the editor's own
 * @param {number} situation.selected of the editor's own
 * @param {Tool} situation.tool in hand; one that draws motion says itself how to go on
 * @param {number} situation.frames as the editor shows them
 * @param {FrameCounts} situation.counts as the graph has them
 * @param {Size} situation.size of the picture
 * @returns {string} '' where all is well
 */
export function advice({ drawing, boxes, complete, offset, selected, tool, frames, counts, size }) {
  const named = drawing.components.map((component, i) => ({
    component, box: boxes[i], arrows: arrowsOf(component).length, index: i - offset,
  })).filter(({ component, index }) => !component.hidden && index >= 0)
  /** @param {{component: Component, index: number}} one */
  const large = ({ component, index }) => largeMotion(component, index, frames, size)
  const inHand = named.filter(({ index }) => index === selected)
  return frameAdvice(frames, counts)
    || (complete && maskAdvice(named, selected))
    || (complete && !DRAWS_MOTION.has(tool) && boxes.some(Boolean) && !moves(drawing, size) ? TEXT.nothingMoves : '')
    || [...inHand, ...named].map(large).find(Boolean)
    || ''
}

/** @param {number} frames @param {FrameCounts} counts */
function frameAdvice(frames, { tracks, video }) {
  if (tracks !== null && video !== null && tracks !== video) return fill(TEXT.framesOfTracks, video, tracks)
  const sampled = tracks ?? video
  return sampled !== null && sampled !== frames ? fill(TEXT.framesOfEditor, sampled, frames) : ''
}

/**
 * A component that one has just added may be empty as long as it is in hand.
 * @param {{component: Component, box: Box|null|undefined, arrows: number, index: number}[]} named
 * @param {number} selected
 */
function maskAdvice(named, selected) {
  const empty = named.find(({ box, arrows, index }) => box === null && (arrows > 0 || index !== selected))
  return empty ? fill(TEXT.coversNothing, nameOf(empty.component, empty.index)) : ''
}

/** @param {Drawing} drawing @param {Size} size */
function moves(drawing, { width, height }) {
  const lengths = drawing.components.filter(({ hidden }) => !hidden).flatMap(arrowsOf)
    .map((arrow) => arcLengths(arrowPathPx(arrow, width, height)).at(-1) ?? 0)
  return cameraMoves(drawing) || lengths.some((px) => px >= MIN_MOVE_PX)
}
