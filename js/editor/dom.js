/** Small helpers for building the editor's elements. */
import { icon } from './icons.js'

/** @typedef {Record<string, (event: any) => void>} Listeners by the event's type */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown> & {on?: Listeners}} [props] properties; `class`, `role`, `data-*` and `aria-*`
 *   become attributes, `on` adds listeners
 * @param {(Node|string)[]} [children]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, { on = {}, ...props } = {}, children = []) {
  const element = document.createElement(tag)
  for (const [key, value] of Object.entries(props)) {
    if (key === 'class' || key === 'role' || key.startsWith('data-') || key.startsWith('aria-')) {
      element.setAttribute(key, String(value))
    } else {
      Object.assign(element, { [key]: value })
    }
  }
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener)
  element.append(...children)
  return element
}

/**
 * An icon button. It never takes focus from the stage by mouse, so shortcuts keep working.
 * @param {string} name icon
 * @param {string} title tooltip and accessible name
 * @param {(event: MouseEvent) => void} act
 * @param {Record<string, unknown>} [props]
 * @returns {HTMLButtonElement}
 */
export function iconButton(name, title, act, props = {}) {
  const button = el('button', {
    class: 'trackgo-button', title, innerHTML: icon(name), 'aria-label': title, 'data-icon': name,
    on: { click: act, mousedown: (event) => event.preventDefault() }, ...props,
  })
  return ownUndo(button)
}

/**
 * Change a button's icon and title, touching the page only if they differ.
 * @param {HTMLButtonElement} button
 * @param {string} name
 * @param {string} [title]
 */
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

/**
 * A number to type. What is no number is put back; Enter and Escape give the keyboard back to the stage.
 * @param {string} title
 * @param {{min: number, max: number, step: number|'any'} & Record<string, unknown>} props limits, and more properties
 * @param {() => string} shown the number as it stands
 * @param {(value: number) => void} typed hears of one within the limits
 */
export function numberField(title, { min, max, step, ...props }, shown, typed) {
  /** @type {HTMLInputElement} */
  const input = el('input', {
    type: 'number', class: 'trackgo-number', min: String(min), max: String(max), step: String(step), value: shown(),
    title, 'aria-label': title, ...props,
    on: {
      change: () => {
        const value = Number(input.value)
        if (input.value.trim() !== '' && Number.isFinite(value)) typed(clamp(value, min, max))
        input.value = shown()
      },
      keydown: ({ key }) => {
        if (key === 'Escape') input.value = shown()
        else if (key !== 'Enter') return
        const root = /** @type {HTMLElement|null} */ (input.closest('.trackgo'))
        root?.focus({ preventScroll: true })
      },
    },
  })
  return input
}

/** @param {Element} element @param {boolean} on */
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

/** The element an event of the user's went to. @param {Event} event */
export const targetOf = (event) => /** @type {Element} */ (event.target)

/** @param {number} value @param {number} min @param {number} max */
export const clamp = (value, min, max) => Math.min(Math.max(value, min), max)
