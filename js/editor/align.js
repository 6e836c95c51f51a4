/**
 * Move components so that their masks line up with another component's, or with the frame.
 *
 * @import { Drawing, Scene } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {NonNullable<ReturnType<Scene['extent']>>} Extent  of a mask, in fractions
 * @typedef {'left'|'centre'|'right'|'top'|'middle'|'bottom'} Side
 */
import { nameOf, takesInput } from './accessors.js'
import { translateComponent } from './document.js'
import { el, iconButton } from './dom.js'
import { fill, TEXT } from './texts.js'

/** @type {Extent} */
const FRAME = Object.freeze({ left: 0, top: 0, right: 1, bottom: 1 })
/**
 * By side, how far a mask is from being aligned.
 * @type {Readonly<Record<Side, (to: Extent, own: Extent) => [number, number]>>}
 */
const SHIFTS = Object.freeze({
  left: (to, own) => [to.left - own.left, 0],
  centre: (to, own) => [(to.left + to.right - own.left - own.right) / 2, 0],
  right: (to, own) => [to.right - own.right, 0],
  top: (to, own) => [0, to.top - own.top],
  middle: (to, own) => [0, (to.top + to.bottom - own.top - own.bottom) / 2],
  bottom: (to, own) => [0, to.bottom - own.bottom],
})

/**
 * @param {Drawing} drawing
 * @param {readonly number[]} indices of the components to move
 * @param {Scene['extent']} extent
 * @param {Extent} to
 * @param {Side} side
 * @returns {Drawing}
 */
export function aligned(drawing, indices, extent, to, side) {
  return indices.reduce((doc, index) => {
    const own = extent(index)
    return own && movable(doc, index) ? translateComponent(doc, index, ...SHIFTS[side](to, own)) : doc
  }, drawing)
}

/** A mask that is a picture, or arrives, stays where it is. @param {Drawing} drawing @param {number} index */
function movable({ components }, index) {
  const component = components[index]
  return !component.locked && component.mask?.png == null && !takesInput(component)
}

/**
 * The popover: line the selected components up with the one that was selected first, or with the frame.
 * @param {EditorStore} store
 * @param {number} index the component it is opened for
 * @param {Scene['extent']} extent
 */
export function alignMenu(store, index, extent) {
  /** @param {string} label @param {() => number[]} moving @param {() => Extent|null} to */
  const row = (label, moving, to) => el('div', { class: 'trackgo-align' }, [
    el('span', { class: 'trackgo-count' }, [label]),
    el('div', { class: 'trackgo-group' }, /** @type {Side[]} */ (Object.keys(SHIFTS)).map((side) => (
      iconButton(`align-${side}`, TEXT[side], () => {
        const target = to()
        const indices = moving()
        const fixed = indices.find((i) => !movable(store.drawing, i))
        const hint = fixed === undefined ? '' : fill(TEXT.alignFixed, nameOf(store.drawing.components[fixed], fixed))
        if (target) store.commit(aligned(store.drawing, indices, extent, target, side))
        store.setView({ hint })
      }, { 'data-align': side })))),
  ])
  const { selected } = store.view
  const several = store.groupOf(index).length > 1
  const others = row(fill(TEXT.alignTo, nameOf(store.drawing.components[selected] ?? {}, selected)),
    () => store.groupOf(index).filter((i) => i !== selected), () => extent(selected))
  const frame = row(TEXT.alignFrame, () => store.groupOf(index), () => FRAME)
  return el('div', {}, several ? [others, frame] : [frame])
}
