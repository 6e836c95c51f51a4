/** Small helpers for building the editor's elements. */
import { icon } from './icons.js'

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] properties; `class`, `data-*`, `aria-*` and `role` become attributes, `on` adds listeners
 * @param {(Node|string)[]} [children]
 * @returns {HTMLElement}
 */
export function el(tag, { on = {}, ...props } = {}, children = []) {
  const element = document.createElement(tag)
  for (const [key, value] of Object.entries(props)) {
    if (key === 'class' || key === 'role' || key.startsWith('data-') || key.startsWith('aria-')) element.setAttribute(key, value)
    else element[key] = value
  }
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener)
  element.append(...children)
  return element
}

/**
 * An icon button. It never takes focus from the stage by mouse, so shortcuts keep working.
 * @param {string} name icon
 * @param {string} title tooltip and accessible name
 * @param {(event: Event) => void} act
 * @returns {HTMLButtonElement}
 */
export function iconButton(name, title, act, props = {}) {
  const button = el('button', {
    class: 'trackgo-button', title, innerHTML: icon(name), 'aria-label': title, 'data-icon': name,
    on: { click: act, mousedown: (event) => event.preventDefault() }, ...props,
  })
  return ownUndo(button)
}

/** Change a button's icon and title, touching the page only if they differ. */
export function setIcon(button, name, title) {
  if (button.dataset.icon !== name) {
    button.dataset.icon = name
    button.innerHTML = icon(name)
  }
  if (title && button.title !== title) {
    button.title = title
    button.setAttribute('aria-label', title)
  }
}

/** @param {Element} element @param {string} name @param {boolean} on */
export function setPressed(element, on) {
  const value = String(on)
  if (element.getAttribute('aria-pressed') !== value) element.setAttribute('aria-pressed', value)
}

/**
 * ComfyUI undoes the whole graph on Ctrl+Z before any element hears the key, unless the focused element is one with a
 * history of its own: a text field, which older front ends recognise by `type` and newer ones by its tag or
 * `isContentEditable`. The editor has a history too, so its focusable elements answer the same way.
 * @template {HTMLElement} E
 * @param {E} element
 * @returns {E}
 */
export function ownUndo(element) {
  Object.defineProperty(element, 'type', { value: 'textarea', configurable: true })
  Object.defineProperty(element, 'isContentEditable', { value: true, configurable: true })
  return element
}

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high)
