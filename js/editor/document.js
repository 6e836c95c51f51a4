/**
 * The version-1 drawing document: parsing and immutable updates.
 *
 * Coordinates are fractions of the first frame's width and height. Every update returns a new document
 * and leaves untouched parts (and unknown keys) identical, so caches may compare by identity.
 *
 * @import { Arrow, Component, Drawing, Mask, Point, Stroke } from './types.js'
 */
import { arrowsOf, hasMask, nameOf, strokesOf } from './accessors.js'
import { drawingProblem, VERSION } from './document-checks.js'
import { fill, PROBLEMS } from './texts.js'

/** Fractions are written with this many decimals: 0.04 px on a 4096-px picture. */
const DECIMALS = 5

/** @returns {Drawing} */
export function emptyDrawing() {
  return { version: VERSION, components: [] }
}

/**
 * Parse a widget value. Blank text is an empty drawing; anything malformed gives an error and keeps the text.
 * @param {unknown} value text; a parsed document serves too
 * @returns {{drawing: Drawing, error: null, text: string} | {drawing: null, error: string, text: string}}
 */
export function parseDrawing(value) {
  const text = typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value)
  if (text.trim() === '') return { drawing: emptyDrawing(), error: null, text }
  let parsed
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF+/, '')) // the byte-order mark that Windows Notepad writes
  } catch (problem) {
    return { drawing: null, error: fill(PROBLEMS.notJson, /** @type {SyntaxError} */ (problem).message), text }
  }
  const error = drawingProblem(parsed)
  return error ? { drawing: null, error, text } : { drawing: parsed, error: null, text }
}

/**
 * @param {Drawing} drawing
 * @returns {string} the widget value
 */
export function serializeDrawing(drawing) {
  return JSON.stringify(drawing)
}

/** @param {number} value */
const rounded = (value) => Number(value.toFixed(DECIMALS))

/**
 * @param {readonly Point[]} points
 * @returns {Point[]} the same points with few decimals
 */
export function roundPoints(points) {
  return points.map(([u, v]) => [rounded(u), rounded(v)])
}

/**
 * @param {Drawing} drawing
 * @param {number} index
 * @param {(component: Component) => Component} change
 * @returns {Drawing}
 */
function updateComponent(drawing, index, change) {
  const before = drawing.components[index]
  if (!before) throw new RangeError(`There is no component ${index + 1}; the drawing has ${drawing.components.length}.`)
  const after = change(before)
  if (after === before) return drawing
  return { ...drawing, components: drawing.components.map((c, i) => (i === index ? after : c)) }
}

/** A name no other component has: object 1, object 2, … @param {Drawing} drawing */
function freeName(drawing) {
  const taken = new Set(drawing.components.map((c) => c.name))
  let n = drawing.components.length + 1
  while (taken.has(`object ${n}`)) n += 1
  return `object ${n}`
}

/**
 * @param {Drawing} drawing
 * @param {Component} [component] what it does not leave to be filled in
 * @returns {Drawing} with one more component at the end
 */
export function addComponent(drawing, component = {}) {
  /** @type {Component} */
  const empty = { name: freeName(drawing), mask: { strokes: [] }, arrows: [], start: 0, end: 1, easing: 'linear' }
  return { ...drawing, components: [...drawing.components, { ...empty, ...component }] }
}

/** @param {Drawing} drawing @param {readonly number[]} indices @returns {Drawing} */
export function removeComponents(drawing, indices) {
  return { ...drawing, components: drawing.components.filter((_, i) => !indices.includes(i)) }
}

/** How far a copy lies from its original, in frame widths and heights: it would hide it otherwise. */
const COPY_OFFSET = 0.02

/**
 * @param {Drawing} drawing
 * @param {number} index
 * @returns {Drawing} with a copy right after it; a mask that is a picture stays in its place, and its arrows with it
 */
export function duplicateComponent(drawing, index) {
  const copy = structuredClone(drawing.components[index])
  copy.name = `${nameOf(copy, index)} copy`
  const components = [...drawing.components]
  components.splice(index + 1, 0, copy)
  const copied = { ...drawing, components }
  return copy.mask?.png == null ? translateComponent(copied, index + 1, COPY_OFFSET, COPY_OFFSET) : copied
}

/** Each with its copy after it. @param {Drawing} drawing @param {readonly number[]} indices ascending */
export const duplicateComponents = (drawing, indices) => indices.reduceRight(duplicateComponent, drawing)

/**
 * Shift components that are not locked.
 * @param {Drawing} drawing
 * @param {readonly number[]} indices
 * @param {number} du
 * @param {number} dv
 */
export function translateComponents(drawing, indices, du, dv) {
  const open = indices.filter((i) => !drawing.components[i].locked)
  return open.reduce((doc, i) => translateComponent(doc, i, du, dv), drawing)
}

/** @param {Drawing} drawing @param {readonly number[]} indices @param {Component} patch @returns {Drawing} */
export const patchComponents = (drawing, indices, patch) => (
  indices.reduce((doc, i) => patchComponent(doc, i, patch), drawing))

/**
 * Show one component alone; where it is alone already, all of them.
 * @param {Drawing} drawing
 * @param {number} index
 * @returns {Drawing}
 */
export function soloComponent(drawing, index) {
  const alone = isSolo(drawing, index)
  return drawing.components.reduce((doc, component, i) => {
    const hidden = !alone && i !== index
    return Boolean(component.hidden) === hidden ? doc : patchComponent(doc, i, { hidden })
  }, drawing)
}

/** @param {Drawing} drawing @param {number} index @returns {boolean} whether it is the only one that is shown */
export const isSolo = ({ components }, index) => (
  components.length > 1 && components.every((component, i) => Boolean(component.hidden) === (i !== index)))

/** @param {Drawing} drawing @param {number} from @param {number} to @returns {Drawing} */
export function moveComponent(drawing, from, to) {
  if (from === to || to < 0 || to >= drawing.components.length) return drawing
  const components = [...drawing.components]
  components.splice(to, 0, ...components.splice(from, 1))
  return { ...drawing, components }
}

/** @param {Drawing} drawing @param {number} index @param {Component} patch @returns {Drawing} */
export function patchComponent(drawing, index, patch) {
  return updateComponent(drawing, index, (c) => {
    const values = /** @type {Record<string, unknown>} */ (c)
    const same = Object.entries(patch).every(([key, value]) => values[key] === value)
    return same ? c : { ...c, ...patch }
  })
}

/** @param {Drawing} drawing @param {number} index @param {Stroke} stroke @returns {Drawing} */
export function addStroke(drawing, index, stroke) {
  return updateComponent(drawing, index, (c) => ({ ...c, mask: { ...c.mask, strokes: [...strokesOf(c), stroke] } }))
}

/** @param {Drawing} drawing @param {number} index @returns {Drawing} with an empty mask */
export function clearMask(drawing, index) {
  return updateComponent(drawing, index, (c) => {
    if (!hasMask(c)) return c
    const { png, ...rest } = /** @type {Mask} */ (c.mask)
    return { ...c, mask: { ...rest, strokes: [] } }
  })
}

/** @param {Drawing} drawing @param {string|null} name @returns {Drawing} with another picture of its own, or none */
export function withImage(drawing, name) {
  if ((drawing.image ?? null) === name) return drawing
  const { image, ...rest } = drawing
  return name === null ? rest : { ...rest, image: name }
}

/** @param {Drawing} drawing @param {number} index @param {Arrow} arrow @returns {Drawing} */
export function addArrow(drawing, index, arrow) {
  return updateComponent(drawing, index, (c) => ({ ...c, arrows: [...arrowsOf(c), arrow] }))
}

/**
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} which the arrow's index
 * @param {(arrow: Arrow) => Arrow} change
 * @returns {Drawing}
 */
export function updateArrow(drawing, index, which, change) {
  return updateComponent(drawing, index, (c) => ({
    ...c, arrows: arrowsOf(c).map((arrow, i) => (i === which ? change(arrow) : arrow)),
  }))
}

/** @param {Drawing} drawing @param {number} index @param {number} which @returns {Drawing} */
export function removeArrow(drawing, index, which) {
  return updateComponent(drawing, index, (c) => ({ ...c, arrows: arrowsOf(c).filter((_, i) => i !== which) }))
}

/**
 * Move one point of an arrow.
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} which
 * @param {number} point
 * @param {Point} to
 */
export function movePoint(drawing, index, which, point, to) {
  const [place] = roundPoints([to])
  const moved = (/** @type {Arrow} */ { points }) => points.map((p, i) => (i === point ? place : p))
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: moved(a) }))
}

/**
 * Insert a point so that it becomes number `at`.
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} which
 * @param {number} at
 * @param {Point} place
 */
export function insertPoint(drawing, index, which, at, place) {
  const inserted = (/** @type {Arrow} */ { points }) => (
    [...points.slice(0, at), ...roundPoints([place]), ...points.slice(at)])
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: inserted(a) }))
}

/**
 * Remove one point; the last one takes its arrow along.
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} which
 * @param {number} point
 */
export function removePoint(drawing, index, which, point) {
  const arrow = arrowsOf(drawing.components[index])[which]
  if (arrow.points.length <= 1) return removeArrow(drawing, index, which)
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: a.points.filter((_, i) => i !== point) }))
}

/**
 * @param {Arrow} arrow
 * @param {number} du
 * @param {number} dv
 * @returns {Arrow} shifted
 */
export function translateArrow(arrow, du, dv) {
  return { ...arrow, points: translated(arrow.points, du, dv) }
}

/**
 * Shift a component's strokes, with the clicks they came from, and its arrows by (du, dv).
 * @param {Drawing} drawing
 * @param {number} index
 * @param {number} du
 * @param {number} dv
 */
export function translateComponent(drawing, index, du, dv) {
  if (du === 0 && dv === 0) return drawing
  const shifted = (/** @type {Stroke} */ stroke) => {
    if (!('points' in stroke && stroke.points)) return stroke
    const moved = { ...stroke, points: translated(stroke.points, du, dv) }
    return 'clicks' in moved && moved.clicks ? { ...moved, clicks: translated(moved.clicks, du, dv) } : moved
  }
  return updateComponent(drawing, index, (c) => ({
    ...c,
    ...(c.mask?.strokes ? { mask: { ...c.mask, strokes: c.mask.strokes.map(shifted) } } : {}),
    ...(c.arrows ? { arrows: c.arrows.map((arrow) => translateArrow(arrow, du, dv)) } : {}),
  }))
}

/** @param {readonly Point[]} points @param {number} du @param {number} dv */
function translated(points, du, dv) {
  return roundPoints(points.map(([u, v]) => [u + du, v + dv]))
}
