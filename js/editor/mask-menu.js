/**
 * Inverting, growing and shrinking the selected mask: what it needs, and the popover for it.
 *
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 *
 * @typedef {'invert'|'grow'|'shrink'} MaskTool
 */
import { hasMask, resizeCount } from './accessors.js'
import { MAX_RESIZES } from './document-checks.js'
import { addStroke } from './document.js'
import { el, numberField, ownUndo } from './dom.js'
import { icon } from './icons.js'
import { TEXT } from './texts.js'

/** As the document allows, in frame widths. */
const MAX_RADIUS = 0.25
const ICONS = Object.freeze({ invert: 'invert', grow: 'expand', shrink: 'shrink' })

/**
 * Change the whole mask.
 * @param {EditorStore} store
 * @param {MaskTool} tool
 * @param {number} pixels of the picture
 * @param {number} width of the picture
 */
export function changeMask(store, tool, pixels, width) {
  const target = store.paintTarget()
  if (target.refusal !== undefined) {
    store.setView({ hint: target.refusal })
    return
  }
  const { drawing, index } = target
  const component = drawing.components[index]
  const resizes = tool !== 'invert'
  if (resizes && !hasMask(component)) store.setView({ hint: TEXT.noMask })
  else if (resizes && resizeCount(component.mask) >= MAX_RESIZES) store.setView({ hint: TEXT.resizedOften })
  else {
    const stroke = resizes ? { tool, radius: Math.min(pixels / width, MAX_RADIUS) } : { tool }
    store.commit(addStroke(drawing, index, stroke), { selected: index, frame: 0, playing: false, hint: '' })
  }
}

/**
 * The popover: one number, three things to do.
 * @param {EditorStore} store
 * @param {Menu} menu
 * @param {() => number} width of the picture, pixels
 */
export function maskMenu(store, menu, width) {
  const resizable = store.component !== null && hasMask(store.component)
  /** @param {MaskTool} tool @param {string} label */
  const item = (tool, label) => ownUndo(el('button', {
    class: 'trackgo-menu-item', role: 'menuitem', 'data-mask': tool, disabled: tool !== 'invert' && !resizable,
    on: {
      click: () => {
        menu.close()
        changeMask(store, tool, store.view.growth, width())
      },
    },
  }, [el('span', { class: 'trackgo-menu-icon', innerHTML: icon(ICONS[tool]) }), label]))
  const input = numberField(TEXT.growthTitle, { min: 1, max: 999, step: 1 }, () => String(store.view.growth),
    (value) => store.setView({ growth: Math.round(value) }))
  const amount = el('label', { class: 'trackgo-menu-field' }, [TEXT.growth, input, 'px'])
  return el('div', {}, [item('invert', TEXT.invert), item('grow', TEXT.grow), item('shrink', TEXT.shrinkMask), amount])
}
