/**
 * Stays on the way: added where something is at a frame, moved along its time, made longer and shorter. No DOM.
 *
 * @import { Hold, Timing } from './types.js'
 * @import { Stay } from './motion.js'
 */
import { endOf, holdsOf, runsOf, startOf } from './accessors.js'
import { HOLD_LIMITS } from './document-checks.js'
import { clamp } from './dom.js'
import { eased, holdPlan, progress, runsBack } from './motion.js'

/** A new one stays for so many frames. */
const NEW_FRAMES = 4
const DECIMALS = 5
/** A little less than a document may hold, so that rounding never goes beyond that. */
const MOST_HELD = 0.95
/** How far it lies from another one that it is pushed against, share of the time without stays. */
const BESIDE = 1e-4

/** @param {number} value */
const rounded = (value) => Number(value.toFixed(DECIMALS))

/** @param {Timing} item @param {number} frames @returns {number} how many frames one run takes, at least one */
export const runFrames = (item, frames) => (
  Math.max((endOf(item) - startOf(item)) * (frames - 1) / runsOf(item), 1))

/** @param {Timing} item @param {number} index @param {number} frames @returns {number} for how many frames it stays */
export const stayFrames = (item, index, frames) => (
  Math.round(holdsOf(item)[index].span * runFrames(item, frames) * 10) / 10)

/** @param {readonly Hold[]} holds @returns {Timing} */
const patch = (holds) => ({ holds: holds.length ? holds : undefined })

/** @param {Timing} item @param {number} index @param {Partial<Hold>} change @returns {Timing} */
const replaced = (item, index, change) => (
  patch(holdsOf(item).map((hold, i) => (i === index ? { ...hold, ...change } : hold))))

/**
 * @param {Timing} item
 * @param {number} frame
 * @param {number} frames
 * @returns {Timing|null} the patch that lets it stay where it is at a frame; null where it does so already, or cannot
 */
export function holdAdded(item, frame, frames) {
  const place = rounded(progress(item, frame, frames))
  const holds = holdsOf(item)
  const span = rounded(Math.min(NEW_FRAMES / runFrames(item, frames), left(item, -1) / 2))
  if (span <= 0 || holds.length >= HOLD_LIMITS.holds || holds.some((hold) => hold.place === place)) return null
  return patch([...holds, { place, span }])
}

/** @param {Timing} item @param {number} index @returns {Timing} */
export const withoutHold = (item, index) => patch(holdsOf(item).filter((_, i) => i !== index))

/** @param {Timing} item @param {number} index @returns {number} how long it may be at most, beside the others */
function left(item, index) {
  return MOST_HELD - holdsOf(item).reduce((sum, { span }, i) => (i === index ? sum : sum + span), 0)
}

/**
 * @param {Timing} item @param {number} index @param {number} count of frames that it stays, at least one
 * @param {number} frames
 * @returns {Timing} the patch
 */
export function holdLasting(item, index, count, frames) {
  const most = Math.max(left(item, index), holdsOf(item)[index].span)
  return replaced(item, index, { span: rounded(Math.min(Math.max(count, 1) / runFrames(item, frames), most)) })
}

/**
 * @param {Timing} item
 * @param {number} index
 * @param {number} begin share of the run's time at which it is to begin
 * @returns {Timing} the patch: at the place that the way has come to by then; on another stay, right before or after it
 */
export function holdMoved(item, index, begin) {
  const { free, stays } = holdPlan(item)
  let [waited, moving] = [0, -1]
  for (const stay of stays.filter((one) => one.index !== index)) {
    const [from, span] = [stay.moving * free + waited, stay.end - stay.begin]
    if (begin < from) break
    if (begin < from + span) moving = stay.moving + (begin < from + span / 2 ? -1 : 1) * BESIDE
    waited += span
  }
  if (moving < 0) moving = (begin - waited) / free
  return replaced(item, index, { place: rounded(eased(item, clamp(moving, 0, 1))) })
}

/**
 * @param {Timing} item
 * @param {number} index
 * @param {number} count of frames, negative: earlier
 * @param {number} frames
 * @returns {Timing} the patch: so much later, and past another stay in one go
 */
export function holdShifted(item, index, count, frames) {
  const { begin = 0 } = holdPlan(item).stays.find((stay) => stay.index === index) ?? {}
  const step = count / runFrames(item, frames)
  const { place } = holdsOf(item)[index]
  for (let times = 1; times < frames; times += 1) {
    const patched = holdMoved(item, index, begin + times * step)
    if ((holdsOf(patched)[index].place - place) * count > BESIDE) return patched
  }
  return holdMoved(item, index, begin + step)
}

/**
 * @param {Timing} item
 * @param {Pick<Stay, 'begin'|'end'>} stay
 * @param {number} [run] which of its runs
 * @returns {[number, number]} from where to where it lies on the bar, fractions of the clip
 */
export function stayOnBar(item, { begin, end }, run = 0) {
  const [from, to] = runsBack(item, run) ? [1 - end, 1 - begin] : [begin, end]
  const length = (endOf(item) - startOf(item)) / runsOf(item)
  return [startOf(item) + length * (run + from), startOf(item) + length * (run + to)]
}
