/**
 * Undo and redo over immutable values, one entry per finished gesture.
 *
 * @template T
 * @typedef {{readonly past: readonly T[], readonly present: T, readonly future: readonly T[]}} History
 */

export const HISTORY_LIMIT = 100

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
 * @param {number} [limit]
 * @returns {History<T>}
 */
export function commit(history, value, limit = HISTORY_LIMIT) {
  if (value === history.present) return history
  return { past: [...history.past, history.present].slice(-limit), present: value, future: [] }
}

/** @param {History<any>} history */
export const canUndo = (history) => history.past.length > 0

/** @param {History<any>} history */
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
