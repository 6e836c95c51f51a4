/**
 * When something moves: a bar with two ends and its stays to drag, and a button for how fast and which way beside it.
 * Components and the camera have one each.
 *
 * @import { Drawing, Playback, Timing } from './types.js'
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 * @import { Stay } from './motion.js'
 *
 * @typedef {object} Timed
 * @property {() => Timing & {locked?: boolean}} item what has a start, an end and an easing
 * @property {(patch: Timing) => Drawing} patched the drawing with them changed; undefined: left out
 * @property {() => void} begin what else a drag begins with
 * @property {readonly Playback[]} playbacks the ways it may run
 */
import { easingOf, endOf, holdsOf, runsOf, startOf } from './accessors.js'
import { clamp, el, iconButton, ownUndo } from './dom.js'
import { dragOnBar, onArrows } from './handles.js'
import { holdAdded, holdLasting, holdMoved, holdShifted, stayFrames, stayOnBar, withoutHold } from './holds.js'
import { curveIcon, icon } from './icons.js'
import { holdPlan, runsBack } from './motion.js'
import { EASING_NAMES, fill, TEXT } from './texts.js'
import { TimingPanel } from './timing-panel.js'

const COARSE_STEP = 0.1
const FINE_STEP = 0.01
/** A stay moves by one frame, or with Shift by so many. */
const COARSE_FRAMES = 5
/** An edge of a stay follows the pointer as long as the stay does not lie too near an end of the way. */
const LEAST_FOLLOWING = 0.34

export class TimingBar {
  /** @param {EditorStore} store @param {Menu} menu @param {Timed} timed */
  constructor(store, menu, timed) {
    this.store = store
    this.timed = timed
    this.bar = el('div', { class: 'trackgo-bar', title: TEXT.holdHint, on: { dblclick: (e) => this.#addHold(e) } })
    this.span = el('div', { class: 'trackgo-span' })
    /** The stays of later runs, which follow the first one's. */
    this.echoes = el('div')
    this.start = this.#end('start')
    this.end = this.#end('end')
    /** By the hold's index. @type {HTMLElement[]} */
    this.stays = []
    this.bar.append(this.span, this.echoes, this.start, this.end)
    /** @type {TimingPanel|null} */
    this.panel = null
    /** @type {HTMLButtonElement} */
    this.easing = iconButton('linear', TEXT.easing, () => {
      this.panel = new TimingPanel(this)
      menu.open(this.easing, this.panel.element)
      this.panel.focus()
    }, { 'data-action': 'easing', 'aria-haspopup': 'menu' })
  }

  get item() {
    return this.timed.item()
  }

  /** As one step of undo. @param {Timing|null} patch */
  commit(patch) {
    if (patch && !this.item.locked) this.store.commit(this.timed.patched(patch))
  }

  /**
   * A gesture: each move shows what comes of it, the end keeps it.
   * @param {HTMLElement} handle
   * @param {HTMLElement} area
   * @param {(x: number, y: number, fromX: number, before: Timing) => Timing} patchAt
   */
  drag(handle, area, patchAt) {
    const { store, timed } = this
    /** @type {Drawing|null} */
    let latest = null
    let from = 0
    /** @type {Timing & {locked?: boolean}} */
    let before = {}
    dragOnBar(handle, area, {
      begin: (x) => {
        [latest, from, before] = [null, x, this.item]
        timed.begin()
      },
      move: (x, y) => {
        if (before.locked) return
        latest = timed.patched(patchAt(x, y, from, before))
        store.setDraft({ kind: 'drawing', drawing: latest })
      },
      done: () => store.commit(latest ?? store.drawing),
      cancel: () => store.setDraft(null),
    })
  }

  /** To the nearest frame. @param {number} u */
  #snapped(u) {
    const steps = Math.max(this.store.view.frames - 1, 1)
    return Math.round(u * steps) / steps
  }

  /** One end of the bar: dragged with the pointer or moved with the arrow keys. @param {'start'|'end'} side */
  #end(side) {
    const handle = el('div', {
      class: 'trackgo-end', role: 'slider', tabIndex: 0, 'aria-valuemin': '0', 'aria-valuemax': '1',
      title: TEXT[side], 'aria-label': TEXT[side], 'data-side': side,
    })
    ownUndo(handle)
    /** The start stays before the end. @param {number} value @returns {Timing} */
    const patch = (value) => {
      const [min, max] = side === 'start' ? [0, endOf(this.item)] : [startOf(this.item), 1]
      return { [side]: Number(clamp(value, min, max).toFixed(3)) }
    }
    this.drag(handle, this.bar, (x) => patch(this.#snapped(x)))
    onArrows(handle, ([direction], coarse) => {
      const now = side === 'start' ? startOf(this.item) : endOf(this.item)
      this.commit(direction ? patch(now + direction * (coarse ? COARSE_STEP : FINE_STEP)) : null)
    })
    return handle
  }

  /** The first run's time at a place of the bar. @param {Timing} item @param {number} u */
  #within(item, u) {
    const along = ((u - startOf(item)) / (endOf(item) - startOf(item) || 1)) * runsOf(item)
    return runsBack(item, 0) ? 1 - along : along
  }

  /** @param {MouseEvent} event */
  #addHold(event) {
    const { left, width } = this.bar.getBoundingClientRect()
    const { frames } = this.store.view
    const frame = Math.round(clamp((event.clientX - left) / width, 0, 1) * (frames - 1))
    if (event.target === this.bar || event.target === this.span) this.commit(holdAdded(this.item, frame, frames))
  }

  /**
   * A stay on the bar: dragged to another time, by its edges to another length.
   * @param {number} index
   */
  #stay(index) {
    const frames = () => this.store.view.frames
    const stay = ownUndo(el('div', {
      class: 'trackgo-stay', role: 'slider', tabIndex: 0, 'data-hold': String(index), 'aria-label': TEXT.holdName,
      'aria-valuemin': '0', 'aria-valuemax': '1',
    }))
    const planned = (/** @type {Timing} */ item) => (
      /** @type {Stay} */ (holdPlan(item).stays.find((one) => one.index === index)))
    this.drag(stay, this.bar, (x, _, from, item) => {
      const left = this.#snapped(stayOnBar(item, planned(item))[0] + x - from)
      return holdMoved(item, index, this.#within(item, left) - (runsBack(item, 0) ? holdsOf(item)[index].span : 0))
    })
    for (const side of [-1, 1]) {
      const edge = el('div', { class: 'trackgo-stay-edge', 'data-edge': side < 0 ? 'left' : 'right' })
      this.drag(edge, this.bar, (x, _, from, item) => {
        const { moving } = planned(item)
        const follows = Math.max((side > 0) === runsBack(item, 0) ? moving : 1 - moving, LEAST_FOLLOWING)
        const growth = side * (x - from) * (frames() - 1) / follows
        return holdLasting(item, index, Math.round(stayFrames(item, index, frames()) + growth), frames())
      })
      stay.append(edge)
    }
    onArrows(stay, ([x, y], coarse) => {
      const { item } = this
      const step = (runsBack(item, 0) ? -x : x) * (coarse ? COARSE_FRAMES : 1)
      this.commit(x ? holdShifted(item, index, step, frames())
        : holdLasting(item, index, Math.round(stayFrames(item, index, frames()) - y), frames()))
    }, () => this.commit(withoutHold(this.item, index)))
    return stay
  }

  /** @param {Timing} item as shown, drafts included @param {boolean} still whether it does not move at all */
  render(item, still) {
    const [start, end, runs] = [startOf(item), endOf(item), runsOf(item)]
    place(this.span, start, end)
    this.span.classList.toggle('trackgo-hold', still)
    this.span.style.setProperty('--trackgo-runs', String(runs))
    this.span.classList.toggle('trackgo-runs', runs > 1)
    for (const [handle, value] of /** @type {const} */ ([[this.start, start], [this.end, end]])) {
      handle.style.left = `${value * 100}%`
      handle.setAttribute('aria-valuenow', String(value))
    }
    this.#renderStays(item)
    const name = item.bezier ? 'bezier' : easingOf(item)
    const played = (item.playback ?? 'once') === 'once' ? '' : ` · ${TEXT[/** @type {'loop'} */ (item.playback)]}`
    const title = `${TEXT.easing}: ${EASING_NAMES[name]}${played}`
    const key = String(item.bezier ?? name) + title
    if (this.easing.dataset.key !== key) {
      Object.assign(this.easing, { title, innerHTML: item.bezier ? curveIcon(item.bezier) : icon(name) })
      Object.assign(this.easing.dataset, { key, icon: name })
      this.easing.setAttribute('aria-label', title)
    }
    if (this.panel?.element.isConnected) this.panel.render(item)
  }

  /** @param {Timing} item */
  #renderStays(item) {
    const holds = endOf(item) > startOf(item) ? holdsOf(item) : []
    const { frames } = this.store.view
    for (const stay of this.stays.splice(holds.length)) stay.remove()
    while (this.stays.length < holds.length) {
      const stay = this.#stay(this.stays.length)
      this.stays.push(stay)
      this.end.before(stay)
    }
    const echoes = []
    for (const stay of holds.length ? holdPlan(item).stays : []) {
      const element = this.stays[stay.index]
      const sides = stayOnBar(item, stay)
      place(element, ...sides)
      for (let run = 1; run < runsOf(item); run += 1) {
        const echo = el('div', { class: 'trackgo-stay' })
        place(echo, ...stayOnBar(item, stay, run))
        echoes.push(echo)
      }
      const text = fill(TEXT.hold, stayFrames(item, stay.index, frames), Math.round(sides[0] * (frames - 1)) + 1)
      element.title = `${text}\n${TEXT.holdKeys}`
      element.setAttribute('aria-valuetext', text)
      element.setAttribute('aria-valuenow', sides[0].toFixed(3))
    }
    if (echoes.length || this.echoes.firstChild) this.echoes.replaceChildren(...echoes)
  }
}

/** @param {HTMLElement} element @param {number} from @param {number} to fractions of the bar */
function place({ style }, from, to) {
  Object.assign(style, { left: `${from * 100}%`, right: `${(1 - to) * 100}%` })
}
