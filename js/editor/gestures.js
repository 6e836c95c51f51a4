/**
 * What a pointer does, tool by tool: gestures turn positions into drafts and finished documents. No DOM.
 *
 * @import {
 *   Arrow, ArrowDraft, BrushStroke, Gesture, Handle, LassoStroke, PaintTarget, Point, Pointer, Scene, Size, Tool, Vec
 * } from './types.js'
 * @import { EditorStore } from './store.js'
 */
import { arrowsOf, nameOf } from './accessors.js'
import {
  addArrow, addStroke, insertPoint, movePoint, removePoint, roundPoints, translateComponents,
} from './document.js'
import { beginCamera } from './camera-gestures.js'
import { distance, nearestPoint, pathDistance, simplify, stagePath } from './geometry.js'
import { beginPose } from './pose.js'
import { ALONE } from './store.js'
import { fill, TEXT } from './texts.js'

const HANDLE_REACH = 9
const PATH_REACH = 7
/** A press that moves less than this is a click. */
export const CLICK_SLACK = 4
/** Simplification tolerances: strokes in picture pixels (invisible), freehand arrows in stage pixels. */
const STROKE_TOLERANCE_PX = 0.3
const FREEHAND_TOLERANCE_STAGE = 3

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 * @returns {Handle|null} the one under the pointer
 */
export function handleAt(store, scene, at) {
  for (const index of selectedFirst(store)) {
    const component = store.drawing.components[index]
    if (component.hidden || component.locked) continue
    for (const [arrow, { points }] of arrowsOf(component).entries()) {
      const point = nearestPoint(points.map(scene.toStage), at.stage, HANDLE_REACH)
      // The end lies on top of the start when both coincide: prefer the end, so that it can be pulled out.
      if (point >= 0) return { index, arrow, point }
    }
  }
  return null
}

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 * @returns {{index: number, arrow: number, segment: number}|null} the arrow under the pointer
 */
function arrowAt(store, scene, at) {
  for (const index of selectedFirst(store)) {
    const component = store.drawing.components[index]
    if (component.hidden) continue
    for (const [arrow, value] of arrowsOf(component).entries()) {
      const { distance: far } = pathDistance(at.stage, stagePath(value, scene))
      if (far > PATH_REACH) continue
      const { segment } = pathDistance(at.stage, value.points.map(scene.toStage))
      return { index, arrow, segment }
    }
  }
  return null
}

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 * @returns {number} the component whose mask is under the pointer, or −1
 */
function maskAt(store, scene, at) {
  return selectedFirst(store).find((i) => !store.drawing.components[i].hidden && scene.insideMask(i, at.frac)) ?? -1
}

/** @param {EditorStore} store @returns {number[]} all components, the one on top first */
function selectedFirst(store) {
  const { selected, also } = store.view
  const others = store.drawing.components.map((_, i) => i).filter((i) => i !== selected && !also.includes(i)).reverse()
  return store.component ? [selected, ...also, ...others] : others
}

/**
 * Begin what the current tool does.
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 * @returns {Gesture|null} null where a press is all there is
 */
export function begin(store, scene, at) {
  const { tool } = store.view
  if (store.error) return null
  const posed = tool === 'select' && !at.eraser ? beginPose(store, scene, at) : null
  if (posed) return posed
  if (store.view.frame !== 0 || store.view.playing) store.setView({ frame: 0, playing: false })
  store.setView({ hint: '' })
  if (tool === 'camera') return beginCamera(store, scene, at)
  if (at.eraser) {
    finishArrow(store)
    return onTarget(store, (target) => paint(store, scene, target, at))
  }
  if (tool === 'select' && (at.shift || at.ctrl)) return alsoSelect(store, scene, at)
  const handle = tool === 'select' || tool === 'arrow' ? handleAt(store, scene, at) : null
  const { draft } = store
  if (handle && draft?.kind !== 'arrow') return at.alt ? removeHandle(store, handle) : dragHandle(store, handle)
  if (tool === 'select') return selectOrMove(store, scene, at)
  if (draft?.kind === 'arrow') return extendArrow(store, scene, at, draft)
  return onTarget(store, (target) => {
    switch (tool) {
      case 'fill': return fillFrame(store, target)
      case 'arrow': return drawArrow(store, target, at)
      case 'freehand': return drawFreehand(store, scene, target, at)
      default: return paint(store, scene, target, at)
    }
  })
}

/**
 * A gesture on the component that is drawn into; without one a hint says why.
 * @param {EditorStore} store
 * @param {(target: PaintTarget) => Gesture|null} gesture
 */
function onTarget(store, gesture) {
  const target = store.paintTarget()
  if (target.refusal === undefined) return gesture(target)
  store.setView({ hint: target.refusal })
  return null
}

/** @param {EditorStore} store @param {Handle} handle */
function removeHandle(store, { index, arrow, point }) {
  store.commit(removePoint(store.drawing, index, arrow, point), { selected: index, arrow: -1, point: -1 })
  return null
}

/** @param {EditorStore} store @param {Handle} handle @returns {Gesture} */
function dragHandle(store, { index, arrow, point }) {
  const before = store.drawing
  store.setView({ selected: index, arrow, point })
  const moved = (/** @type {Pointer} */ at) => movePoint(before, index, arrow, point, at.frac)
  let started = false
  return {
    move: (at) => {
      started = true
      store.setDraft({ kind: 'drawing', drawing: moved(at) })
    },
    up: (at) => {
      if (started) store.commit(moved(at))
      else store.setDraft(null)
    },
    cancel: () => store.setDraft(null),
  }
}

/** One more component is selected, or one less. @param {EditorStore} store @param {Scene} scene @param {Pointer} at */
function alsoSelect(store, scene, at) {
  const index = arrowAt(store, scene, at)?.index ?? maskAt(store, scene, at)
  if (index >= 0) store.toggleSelected(index)
  return null
}

/** @param {EditorStore} store @param {Scene} scene @param {Pointer} start @returns {Gesture|null} */
function selectOrMove(store, scene, start) {
  const hit = arrowAt(store, scene, start)
  const index = hit ? hit.index : maskAt(store, scene, start)
  const indices = store.groupOf(index).filter((i) => !store.drawing.components[i]?.locked)
  const together = store.groupOf(index).length > 1
  const choose = () => {
    const selected = index < 0 ? store.view.selected : index
    store.setView({ selected, also: ALONE, arrow: hit ? hit.arrow : -1, point: -1 })
  }
  if (!together) choose()
  if (index < 0) return null
  if (indices.length === 0) {
    store.setView({ hint: fill(TEXT.isLocked, nameOf(store.drawing.components[index], index)) })
    return null
  }
  let moving = false
  /** @param {Pointer} to @returns {[number, number]} */
  const shift = (to) => [to.frac[0] - start.frac[0], to.frac[1] - start.frac[1]]
  return {
    move: (to) => {
      moving ||= distance(to.stage, start.stage) > CLICK_SLACK
      if (!moving) return
      const [du, dv] = shift(to)
      store.setDraft({ kind: 'move', index, indices, du, dv })
    },
    up: (to) => {
      if (moving) store.commit(translateComponents(store.drawing, indices, ...shift(to)))
      else store.setDraft(null)
      if (together && !moving) choose()
    },
    cancel: () => store.setDraft(null),
  }
}

/** @param {EditorStore} store @param {PaintTarget} target */
function fillFrame(store, { drawing, index }) {
  store.commit(addStroke(drawing, index, { tool: 'fill' }), { selected: index })
  return null
}

/**
 * Alt turns painting into erasing and back; a pen's eraser erases whatever the tool.
 * @param {Tool} tool
 * @param {Pointer} at
 */
function strokeTool(tool, { alt, eraser }) {
  const lasso = tool === 'lasso' || tool === 'lasso-erase'
  const erases = eraser || (tool === 'erase' || tool === 'lasso-erase') !== alt
  if (lasso) return erases ? 'lasso-erase' : 'lasso'
  return erases ? 'erase' : 'brush'
}

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {PaintTarget} target
 * @param {Pointer} at
 * @returns {Gesture}
 */
function paint(store, scene, { drawing, index }, at) {
  const tool = strokeTool(store.view.tool, at)
  // A pen's pressure when it lands sets the radius of the whole stroke: one stroke, one radius.
  const pressed = store.view.radius * (at.pen && at.pressure > 0 ? 0.4 + 1.2 * at.pressure : 1)
  const radius = Number(pressed.toFixed(5))
  const points = [at.frac]
  /** @param {Point[]} path @returns {BrushStroke|LassoStroke} */
  const stroke = (path) => (
    tool === 'brush' || tool === 'erase' ? { tool, radius, points: path } : { tool, points: path })
  const show = () => store.setDraft({ kind: 'stroke', index, stroke: stroke(points) })
  show()
  return {
    move: (to) => {
      const last = points[points.length - 1]
      if (Math.hypot((to.frac[0] - last[0]) * scene.width, (to.frac[1] - last[1]) * scene.height) < 0.5) return
      points.push(to.frac)
      show()
    },
    up: () => {
      const done = stroke(tidy(points, scene))
      if (!('radius' in done) && done.points.length < 3) store.setDraft(null)
      else store.commit(addStroke(drawing, index, done), { selected: index })
    },
    cancel: () => store.setDraft(null),
  }
}

/** Drop points that change nothing visible, then round. @param {Point[]} points @param {Size} size in pixels */
function tidy(points, { width, height }) {
  /** @type {Vec[]} */
  const px = points.map(([u, v]) => [u * width, v * height])
  return roundPoints(simplify(px, STROKE_TOLERANCE_PX).map(([x, y]) => [x / width, y / height]))
}

/**
 * Drag: a straight arrow. Click: the first point of a longer one.
 * @param {EditorStore} store
 * @param {PaintTarget} target
 * @param {Pointer} start
 * @returns {Gesture}
 */
function drawArrow(store, { drawing, index }, start) {
  let dragging = false
  store.setView({ selected: drawing === store.drawing ? index : store.view.selected, arrow: -1, point: -1 })
  /** @param {Point[]} points @param {Point|null} rubber @returns {ArrowDraft} */
  const draft = (points, rubber) => (
    { kind: 'arrow', index, base: drawing, before: null, points, rubber, curve: store.view.curve })
  store.setDraft(draft([start.frac], start.frac))
  return {
    move: (to) => {
      dragging ||= distance(to.stage, start.stage) > CLICK_SLACK
      store.setDraft(draft([start.frac], to.frac))
    },
    up: (to) => {
      if (dragging) finishArrow(store, draft([start.frac, to.frac], null))
      else store.setDraft(draft([start.frac], to.frac))
    },
    cancel: () => store.setDraft(null),
  }
}

/**
 * A further click of a longer arrow; clicking its last point again ends it.
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 * @param {ArrowDraft} draft
 * @returns {Gesture|null}
 */
function extendArrow(store, scene, at, draft) {
  const last = draft.points[draft.points.length - 1]
  if (distance(scene.toStage(last), at.stage) <= CLICK_SLACK * 1.5) {
    finishArrow(store)
    return null
  }
  const points = [...draft.points, at.frac]
  /** @param {Pointer} to @returns {ArrowDraft} */
  const extended = (to) => ({ ...draft, points: [...points.slice(0, -1), to.frac], rubber: to.frac })
  store.setDraft(extended(at))
  return {
    move: (to) => store.setDraft(extended(to)),
    up: (to) => keepArrow(store, extended(to)),
    cancel: () => store.setDraft(draft),
  }
}

/**
 * Show an arrow in progress. From its second point on it is part of the document, so that nothing is lost when
 * somebody runs the graph instead of finishing it; all its points are one step of undo.
 * @param {EditorStore} store
 * @param {ArrowDraft} draft
 */
export function keepArrow(store, draft) {
  const inside = draft.points.length > 1
  const before = draft.before ?? store.history
  store.batch(() => {
    if (inside) addTo(store, draft)
    else if (draft.before) store.restore(draft.before)
    store.setDraft({ ...draft, before: inside ? before : null })
  })
}

/** @param {EditorStore} store @param {ArrowDraft} draft */
function addTo(store, { before, base, index, points, curve }) {
  /** @type {Arrow} */
  const arrow = { points: roundPoints(points), curve }
  const view = { selected: index, arrow: arrowsOf(base.components[index]).length, point: -1 }
  if (before) store.restore(before, addArrow(base, index, arrow), view)
  else store.commit(addArrow(base, index, arrow), view)
}

/** Keep what the arrow in progress has. @param {EditorStore} store @returns {boolean} whether there was one */
export function finishArrow(store, draft = store.draft) {
  if (draft?.kind !== 'arrow') return false
  addTo(store, draft)
  return true
}

/** Drop the gesture in progress, and an arrow in progress with all its points. @param {EditorStore} store */
export function dropDraft(store) {
  const { draft } = store
  if (draft?.kind === 'arrow' && draft.before) store.restore(draft.before)
  else store.setDraft(null)
}

/**
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {PaintTarget} target
 * @param {Pointer} at
 * @returns {Gesture}
 */
function drawFreehand(store, scene, { drawing, index }, at) {
  const points = [at.frac]
  /** @param {Point[]} path @param {'straight'|'smooth'} curve @returns {ArrowDraft} */
  const draft = (path, curve) => (
    { kind: 'arrow', index, base: drawing, before: null, points: path, rubber: null, curve })
  const show = () => store.setDraft(draft([...points], 'straight'))
  show()
  return {
    move: (to) => {
      points.push(to.frac)
      show()
    },
    up: () => {
      const stage = points.map(scene.toStage)
      const kept = simplify(stage, FREEHAND_TOLERANCE_STAGE).map((p) => points[stage.indexOf(p)])
      const short = distance(stage[0], stage[stage.length - 1]) + stage.length < CLICK_SLACK * 2
      if (kept.length < 2 || short) store.setDraft(null)
      else finishArrow(store, draft(kept, 'smooth'))
    },
    cancel: () => store.setDraft(null),
  }
}

/** Pointer moved without a button: an arrow in progress follows. @param {EditorStore} store @param {Pointer} at */
export function hover(store, at) {
  if (store.draft?.kind === 'arrow') store.setDraft({ ...store.draft, rubber: at.frac })
}

/**
 * Double click: end an arrow in progress, or insert a point where the arrow was hit.
 * @param {EditorStore} store
 * @param {Scene} scene
 * @param {Pointer} at
 */
export function doubleClick(store, scene, at) {
  if (finishArrow(store)) return
  if (store.view.tool !== 'select' && store.view.tool !== 'arrow') return
  if (handleAt(store, scene, at)) return
  const hit = arrowAt(store, scene, at)
  if (!hit || store.drawing.components[hit.index].locked) return
  const { index, arrow, segment } = hit
  const point = segment + 1
  store.commit(insertPoint(store.drawing, index, arrow, point, at.frac), { selected: index, arrow, point })
}
