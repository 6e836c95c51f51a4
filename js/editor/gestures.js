/**
 * What a pointer does, tool by tool: gestures turn positions into drafts and finished documents. No DOM.
 *
 * A gesture is {move(at), up(at), cancel()}; `at` is a Pointer. Positions on the stage are CSS pixels.
 * @typedef {{stage: [number, number], frac: [number, number], alt: boolean, shift: boolean,
 *            pressure: number, pen: boolean, eraser: boolean}} Pointer  `eraser`: a pen's other end
 * @typedef {{width: number, height: number, toStage: (frac: [number, number]) => [number, number],
 *            insideMask: (index: number, frac: [number, number]) => boolean}} Scene
 */
import { arrowsOf, nameOf } from './accessors.js'
import {
  addArrow, addStroke, insertPoint, movePoint, removePoint, roundPoints, translateComponent,
} from './document.js'
import { beginCamera } from './camera-gestures.js'
import { arrowPathPx, distance, nearestPoint, pathDistance, pxToFrac, simplify } from './geometry.js'
import { fill, TEXT } from './texts.js'

const HANDLE_REACH = 9
const PATH_REACH = 7
/** A press that moves less than this is a click. */
const CLICK_SLACK = 4
/** Simplification tolerances: strokes in picture pixels (invisible), freehand arrows in stage pixels. */
const STROKE_TOLERANCE_PX = 0.3
const FREEHAND_TOLERANCE_STAGE = 3

/** Where the visible handles are. @returns {{index: number, arrow: number, point: number}|null} */
export function handleAt(store, scene, at, reach = HANDLE_REACH) {
  const order = selectedFirst(store)
  for (const index of order) {
    const component = store.drawing.components[index]
    if (component.hidden || component.locked) continue
    for (const [arrow, { points }] of arrowsOf(component).entries()) {
      const point = nearestPoint(points.map(scene.toStage), at.stage, reach)
      // The end lies on top of the start when both coincide: prefer the end, so that it can be pulled out.
      if (point >= 0) return { index, arrow, point }
    }
  }
  return null
}

/** @returns {{index: number, arrow: number, segment: number}|null} the arrow under the pointer */
export function arrowAt(store, scene, at, reach = PATH_REACH) {
  for (const index of selectedFirst(store)) {
    const component = store.drawing.components[index]
    if (component.hidden) continue
    for (const [arrow, value] of arrowsOf(component).entries()) {
      const path = arrowPathPx(value, scene.width, scene.height)
        .map((p) => scene.toStage(pxToFrac(p, scene.width, scene.height)))
      const { distance: far } = pathDistance(at.stage, path)
      if (far > reach) continue
      const { segment } = pathDistance(at.stage, value.points.map(scene.toStage))
      return { index, arrow, segment }
    }
  }
  return null
}

/** @returns {number} the component whose mask is under the pointer, or −1 */
export function maskAt(store, scene, at) {
  return selectedFirst(store).find((i) => !store.drawing.components[i].hidden && scene.insideMask(i, at.frac)) ?? -1
}

function selectedFirst(store) {
  const { selected } = store.view
  const others = store.drawing.components.map((_, i) => i).filter((i) => i !== selected).reverse()
  return store.drawing.components[selected] ? [selected, ...others] : others
}

/** Begin what the current tool does. @param {Pointer} at @returns gesture or null */
export function begin(store, scene, at) {
  const { tool } = store.view
  if (store.error) return null
  if (store.view.frame !== 0 || store.view.playing) store.setView({ frame: 0, playing: false })
  store.setView({ hint: '' })
  if (tool === 'camera') return beginCamera(store, scene, at)
  if (at.eraser) {
    finishArrow(store)
    return onTarget(store, (target) => paint(store, scene, target, at))
  }
  const handle = tool === 'select' || tool === 'arrow' ? handleAt(store, scene, at) : null
  if (handle && store.draft?.kind !== 'arrow') return at.alt ? removeHandle(store, handle) : dragHandle(store, handle)
  if (tool === 'select') return selectOrMove(store, scene, at)
  if (store.draft?.kind === 'arrow') return extendArrow(store, scene, at)
  return onTarget(store, (target) => {
    switch (tool) {
      case 'fill': return fillFrame(store, target)
      case 'arrow': return drawArrow(store, scene, target, at)
      case 'freehand': return drawFreehand(store, scene, target, at)
      default: return paint(store, scene, target, at)
    }
  })
}

/** A gesture on the component that is drawn into; without one a hint says why. */
function onTarget(store, gesture) {
  const target = store.paintTarget()
  if (!target.refusal) return gesture(target)
  store.setView({ hint: target.refusal })
  return null
}

function removeHandle(store, { index, arrow, point }) {
  store.commit(removePoint(store.drawing, index, arrow, point), { selected: index, arrow: -1, point: -1 })
  return null
}

function dragHandle(store, { index, arrow, point }) {
  const before = store.drawing
  store.setView({ selected: index, arrow, point })
  const moved = (at) => movePoint(before, index, arrow, point, at.frac)
  let started = false
  return {
    move: (at) => {
      started = true
      store.setDraft({ kind: 'drawing', drawing: moved(at) })
    },
    up: (at) => (started ? store.commit(moved(at)) : store.setDraft(null)),
    cancel: () => store.setDraft(null),
  }
}

function selectOrMove(store, scene, at) {
  const hit = arrowAt(store, scene, at)
  const index = hit ? hit.index : maskAt(store, scene, at)
  store.setView({ selected: index < 0 ? store.view.selected : index, arrow: hit ? hit.arrow : -1, point: -1 })
  if (index < 0) return null
  if (store.drawing.components[index].locked) {
    store.setView({ hint: fill(TEXT.isLocked, nameOf(store.drawing.components[index], index)) })
    return null
  }
  const start = at
  let moving = false
  const shift = (to) => [to.frac[0] - start.frac[0], to.frac[1] - start.frac[1]]
  return {
    move: (to) => {
      moving ||= distance(to.stage, start.stage) > CLICK_SLACK
      if (!moving) return
      const [du, dv] = shift(to)
      store.setDraft({ kind: 'move', index, du, dv })
    },
    up: (to) => (moving ? store.commit(translateComponent(store.drawing, index, ...shift(to))) : store.setDraft(null)),
    cancel: () => store.setDraft(null),
  }
}

function fillFrame(store, { drawing, index }) {
  store.commit(addStroke(drawing, index, { tool: 'fill' }), { selected: index })
  return null
}

/** Alt turns painting into erasing and back; a pen's eraser erases whatever the tool. */
function strokeTool(tool, { alt, eraser }) {
  if (eraser) return tool.startsWith('lasso') ? 'lasso-erase' : 'erase'
  if (!alt) return tool
  return { brush: 'erase', erase: 'brush', lasso: 'lasso-erase', 'lasso-erase': 'lasso' }[tool]
}

function paint(store, scene, { drawing, index }, at) {
  const tool = strokeTool(store.view.tool, at)
  const round = tool === 'brush' || tool === 'erase'
  // A pen's pressure when it lands sets the radius of the whole stroke: one stroke, one radius.
  const radius = store.view.radius * (at.pen && at.pressure > 0 ? 0.4 + 1.2 * at.pressure : 1)
  const points = [at.frac]
  const stroke = () => ({ tool, ...(round ? { radius: Number(radius.toFixed(5)) } : {}), points })
  const show = () => store.setDraft({ kind: 'stroke', index, stroke: stroke() })
  show()
  return {
    move: (to) => {
      const last = points[points.length - 1]
      if (Math.hypot((to.frac[0] - last[0]) * scene.width, (to.frac[1] - last[1]) * scene.height) < 0.5) return
      points.push(to.frac)
      show()
    },
    up: () => {
      const done = { ...stroke(), points: tidy(points, scene) }
      if (!round && done.points.length < 3) store.setDraft(null)
      else store.commit(addStroke(drawing, index, done), { selected: index })
    },
    cancel: () => store.setDraft(null),
  }
}

/** Drop points that change nothing visible, then round. */
function tidy(points_frac, { width, height }) {
  const px = points_frac.map(([u, v]) => [u * width, v * height])
  return roundPoints(simplify(px, STROKE_TOLERANCE_PX).map(([x, y]) => [x / width, y / height]))
}

/** Drag: a straight arrow. Click: the first point of a longer one. */
function drawArrow(store, scene, { drawing, index }, at) {
  const start = at
  let dragging = false
  store.setView({ selected: drawing === store.drawing ? index : store.view.selected, arrow: -1, point: -1 })
  const draft = (points, rubber) => ({ kind: 'arrow', index, base: drawing, points, rubber, curve: store.view.curve })
  store.setDraft(draft([at.frac], at.frac))
  return {
    move: (to) => {
      dragging ||= distance(to.stage, start.stage) > CLICK_SLACK
      store.setDraft(draft([start.frac], to.frac))
    },
    up: (to) => {
      if (dragging) finishArrow(store, { ...draft([start.frac, to.frac], null) })
      else store.setDraft(draft([start.frac], to.frac))
    },
    cancel: () => store.setDraft(null),
  }
}

/** A further click of a longer arrow; clicking its last point again ends it. */
function extendArrow(store, scene, at) {
  const { draft } = store
  const last = draft.points[draft.points.length - 1]
  if (distance(scene.toStage(last), at.stage) <= CLICK_SLACK * 1.5) {
    finishArrow(store)
    return null
  }
  const points = [...draft.points, at.frac]
  const show = (to) => store.setDraft({ ...draft, points: [...points.slice(0, -1), to.frac], rubber: to.frac })
  show(at)
  return { move: show, up: show, cancel: () => store.setDraft(null) }
}

/** Keep what the arrow in progress has. @returns {boolean} whether there was one */
export function finishArrow(store, draft = store.draft) {
  if (draft?.kind !== 'arrow') return false
  const arrow = { points: roundPoints(draft.points), curve: draft.curve }
  const which = arrowsOf(draft.base.components[draft.index]).length
  store.commit(addArrow(draft.base, draft.index, arrow), { selected: draft.index, arrow: which, point: -1 })
  return true
}

function drawFreehand(store, scene, { drawing, index }, at) {
  const points = [at.frac]
  const show = () => store.setDraft({ kind: 'arrow', index, base: drawing, points: [...points], rubber: null, curve: 'straight' })
  show()
  return {
    move: (to) => {
      points.push(to.frac)
      show()
    },
    up: () => {
      const stage = points.map(scene.toStage)
      const kept = simplify(stage, FREEHAND_TOLERANCE_STAGE).map((p) => points[stage.indexOf(p)])
      if (kept.length < 2 || distance(stage[0], stage[stage.length - 1]) + stage.length < CLICK_SLACK * 2) store.setDraft(null)
      else finishArrow(store, { kind: 'arrow', index, base: drawing, points: kept, rubber: null, curve: 'smooth' })
    },
    cancel: () => store.setDraft(null),
  }
}

/** Pointer moved without a button: an arrow in progress follows. @returns {boolean} whether anything changed */
export function hover(store, at) {
  if (store.draft?.kind !== 'arrow') return false
  store.setDraft({ ...store.draft, rubber: at.frac })
  return true
}

/** Double click: end an arrow in progress, or insert a point where the arrow was hit. */
export function doubleClick(store, scene, at) {
  if (finishArrow(store)) return
  if (store.view.tool !== 'select' && store.view.tool !== 'arrow') return
  if (handleAt(store, scene, at)) return
  const hit = arrowAt(store, scene, at)
  if (!hit || store.drawing.components[hit.index].locked) return
  const place = hit.segment + 1
  store.commit(insertPoint(store.drawing, hit.index, hit.arrow, place, at.frac), { selected: hit.index, arrow: hit.arrow, point: place })
}
