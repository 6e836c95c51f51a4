/** Checks that all parts of the drawing document share. No DOM. */
import { fill, PROBLEMS } from './texts.js'

export const EASINGS = Object.freeze(['linear', 'ease-in', 'ease-out', 'ease-in-out'])

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value)
export const shown = (value) => JSON.stringify(value)?.slice(0, 60) ?? String(value)

/** @returns {string|null} what is wrong with a value that must be a number from `least` to `most`, or may be missing */
export function rangeProblem(value, where, key, least, most) {
  if (value === undefined || (isNumber(value) && value >= least && value <= most)) return null
  return fill(PROBLEMS.range, where, key, least, most, shown(value))
}

/** Start, end and easing of a component or the camera. @returns {string|null} */
export function timingProblem(item, where) {
  const problem = rangeProblem(item.start, where, 'start', 0, 1) ?? rangeProblem(item.end, where, 'end', 0, 1)
  if (problem) return problem
  const [start, end] = [item.start ?? 0, item.end ?? 1]
  if (start > end) return fill(PROBLEMS.order, where, start, end)
  if (item.easing !== undefined && !EASINGS.includes(item.easing)) {
    return fill(PROBLEMS.oneOf, where, 'easing', EASINGS.join(', '), shown(item.easing))
  }
  return null
}
