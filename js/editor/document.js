/**
 * The version-1 drawing document: parsing and immutable updates.
 *
 * Coordinates are fractions of the first frame's width and height. Every update returns a new document
 * and leaves untouched parts (and unknown keys) identical, so caches may compare by identity.
 *
 * @typedef {[number, number]} Point fractions (u, v)
 * @typedef {{tool: string, radius?: number, points?: Point[]}} Stroke
 * @typedef {{strokes?: Stroke[], png?: string, source?: string}} Mask
 * @typedef {{points: Point[], curve?: 'straight'|'smooth'}} Arrow
 * @typedef {{name?: string, mask?: Mask, arrows?: Arrow[], start?: number, end?: number, easing?: string,
 *            hidden?: boolean, locked?: boolean}} Component
 * @typedef {{version: 1, components: Component[], image?: string, camera?: import('./camera.js').Camera}} Drawing
 *   image: the uploaded picture that serves where none is connected, as ComfyUI names it
 */
import { arrowsOf, nameOf, strokesOf } from './accessors.js'
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
 * @param {string} text
 * @returns {{drawing: Drawing, error: null, text: string} | {drawing: null, error: string, text: string}}
 */
export function parseDrawing(text) {
  if (typeof text !== 'string') text = text == null ? '' : JSON.stringify(text)
  if (text.trim() === '') return { drawing: emptyDrawing(), error: null, text }
  let value
  try {
    value = JSON.parse(text)
  } catch (problem) {
    return { drawing: null, error: fill(PROBLEMS.notJson, problem.message), text }
  }
  const error = drawingProblem(value)
  return error ? { drawing: null, error, text } : { drawing: value, error: null, text }
}

/**
 * @param {Drawing} drawing
 * @returns {string} the widget value
 */
export function serializeDrawing(drawing) {
  return JSON.stringify(drawing)
}

const rounded = (value) => Number(value.toFixed(DECIMALS))

/**
 * @param {readonly number[][]} points
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
export function updateComponent(drawing, index, change) {
  const before = drawing.components[index]
  if (!before) throw new RangeError(`There is no component ${index + 1}; the drawing has ${drawing.components.length}.`)
  const after = change(before)
  if (after === before) return drawing
  return { ...drawing, components: drawing.components.map((c, i) => (i === index ? after : c)) }
}

/** A name no other component has: object 1, object 2, … */
export function freeName(drawing, stem = 'object') {
  const taken = new Set(drawing.components.map((c) => c.name))
  let n = drawing.components.length + 1
  while (taken.has(`${stem} ${n}`)) n += 1
  return `${stem} ${n}`
}

/**
 * @param {Drawing} drawing
 * @param {Partial<Component>} [component]
 * @returns {Drawing} with one more component at the end
 */
export function addComponent(drawing, component = {}) {
  const fresh = { name: freeName(drawing), mask: { strokes: [] }, arrows: [], start: 0, end: 1, easing: 'linear', ...component }
  return { ...drawing, components: [...drawing.components, fresh] }
}

/** @param {Drawing} drawing @param {number} index @returns {Drawing} */
export function removeComponent(drawing, index) {
  return { ...drawing, components: drawing.components.filter((_, i) => i !== index) }
}

/** @param {Drawing} drawing @param {number} index @returns {Drawing} with a copy right after it */
export function duplicateComponent(drawing, index) {
  const copy = structuredClone(drawing.components[index])
  copy.name = `${nameOf(copy, index)} copy`
  const components = [...drawing.components]
  components.splice(index + 1, 0, copy)
  return { ...drawing, components }
}

/** @param {Drawing} drawing @param {number} from @param {number} to @returns {Drawing} */
export function moveComponent(drawing, from, to) {
  if (from === to || to < 0 || to >= drawing.components.length) return drawing
  const components = [...drawing.components]
  components.splice(to, 0, ...components.splice(from, 1))
  return { ...drawing, components }
}

/** @param {Drawing} drawing @param {number} index @param {Partial<Component>} patch @returns {Drawing} */
export function patchComponent(drawing, index, patch) {
  return updateComponent(drawing, index, (c) => {
    const same = Object.entries(patch).every(([key, value]) => c[key] === value)
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
    if (strokesOf(c).length === 0 && c.mask?.png === undefined) return c
    const { png, ...rest } = c.mask ?? {}
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

/** @param {Drawing} drawing @param {number} index @param {number} which @param {(arrow: Arrow) => Arrow} change @returns {Drawing} */
export function updateArrow(drawing, index, which, change) {
  return updateComponent(drawing, index, (c) => ({
    ...c, arrows: arrowsOf(c).map((arrow, i) => (i === which ? change(arrow) : arrow)),
  }))
}

/** @param {Drawing} drawing @param {number} index @param {number} which @returns {Drawing} */
export function removeArrow(drawing, index, which) {
  return updateComponent(drawing, index, (c) => ({ ...c, arrows: arrowsOf(c).filter((_, i) => i !== which) }))
}

/** Move one point of an arrow. */
export function movePoint(drawing, index, which, point, to) {
  const [place] = roundPoints([to])
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: a.points.map((p, i) => (i === point ? place : p)) }))
}

/** Insert a point so that it becomes number `at`. */
export function insertPoint(drawing, index, which, at, place) {
  const fresh = roundPoints([place])
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: [...a.points.slice(0, at), ...fresh, ...a.points.slice(at)] }))
}

/** Remove one point; the last one takes its arrow along. */
export function removePoint(drawing, index, which, point) {
  const arrow = arrowsOf(drawing.components[index])[which]
  if (arrow.points.length <= 1) return removeArrow(drawing, index, which)
  return updateArrow(drawing, index, which, (a) => ({ ...a, points: a.points.filter((_, i) => i !== point) }))
}

/** Shift a component's strokes and arrows by (du, dv). */
export function translateComponent(drawing, index, du, dv) {
  if (du === 0 && dv === 0) return drawing
  const shift = (points) => roundPoints(points.map(([u, v]) => [u + du, v + dv]))
  return updateComponent(drawing, index, (c) => ({
    ...c,
    ...(c.mask?.strokes ? { mask: { ...c.mask, strokes: c.mask.strokes.map((s) => (s.points ? { ...s, points: shift(s.points) } : s)) } } : {}),
    ...(c.arrows ? { arrows: c.arrows.map((a) => ({ ...a, points: shift(a.points) })) } : {}),
  }))
}
