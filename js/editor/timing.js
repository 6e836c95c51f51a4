/** When something moves: a bar with two ends to drag, and the easing beside it. Components and the camera have one each. */
import { easingOf, endOf, startOf } from './accessors.js'
import { EASINGS } from './document-checks.js'
import { clamp, el, iconButton, ownUndo, setIcon } from './dom.js'
import { EASING_NAMES, TEXT } from './texts.js'

const COARSE_STEP = 0.1
const FINE_STEP = 0.01

/** Drag on a bar with capture; calls `move(fraction)` while dragging and `done()` at the end. */
export function dragOnBar(handle, bar, { begin = () => {}, move, done, cancel = done }) {
  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    event.stopPropagation()
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    const fraction = (e) => {
      const box = bar.getBoundingClientRect()
      return clamp((e.clientX - box.left) / box.width, 0, 1)
    }
    begin(fraction(event))
    const onMove = (e) => {
      e.stopPropagation()
      move(fraction(e))
    }
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
  /**
   * @param {import('./store.js').EditorStore} store
   * @param {import('./menu.js').Menu} menu
   * @param {{item: () => object, patched: (patch: object) => import('./document.js').Drawing, begin: () => void}} timed
   *   what has a start, an end and an easing; the drawing with them changed; what else a drag begins with
   */
  constructor(store, menu, timed) {
    Object.assign(this, { store, timed })
    this.bar = el('div', { class: 'trackgo-bar' })
    this.span = el('div', { class: 'trackgo-span' })
    this.ends = ['start', 'end'].map((side) => this.#handle(side))
    this.bar.append(this.span, ...this.ends)
    this.easing = iconButton('linear', TEXT.easing, () => menu.open(this.easing, this.#easingItems()), { 'data-action': 'easing' })
  }

  #easingItems() {
    return EASINGS.map((easing) => ({
      label: EASING_NAMES[easing], icon: easing, checked: easingOf(this.timed.item()) === easing,
      act: () => this.store.commit(this.timed.patched({ easing })),
    }))
  }

  /** One end of the bar: dragged with the pointer or moved with the arrow keys. */
  #handle(side) {
    const { store, timed } = this
    const handle = el('div', { class: 'trackgo-end', role: 'slider', tabIndex: 0, 'aria-valuemin': '0', 'aria-valuemax': '1', title: TEXT[side], 'aria-label': TEXT[side], 'data-side': side })
    ownUndo(handle)
    const limited = (value) => Number((side === 'start'
      ? clamp(value, 0, endOf(timed.item())) : clamp(value, startOf(timed.item()), 1)).toFixed(3))
    const snapped = (value) => {
      const steps = Math.max(store.view.frames - 1, 1)
      return Math.round(value * steps) / steps
    }
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

  /** @param {object} item as shown, drafts included @param {boolean} still whether it does not move at all */
  render(item, still) {
    this.span.style.left = `${startOf(item) * 100}%`
    this.span.style.right = `${(1 - endOf(item)) * 100}%`
    this.span.classList.toggle('trackgo-hold', still)
    for (const end of this.ends) {
      const value = end.dataset.side === 'start' ? startOf(item) : endOf(item)
      end.style.left = `${value * 100}%`
      end.setAttribute('aria-valuenow', String(value))
    }
    setIcon(this.easing, easingOf(item), `${TEXT.easing}: ${EASING_NAMES[easingOf(item)]}`)
  }
}
