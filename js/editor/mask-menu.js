/** Inverting, growing and shrinking the selected mask: what it needs, and the popover for it. */
import { resizingsOf, strokesOf } from './accessors.js'
import { RESIZINGS } from './document-checks.js'
import { addStroke } from './document.js'
import { clamp, el, ownUndo } from './dom.js'
import { icon } from './icons.js'
import { TEXT } from './texts.js'

const MOST_SHARE = 0.25
const ICONS = Object.freeze({ invert: 'invert', grow: 'expand', shrink: 'shrink' })

const hasMask = (component) => !!component && (strokesOf(component).length > 0 || component.mask?.png !== undefined)

/** Change the whole mask. @param {'invert'|'grow'|'shrink'} tool @param {number} pixels of the picture `width` wide */
export function changeMask(store, tool, pixels, width) {
  const target = store.paintTarget()
  if (target.refusal) {
    store.setView({ hint: target.refusal })
    return
  }
  const component = target.drawing.components[target.index]
  const resizes = tool !== 'invert'
  if (resizes && !hasMask(component)) store.setView({ hint: TEXT.noMask })
  else if (resizes && resizingsOf(component.mask) >= RESIZINGS) store.setView({ hint: TEXT.resizedOften })
  else {
    const stroke = resizes ? { tool, radius: Math.min(pixels / width, MOST_SHARE) } : { tool }
    store.commit(addStroke(target.drawing, target.index, stroke), { selected: target.index, frame: 0, playing: false, hint: '' })
  }
}

/** The popover: one number, three things to do. @param {() => number} width of the picture, pixels */
export function maskMenu(store, menu, width) {
  const { growth } = store.view
  const item = (tool, label) => ownUndo(el('button', {
    class: 'trackgo-menu-item', role: 'menuitem', 'data-mask': tool, disabled: tool !== 'invert' && !hasMask(store.component),
    on: {
      click: () => {
        menu.close()
        changeMask(store, tool, store.view.growth, width())
      },
    },
  }, [el('span', { class: 'trackgo-menu-icon', innerHTML: icon(ICONS[tool]) }), label]))
  const input = el('input', {
    type: 'number', class: 'trackgo-number', min: '1', max: '999', step: '1', value: String(growth), 'aria-label': TEXT.growthTitle,
    on: { input: () => store.setView({ growth: clamp(Math.round(Number(input.value)) || 1, 1, 999) }) },
  })
  const amount = el('label', { class: 'trackgo-menu-field' }, [TEXT.growth, input, 'px'])
  return el('div', {}, [item('invert', TEXT.invert), item('grow', TEXT.grow), item('shrink', TEXT.shrinkMask), amount])
}
