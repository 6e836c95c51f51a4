/**
 * When something moves: a bar with two ends to drag, and the easing beside it. Components and the camera have one each.
 *
 * @import { Drawing, MenuItem, Timing } from './types.js'
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 *
 * @typedef {object} Timed
 * @property {() => Timing & {locked?: boolean}} item what has a start, an end and an easing
 * @property {(patch: Timing) => Drawing} patched the drawing with them changed
 * @property {() => void} begin what else a drag begins with
 */
import { easingOf, endOf, startOf } from './accessors.js'
import { EASINGS } from './document-checks.js'
import { clamp, el, iconButton, ownUndo, setIcon } from './dom.js'
import { EASING_NAMES, TEXT } from './texts.js'

const COARSE_STEP = 0.1
const FINE_STEP = 0.01

/**
 * Drag on a bar with capture.
 * @param {HTMLElement} handle
 * @param {HTMLElement} bar
 * @param {{begin: (fraction: number) => void, move: (fraction: number) => void, done: () => void, cancel?: () => void}}
 *   on fractions of the bar's width; cancel: done, if left out
 */
export function dragOnBar(handle, bar, { begin, move, done, cancel = done }) {
  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    event.stopPropagation()
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    /** @param {PointerEvent} e */
    const fraction = (e) => {
      const box = bar.getBoundingClientRect()
      return clamp((e.clientX - box.left) / box.width, 0, 1)
    }
    begin(fraction(event))
    /** @param {PointerEvent} e */
    const onMove = (e) => {
      e.stopPropagation()
      move(fraction(e))
    }
    /** @param {() => void} finish @returns {(e: PointerEvent) => void} */
    const end = (finish) => (e) => {
      e.stopPropagation()
      handle.removeEventListener('pointermove', onMove)
      handle.removeEventListener('pointerup', onUp)
      handle.removeEventListener('pointercancel', onCancel)
      finish()
    }
    const onUp = end(done)
    const onCancel = end(cancel)
    handle.addEventListener('pointermove', onMove)
    handle.addEventListener('pointerup', onUp)
    handle.addEventListener('pointercancel', onCancel)
  })
}

export class TimingBar {
  /** @param {EditorStore} store @param {Menu} menu @param {Timed} timed */
  constructor(store, menu, timed) {
    this.store = store
    this.timed = timed
    this.bar = el('div', { class: 'trackgo-bar' })
    this.span = el('div', { class: 'trackgo-span' })
    this.start = this.#handle('start')
    this.end = this.#handle('end')
    this.bar.append(this.span, this.start, this.end)
    /** @type {HTMLButtonElement} */
    this.easing = iconButton('linear', TEXT.easing, () => menu.open(this.easing, this.#easingItems()), {
      'data-action': 'easing',
    })
  }

  /** @returns {MenuItem[]} */
  #easingItems() {
    return EASINGS.map((easing) => ({
      label: EASING_NAMES[easing], icon: easing, checked: easingOf(this.timed.item()) === easing,
      act: () => this.store.commit(this.timed.patched({ easing })),
    }))
  }

  /** One end of the bar: dragged with the pointer or moved with the arrow keys. @param {'start'|'end'} side */
  #handle(side) {
    const { store, timed } = this
    const handle = el('div', {
      class: 'trackgo-end', role: 'slider', tabIndex: 0, 'aria-valuemin': '0', 'aria-valuemax': '1',
      title: TEXT[side], 'aria-label': TEXT[side], 'data-side': side,
    })
    ownUndo(handle)
    /** The start stays before the end. @param {number} value */
    const limited = (value) => {
      const [min, max] = side === 'start' ? [0, endOf(timed.item())] : [startOf(timed.item()), 1]
      return Number(clamp(value, min, max).toFixed(3))
    }
    /** To the nearest frame. @param {number} value */
    const snapped = (value) => {
      const steps = Math.max(store.view.frames - 1, 1)
      return Math.round(value * steps) / steps
    }
    /** @type {Drawing|null} */
    let latest = null
    dragOnBar(handle, this.bar, {
      begin: () => {
        latest = null
        timed.begin()
      },
      move: (value) => {
        latest = timed.patched({ [side]: limited(snapped(value)) })
        store.setDraft({ kind: 'drawing', drawing: latest })
      },
      done: () => store.commit(latest ?? store.drawing),
      cancel: () => store.setDraft(null),
    })
    handle.addEventListener('keydown', (event) => {
      const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (!direction || timed.item().locked) return
      event.preventDefault()
      event.stopPropagation()
      const now = side === 'start' ? startOf(timed.item()) : endOf(timed.item())
      store.commit(timed.patched({ [side]: limited(now + direction * (event.shiftKey ? COARSE_STEP : FINE_STEP)) }))
    })
    return handle
  }

  /** @param {Timing} item as shown, drafts included @param {boolean} still whether it does not move at all */
  render(item, still) {
    const [start, end] = [startOf(item), endOf(item)]
    this.span.style.left = `${start * 100}%`
    this.span.style.right = `${(1 - end) * 100}%`
    this.span.classList.toggle('trackgo-hold', still)
    placeHandle(this.start, start)
    placeHandle(this.end, end)
    setIcon(this.easing, easingOf(item), `${TEXT.easing}: ${EASING_NAMES[easingOf(item)]}`)
  }
}

/** @param {HTMLElement} handle @param {number} value */
function placeHandle(handle, value) {
  handle.style.left = `${value * 100}%`
  handle.setAttribute('aria-valuenow', String(value))
}
