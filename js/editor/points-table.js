/**
 * The points of a component's arrows as text: to read, to type, to paste; and the same paths as other packs take them.
 *
 * @import { Arrow, Component, Point, Size } from './types.js'
 * @import { EditorStore } from './store.js'
 */
import { arrowsOf } from './accessors.js'
import { drawingProblem } from './document-checks.js'
import { patchComponent, roundPoints } from './document.js'
import { el, ownUndo } from './dom.js'
import { arcLengths, arrowPathPx, fracToPx, pathDistance, pxToFrac } from './geometry.js'
import { arrowPositions, frameReaching } from './motion.js'
import { fill, TEXT } from './texts.js'

/** WanTrackToVideo's and ATI's clock. */
const ATI_FRAMES = 121
/** Formats, each with its frames where it has a clock of its own, and how it writes a number. */
const FORMATS = Object.freeze({
  KJ: { frames: null, written: (/** @type {number} */ value) => Math.floor(value + 0.5) },
  ATI: { frames: ATI_FRAMES, written: (/** @type {number} */ value) => Math.round(value * 1000) / 1000 },
  LTX: { frames: null, written: (/** @type {number} */ value) => Math.floor(value + 0.5) },
})

/**
 * @param {Component} component
 * @param {keyof typeof FORMATS} format
 * @param {number} frames
 * @param {Size} size
 * @returns {string} a track for each arrow: `[[{"x":…,"y":…}, …], …]`, in pixels
 */
export function tracksText(component, format, frames, { width, height }) {
  const { frames: own, written } = FORMATS[format]
  const count = own ?? frames
  const at = Array.from({ length: count }, (_, frame) => arrowPositions(component, frame, count, width, height))
  const tracks = arrowsOf(component).map((_, i) => at.map((places) => (
    { x: written(places[i][0]), y: written(places[i][1]) })))
  return JSON.stringify(tracks)
}

/**
 * One line for each point: x, y in pixels and the frame (from 1) at which it is reached; arrows are apart by a blank
 * line.
 * @param {Component} component
 * @param {number} frames
 * @param {Size} size
 */
export function pointsText(component, frames, { width, height }) {
  return arrowsOf(component).map((arrow) => {
    const shares = sharesOf(arrow, width, height)
    return arrow.points.map((point, i) => {
      const places = fracToPx(point, width, height).map((value) => Number(value.toFixed(2)))
      const frame = frameReaching(component, shares[i], frames)
      return [...places, frame < 0 ? frames : frame + 1].join('\t')
    }).join('\n')
  }).join('\n\n')
}

/**
 * @param {Arrow} arrow
 * @param {number} width
 * @param {number} height
 * @returns {number[]} how much of its length lies before each point
 */
function sharesOf(arrow, width, height) {
  const path = arrowPathPx(arrow, width, height)
  const lengths = arcLengths(path)
  const total = lengths[lengths.length - 1]
  let from = 0
  return arrow.points.map((point) => {
    if (total === 0) return 0
    const place = fracToPx(point, width, height)
    const { segment } = pathDistance(place, path.slice(from))
    from += Math.max(segment, 0)
    const [ax, ay] = path[from]
    return Math.min(1, (lengths[from] + Math.hypot(place[0] - ax, place[1] - ay)) / total)
  })
}

/**
 * What was typed or pasted: numbers apart by tabs, commas, semicolons or blanks. The third of a line is not read: when
 * a point is reached follows from its place.
 * @param {string} text
 * @param {readonly Arrow[]} before whose curves the new arrows keep
 * @param {Size} size
 * @returns {{arrows: Arrow[], problem: null}|{arrows: null, problem: string}}
 */
export function parsePoints(text, before, { width, height }) {
  /** @type {Point[][]} */
  const groups = [[]]
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') {
      groups.push([])
      continue
    }
    const numbers = line.trim().split(/[\s,;]+/).map(Number)
    if (numbers.length < 2 || numbers.length > 3 || !numbers.every(Number.isFinite)) {
      return { arrows: null, problem: fill(TEXT.tableLine, i + 1, line.trim().slice(0, 40)) }
    }
    groups[groups.length - 1].push(pxToFrac([numbers[0], numbers[1]], width, height))
  }
  const arrows = groups.filter((points) => points.length).map((points, i) => (
    { ...before[i], points: roundPoints(points), curve: before[i]?.curve ?? /** @type {const} */ ('straight') }))
  const problem = drawingProblem({ version: 1, components: [{ arrows }] })
  return problem ? { arrows: null, problem } : { arrows, problem: null }
}

/**
 * The popover.
 * @param {EditorStore} store
 * @param {number} index
 * @param {Size} size of the picture
 */
export function pointsTable(store, index, size) {
  const component = store.drawing.components[index]
  const { frames } = store.view
  const problem = el('p', { role: 'alert', class: 'trackgo-table-problem' })
  const text = el('textarea', {
    class: 'trackgo-table', rows: 8, spellcheck: false, value: pointsText(component, frames, size),
    'aria-label': TEXT.table, readOnly: !!component.locked, on: { change: () => take() },
  })

  function take() {
    const now = store.drawing.components[index]
    if (!now || now.locked || text.value === pointsText(now, frames, size)) return
    const { arrows, problem: wrong } = parsePoints(text.value, arrowsOf(now), size)
    problem.textContent = wrong ?? ''
    const view = { selected: index, arrow: -1, point: -1 }
    if (arrows) store.commit(patchComponent(store.drawing, index, { arrows }), view)
  }

  const copies = /** @type {(keyof typeof FORMATS)[]} */ (Object.keys(FORMATS)).map((format) => ownUndo(el('button', {
    class: 'trackgo-text-button', 'data-copy': format,
    on: { click: () => void copy(store, tracksText(store.drawing.components[index], format, frames, size)) },
  }, [fill(TEXT.copyAs, format)])))
  return el('div', {}, [
    el('p', { class: 'trackgo-count' }, [TEXT.table]), text, problem, el('div', { class: 'trackgo-group' }, copies),
  ])
}

/** @param {EditorStore} store @param {string} text */
async function copy(store, text) {
  try {
    await navigator.clipboard.writeText(text)
    store.setView({ hint: TEXT.copied })
  } catch { // a page that is not served securely has no clipboard
    const area = el('textarea', { value: text })
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    store.setView({ hint: done ? TEXT.copied : TEXT.notCopied })
  }
}
