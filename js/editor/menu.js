/**
 * A small popover menu inside the editor. One is open at a time; it closes on choice, Escape and focus elsewhere.
 *
 * @import { MenuItem } from './types.js'
 */
import { el, ownUndo, targetOf } from './dom.js'
import { icon } from './icons.js'

const ENABLED_ITEM = '[role^=menuitem]:not([disabled])'

export class Menu {
  /** @param {HTMLElement} root the editor, which the menu is positioned in */
  constructor(root) {
    this.root = root
    /** @type {HTMLElement|null} */
    this.element = null
  }

  /**
   * @param {{x: number, y: number}|HTMLElement} anchor an element, or a place in client coordinates
   * @param {MenuItem[]|HTMLElement} content
   */
  open(anchor, content) {
    this.close()
    const items = Array.isArray(content) ? content.map((item) => this.#item(item)) : [content]
    /** @param {KeyboardEvent} event */
    const keydown = (event) => this.#key(element, event)
    const element = el('div', { class: 'trackgo-menu', role: 'menu', tabIndex: -1, on: { keydown } }, items)
    this.element = ownUndo(element)
    element.addEventListener('focusout', (event) => {
      if (!this.element?.contains(/** @type {Node|null} */ (event.relatedTarget))) this.close(false)
    })
    this.root.append(element)
    this.#place(element, anchor)
    const first = /** @type {HTMLElement|null} */ (element.querySelector(ENABLED_ITEM))
    ;(first ?? element).focus({ preventScroll: true })
  }

  /** @param {MenuItem} item */
  #item({ label, icon: name, checked, disabled, act }) {
    const choose = () => {
      this.close()
      act()
    }
    const item = el('button', {
      class: 'trackgo-menu-item', role: 'menuitem', disabled: !!disabled, on: { click: choose },
    }, [el('span', { class: 'trackgo-menu-icon', innerHTML: name ? icon(name) : '' }), label])
    if (checked) item.setAttribute('aria-current', 'true')
    return ownUndo(item)
  }

  /**
   * The editor may be scaled with the graph: client pixels are divided by that scale.
   * @param {HTMLElement} element
   * @param {{x: number, y: number}|HTMLElement} anchor
   */
  #place(element, anchor) {
    const frame = this.root.getBoundingClientRect()
    const scale = frame.width / this.root.offsetWidth || 1
    const box = anchor instanceof HTMLElement ? anchor.getBoundingClientRect()
      : { left: anchor.x, top: anchor.y, bottom: anchor.y }
    const { offsetWidth: width, offsetHeight: height } = element
    const left = Math.min((box.left - frame.left) / scale, this.root.offsetWidth - width - 4)
    const below = (box.bottom - frame.top) / scale + 4
    const above = (box.top - frame.top) / scale - height - 4
    const wanted = below + height <= this.root.offsetHeight || above < 0 ? below : above
    const top = Math.max(4, Math.min(wanted, this.root.offsetHeight - height - 4))
    Object.assign(element.style, { left: `${Math.max(4, left)}px`, top: `${top}px` })
  }

  /** @param {HTMLElement} element @param {KeyboardEvent} event */
  #key(element, event) {
    if (event.key === 'Escape') {
      this.close()
    } else if (targetOf(event).matches('input, textarea')) {
      event.stopPropagation()
      return
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const items = /** @type {HTMLElement[]} */ ([...element.querySelectorAll(ENABLED_ITEM)])
      const focused = items.findIndex((item) => item === document.activeElement)
      const at = focused + (event.key === 'ArrowDown' ? 1 : -1)
      items[(at + items.length) % items.length]?.focus()
    } else {
      return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  /** @param {boolean} [refocus] give the keyboard back to the stage */
  close(refocus = true) {
    const { element } = this
    if (!element) return
    this.element = null
    element.remove()
    if (refocus) this.root.focus({ preventScroll: true })
  }
}
