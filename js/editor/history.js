/**
 * Undo and redo over immutable values, one entry per finished gesture.
 *
 * @import { History } from './types.js'
 */

const HISTORY_LIMIT = 100

/**
 * @template T
 * @param {T} present
 * @returns {History<T>}
 */
export function createHistory(present) {
  return { past: [], present, future: [] }
}

/**
 * Record one finished gesture. A value identical to the present adds nothing and keeps redo.
 * @template T
 * @param {History<T>} history
 * @param {T} value
 * @returns {History<T>}
 */
export function commit(history, value) {
  if (value === history.present) return history
  return { past: [...history.past, history.present].slice(-HISTORY_LIMIT), present: value, future: [] }
}

/** @param {History<unknown>} history */
export const canUndo = (history) => history.past.length > 0

/** @param {History<unknown>} history */
export const canRedo = (history) => history.future.length > 0

/**
 * With nothing to undo, returns the same object.
 * @template T
 * @param {History<T>} history
 * @returns {History<T>}
 */
export function undo(history) {
  if (!canUndo(history)) return history
  return {
    past: history.past.slice(0, -1),
    present: history.past[history.past.length - 1],
    future: [history.present, ...history.future],
  }
}

/**
 * With nothing to redo, returns the same object.
 * @template T
 * @param {History<T>} history
 * @returns {History<T>}
 */
export function redo(history) {
  if (!canRedo(history)) return history
  return {
    past: [...history.past, history.present],
    present: history.future[0],
    future: history.future.slice(1),
  }
}
