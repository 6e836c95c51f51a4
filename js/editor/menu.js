/** A small popover menu inside the editor. One is open at a time; it closes on choice, Escape and focus elsewhere. */
import { el, ownUndo } from './dom.js'
import { icon } from './icons.js'

/**
 * @typedef {{label: string, icon?: string, checked?: boolean, disabled?: boolean, act: () => void}} Item
 */
export class Menu {
  /** @param {HTMLElement} root the editor, which the menu is positioned in */
  constructor(root) {
    this.root = root
    this.element = null
  }

  /**
   * @param {{x: number, y: number}|HTMLElement} anchor an element, or a place in client coordinates
   * @param {Item[]|HTMLElement} content
   */
  open(anchor, content) {
    this.close()
    const items = Array.isArray(content) ? content.map((item) => this.#item(item)) : [content]
    this.element = el('div', { class: 'trackgo-menu', role: 'menu', tabIndex: -1, on: { keydown: (e) => this.#key(e) } }, items)
    ownUndo(this.element)
    this.element.addEventListener('focusout', (event) => {
      if (!this.element?.contains(event.relatedTarget)) this.close(false)
    })
    this.root.append(this.element)
    this.#place(anchor)
    ;(this.element.querySelector('[role=menuitem]:not([disabled])') ?? this.element).focus({ preventScroll: true })
  }

  #item({ label, icon: name, checked, disabled, act }) {
    const choose = () => {
      this.close()
      act()
    }
    const item = el('button', { class: 'trackgo-menu-item', role: 'menuitem', disabled: !!disabled, on: { click: choose } }, [
      el('span', { class: 'trackgo-menu-icon', innerHTML: name ? icon(name) : '' }), label,
    ])
    if (checked) item.setAttribute('aria-current', 'true')
    return ownUndo(item)
  }

  /** The editor may be scaled with the graph: client pixels are divided by that scale. */
  #place(anchor) {
    const frame = this.root.getBoundingClientRect()
    const scale = frame.width / this.root.offsetWidth || 1
    const box = anchor instanceof HTMLElement ? anchor.getBoundingClientRect() : { left: anchor.x, top: anchor.y, bottom: anchor.y }
    const { offsetWidth: width, offsetHeight: height } = this.element
    const left = Math.min((box.left - frame.left) / scale, this.root.offsetWidth - width - 4)
    const below = (box.bottom - frame.top) / scale + 4
    const above = (box.top - frame.top) / scale - height - 4
    const top = below + height <= this.root.offsetHeight || above < 0 ? below : above
    Object.assign(this.element.style, { left: `${Math.max(4, left)}px`, top: `${Math.max(4, Math.min(top, this.root.offsetHeight - height - 4))}px` })
  }

  #key(event) {
    if (event.key === 'Escape') {
      this.close()
    } else if (event.target.matches('input')) {
      event.stopPropagation()
      return
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const items = [...this.element.querySelectorAll('[role=menuitem]:not([disabled])')]
      const at = items.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1)
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
