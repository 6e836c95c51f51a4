/**
 * Undo that outlives the editor. ComfyUI's own undo builds the whole graph anew, every node and editor with it: the new
 * editor finds the history of the one before by its place in the graph, and in it the drawing it is given. No DOM.
 *
 * @import { Drawing, History } from './types.js'
 */
import { serializeDrawing } from './document.js'

/** So many editors are remembered, the latest ones. */
const MAX_HISTORIES = 20

/** By place. @type {Map<string, History<Drawing>>} */
const histories = new Map()

/** @param {string} place @param {History<Drawing>} history */
export function remember(place, history) {
  if (history.past.length + history.future.length === 0) return
  histories.delete(place)
  histories.set(place, history)
  for (const oldest of [...histories.keys()].slice(0, -MAX_HISTORIES)) histories.delete(oldest)
}

/**
 * @param {string} place
 * @param {Drawing} drawing
 * @returns {History<Drawing>|null} what was remembered there, gone back or forth to the drawing
 */
export function recall(place, drawing) {
  const history = histories.get(place)
  return history ? historyAt(history, drawing) : null
}

/**
 * The same history with another of its drawings as the present: of several equal ones the nearest to the present one.
 * @param {History<Drawing>} history
 * @param {Drawing} drawing
 * @returns {History<Drawing>|null} null if it holds no such drawing
 */
export function historyAt({ past, present, future }, drawing) {
  const all = [...past, present, ...future]
  const wanted = serializeDrawing(drawing)
  const nearest = all.map((_, i) => i).sort((i, j) => Math.abs(i - past.length) - Math.abs(j - past.length))
  const at = nearest.find((i) => serializeDrawing(all[i]) === wanted)
  return at === undefined ? null : { past: all.slice(0, at), present: all[at], future: all.slice(at + 1) }
}
