/**
 * What keys do with what is selected: a component, one of its arrows, or one of that arrow's points. No DOM.
 *
 * @import { Size } from './types.js'
 * @import { EditorStore } from './store.js'
 */
import { arrowsOf, nameOf } from './accessors.js'
import {
  movePoint, removeArrow, removeComponents, removePoint, translateArrow, translateComponents, updateArrow,
} from './document.js'
import { dropDraft, keepArrow } from './gestures.js'
import { ALONE } from './store.js'
import { fill, TEXT } from './texts.js'

/** The last point of an arrow that is being drawn, or what is selected. @param {EditorStore} store */
export function removeSelected(store) {
  const { selected, arrow, point } = store.view
  if (store.draft?.kind === 'arrow') {
    const points = store.draft.points.slice(0, -1)
    if (points.length) keepArrow(store, { ...store.draft, points })
    else dropDraft(store)
  } else if (!store.component || store.group.every((i) => store.drawing.components[i].locked)) {
    store.setView({ hint: store.component ? fill(TEXT.isLocked, nameOf(store.component, selected)) : '' })
  } else if (arrow >= 0 && point >= 0) {
    store.commit(removePoint(store.drawing, selected, arrow, point), { arrow: -1, point: -1 })
  } else if (arrow >= 0) {
    store.commit(removeArrow(store.drawing, selected, arrow), { arrow: -1, point: -1 })
  } else {
    const open = store.group.filter((i) => !store.drawing.components[i].locked)
    store.commit(removeComponents(store.drawing, open), { arrow: -1, point: -1 })
  }
}

/**
 * The next component, or the one before.
 * @param {EditorStore} store
 * @param {number} step
 * @param {boolean} adds whether what is selected stays so, too
 */
export function chooseComponent(store, step, adds) {
  const count = store.drawing.components.length
  if (!count) return
  const { selected, also } = store.view
  const next = ((adds ? also.at(-1) ?? selected : selected) + step + count) % count
  if (!adds) store.setView({ selected: next, also: ALONE, arrow: -1, point: -1 })
  else if (!store.group.includes(next)) store.toggleSelected(next)
}

/** Step through all points of the selected component's arrows. @param {EditorStore} store @param {number} step */
export function choosePoint(store, step) {
  if (!store.component) return
  const all = arrowsOf(store.component).flatMap(({ points }, arrow) => points.map((_, point) => ({ arrow, point })))
  if (!all.length) return
  const { view } = store
  const at = all.findIndex(({ arrow, point }) => arrow === view.arrow && point === Math.max(view.point, 0))
  const next = at < 0 && step < 0 ? at : at + step
  store.setView({ ...all[(next + all.length) % all.length], frame: 0, playing: false })
}

/**
 * Move what is selected by picture pixels.
 * @param {EditorStore} store
 * @param {Size} size of the picture
 * @param {number} dx
 * @param {number} dy
 */
export function nudgeSelected(store, { width, height }, dx, dy) {
  const { selected, arrow, point } = store.view
  const { component, drawing } = store
  if (!component || (component.locked && store.group.length < 2)) return
  const [du, dv] = [dx / width, dy / height]
  if (arrow >= 0 && point >= 0) {
    const [u, v] = arrowsOf(component)[arrow].points[point]
    store.commit(movePoint(drawing, selected, arrow, point, [u + du, v + dv]))
  } else if (arrow >= 0) {
    store.commit(updateArrow(drawing, selected, arrow, (one) => translateArrow(one, du, dv)))
  } else {
    store.commit(translateComponents(drawing, store.group, du, dv))
  }
}
