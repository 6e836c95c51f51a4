/**
 * How fast and which way something moves: the easings, the speed as a curve to draw, playback, and its stays.
 *
 * @import { Bezier, Easing, Timing } from './types.js'
 * @import { TimingBar } from './timing.js'
 */
import { easingOf, holdsOf, runsOf } from './accessors.js'
import { EASINGS, HOLD_LIMITS } from './document-checks.js'
import { clamp, el, iconButton, ownUndo, setPressed } from './dom.js'
import { onArrows } from './handles.js'
import { holdAdded, holdLasting, stayFrames, stayOnBar, withoutHold } from './holds.js'
import { curvePath, icon } from './icons.js'
import { holdPlan } from './motion.js'
import { EASING_NAMES, fill, TEXT } from './texts.js'

/** The easings as curves: exactly, but for the last, which is made of two. @type {Readonly<Record<Easing, Bezier>>} */
const CURVES = Object.freeze({
  linear: [1 / 3, 1 / 3, 2 / 3, 2 / 3], 'ease-in': [1 / 3, 0, 2 / 3, 1 / 3], 'ease-out': [1 / 3, 2 / 3, 2 / 3, 1],
  'ease-in-out': [0.46, 0.03, 0.54, 0.97],
})
const DECIMALS = 3
const [FINE_STEP, COARSE_STEP] = [0.02, 0.1]

/** @param {Timing} item */
const curveOf = (item) => item.bezier ?? CURVES[easingOf(item)]

export class TimingPanel {
  /** @param {TimingBar} bar */
  constructor(bar) {
    this.bar = bar
    /** @type {(Easing|'bezier')[]} */
    const names = [...EASINGS, 'bezier']
    this.eases = names.map((name) => ownUndo(el('button', {
      class: 'trackgo-menu-item', role: 'menuitem', 'data-easing': name,
      on: {
        click: () => (
          bar.commit(name === 'bezier' ? this.#drawn(curveOf(bar.item)) : { easing: name, bezier: undefined })),
      },
    }, [el('span', { class: 'trackgo-menu-icon', innerHTML: icon(name) }), EASING_NAMES[name]])))
    this.lines = el('div')
    this.box = el('div', { class: 'trackgo-curve', title: TEXT.curveBox }, [this.lines])
    this.knobs = [this.#knob(0), this.#knob(1)]
    this.box.append(...this.knobs)
    this.playbacks = bar.timed.playbacks.map((name) => iconButton(name, TEXT[name], () => bar.commit({
      playback: name === 'once' ? undefined : name,
      times: name === 'ping-pong' || name === 'loop' ? bar.item.times : undefined,
    }), { 'data-playback': name }))
    this.times = this.#number(TEXT.times, HOLD_LIMITS.times, (times) => bar.commit({ times }))
    this.timesField = el('label', { class: 'trackgo-field', title: TEXT.times }, ['×', this.times])
    this.addStay = ownUndo(el('button', {
      class: 'trackgo-menu-item', role: 'menuitem', 'data-action': 'hold-add',
      on: { click: () => bar.commit(holdAdded(bar.item, bar.store.view.frame, bar.store.view.frames)) },
    }, [el('span', { class: 'trackgo-menu-icon', innerHTML: icon('stay') }), el('span')]))
    this.stays = el('div', { class: 'trackgo-stays' })
    /** @type {{field: HTMLInputElement, from: HTMLElement}[]} */
    this.rows = []
    /** @type {Timing|null} */
    this.shown = null
    this.frame = -1
    this.element = el('div', { class: 'trackgo-timing' }, [
      el('div', {}, this.eases), this.box,
      el('div', { class: 'trackgo-group trackgo-playback' }, [...this.playbacks, this.timesField]),
      this.addStay, this.stays,
    ])
    this.render(bar.item)
  }

  /** The keyboard begins where it stands. */
  focus() {
    this.eases.find((button) => button.getAttribute('aria-current') === 'true')?.focus({ preventScroll: true })
  }

  /** @param {Bezier} curve @returns {Timing} */
  #drawn(curve) {
    const [x1, y1, x2, y2] = curve.map((value) => Number(clamp(value, 0, 1).toFixed(DECIMALS)))
    return { bezier: [x1, y1, x2, y2] }
  }

  /** One of the curve's two handles. @param {0|1} which */
  #knob(which) {
    const knob = ownUndo(el('div', {
      class: 'trackgo-curve-knob', role: 'slider', tabIndex: 0, 'data-knob': String(which),
      'aria-label': which ? TEXT.curveEnd : TEXT.curveStart, title: which ? TEXT.curveEnd : TEXT.curveStart,
      'aria-valuemin': '0', 'aria-valuemax': '1',
    }))
    /** @param {Timing} item @param {(x: number, y: number) => [number, number]} to */
    const moved = (item, to) => {
      const [x1, y1, x2, y2] = curveOf(item)
      return this.#drawn(which ? [x1, y1, ...to(x2, y2)] : [...to(x1, y1), x2, y2])
    }
    this.bar.drag(knob, this.box, (x, y, _, item) => moved(item, () => [x, 1 - y]))
    onArrows(knob, ([dx, dy], coarse) => {
      const step = coarse ? COARSE_STEP : FINE_STEP
      this.bar.commit(moved(this.bar.item, (x, y) => [x + dx * step, y - dy * step]))
    })
    return knob
  }

  /** @param {string} title @param {number} max @param {(value: number) => void} take @returns {HTMLInputElement} */
  #number(title, max, take) {
    /** @type {HTMLInputElement} */
    const input = el('input', {
      type: 'number', class: 'trackgo-number', min: '1', max: String(max), step: '1', title, 'aria-label': title,
      on: {
        change: () => {
          const value = Math.round(Number(input.value))
          if (input.value.trim() && Number.isFinite(value)) take(clamp(value, 1, max))
          this.shown = null
          this.render(this.bar.item)
        },
      },
    })
    return input
  }

  /** @param {Timing & {locked?: boolean}} item as shown, drafts included */
  render(item) {
    if (this.shown === item && this.frame === this.bar.store.view.frame) return
    const { frame, frames } = this.bar.store.view
    ;[this.shown, this.frame] = [item, frame]
    const name = item.bezier ? 'bezier' : easingOf(item)
    for (const button of this.eases) {
      button.setAttribute('aria-current', String(button.dataset.easing === name))
      button.disabled = !!item.locked
    }
    const curve = curveOf(item)
    const [x1, y1, x2, y2] = curve.map((value) => value * 100)
    this.lines.innerHTML = '<svg viewBox="0 0 100 100" aria-hidden="true"><path class="trackgo-grid" '
      + 'd="M0 0h100v100H0zM25 0v100M50 0v100M75 0v100M0 25h100M0 50h100M0 75h100"/>'
      + `<path class="trackgo-arms" d="M0 100L${x1} ${100 - y1}M100 0L${x2} ${100 - y2}"/>`
      + `<path class="trackgo-speed" d="${curvePath(curve, 0, 100, 100)}"/></svg>`
    this.knobs.forEach((knob, i) => {
      const [x, y] = i ? [x2, y2] : [x1, y1]
      Object.assign(knob.style, { left: `${x}%`, top: `${100 - y}%` })
      knob.setAttribute('aria-valuenow', (x / 100).toFixed(2))
      knob.setAttribute('aria-valuetext', `${(x / 100).toFixed(2)}, ${(y / 100).toFixed(2)}`)
    })
    this.box.classList.toggle('trackgo-custom', name === 'bezier')
    for (const button of this.playbacks) {
      setPressed(button, button.dataset.playback === (item.playback ?? 'once'))
      button.disabled = !!item.locked
    }
    this.timesField.hidden = item.playback !== 'ping-pong' && item.playback !== 'loop'
    this.times.value = String(runsOf(item))
    const [, label] = this.addStay.children
    label.textContent = fill(TEXT.holdAdd, frame + 1)
    // A button that is disabled would lose the focus, and the popover would close.
    this.addStay.setAttribute('aria-disabled', String(!!item.locked || !holdAdded(item, frame, frames)))
    this.#renderStays(item, frames)
  }

  /** @param {Timing & {locked?: boolean}} item @param {number} frames */
  #renderStays(item, frames) {
    const holds = holdsOf(item)
    for (const { from } of this.rows.splice(holds.length)) from.parentElement?.remove()
    while (this.rows.length < holds.length) {
      const index = this.rows.length
      const field = this.#number(TEXT.holdFrames, 9999, (count) => (
        this.bar.commit(holdLasting(this.bar.item, index, count, this.bar.store.view.frames))))
      const from = el('span')
      const remove = iconButton('trash', TEXT.holdRemove, () => {
        this.addStay.focus() // before the row goes, with the focus
        this.bar.commit(withoutHold(this.bar.item, index))
      })
      this.stays.append(el('div', { class: 'trackgo-menu-field' }, [from, field, TEXT.holdUnit, remove]))
      this.rows.push({ field, from })
    }
    for (const [order, stay] of (holds.length ? holdPlan(item).stays : []).entries()) {
      const { index } = stay
      const { field, from } = this.rows[index]
      Object.assign(/** @type {HTMLElement} */ (from.parentElement).style, { order })
      const [u] = stayOnBar(item, stay)
      from.textContent = fill(TEXT.holdFrom, Math.round(u * (frames - 1)) + 1)
      if (field !== document.activeElement) field.value = String(stayFrames(item, index, frames))
      field.disabled = !!item.locked
    }
  }
}
