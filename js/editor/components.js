/**
 * The list of components: each row is also its bar on the timeline. Above it, the transport with the scrubber.
 *
 * @import { Arrivals, Component, MenuItem, Scene, Size } from './types.js'
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 */
import { arrowsOf, nameOf } from './accessors.js'
import { alignMenu } from './align.js'
import {
  addComponent, duplicateComponents, isSolo, moveComponent, patchComponent, patchComponents, removeComponents,
  soloComponent,
} from './document.js'
import { CameraRow } from './camera-panel.js'
import { clamp, el, iconButton, ownUndo, setIcon, setPressed, targetOf } from './dom.js'
import { cssColor } from './colors.js'
import { PLAYBACKS } from './document-checks.js'
import { dragOnBar } from './handles.js'
import { nextModelPreview } from './preview-request.js'
import { pointsTable } from './points-table.js'
import { poseMenu } from './pose-menu.js'
import { ifEndedNow, readoutText } from './readout.js'
import { ALONE } from './store.js'
import { fill, TEXT } from './texts.js'
import { TimingBar } from './timing.js'

/** A press on a row's label that moves less than this is a click. */
const DRAG_SLACK = 5

/** What the button does next. @type {Readonly<Record<string, keyof typeof TEXT>>} */
const MODEL_PREVIEW_TITLES = Object.freeze({
  off: 'modelPreview', points: 'modelPreviewPicture', picture: 'modelPreviewOff',
})

/** A new component, selected. @param {EditorStore} store */
export function addAndSelect(store) {
  const drawing = addComponent(store.drawing)
  store.commit(drawing, { selected: drawing.components.length - 1, arrow: -1, point: -1, frame: 0, playing: false })
}

/**
 * What can be done with a component.
 * @param {EditorStore} store
 * @param {number} index
 * @param {{rename: () => void, table: () => void, align: () => void}} acts what its row does
 * @returns {MenuItem[]}
 */
export function componentItems(store, index, { rename, table, align }) {
  const { drawing } = store
  const group = store.groupOf(index)
  const several = group.length > 1
  const component = drawing.components[index]
  /** @param {number} selected */
  const select = (selected) => ({ selected, arrow: -1, point: -1 })
  return [
    { label: TEXT.rename, disabled: several, act: rename },
    { label: TEXT.pointsTable, disabled: several || arrowsOf(component).length === 0, act: table },
    { label: TEXT.align, icon: 'align-left', act: align },
    {
      label: TEXT.duplicate, icon: 'plus',
      act: () => {
        const [selected, ...also] = group.map((i, before) => i + before + 1)
        store.commit(duplicateComponents(drawing, group), { ...select(selected), also })
      },
    },
    {
      label: TEXT.up, disabled: several || index === 0,
      act: () => store.commit(moveComponent(drawing, index, index - 1), select(index - 1)),
    },
    {
      label: TEXT.down, disabled: several || index === drawing.components.length - 1,
      act: () => store.commit(moveComponent(drawing, index, index + 1), select(index + 1)),
    },
    {
      label: isSolo(drawing, index) ? TEXT.showAll : TEXT.solo, icon: 'eye',
      disabled: several || drawing.components.length < 2,
      act: () => store.commit(soloComponent(drawing, index)),
    },
    {
      label: component.locked ? TEXT.unlock : TEXT.lock, icon: component.locked ? 'unlock' : 'lock',
      act: () => store.commit(patchComponents(drawing, group, { locked: !component.locked })),
    },
    {
      label: TEXT.remove, icon: 'trash',
      act: () => removeRows(store, index),
    },
  ]
}

/** Of several, those that are locked stay. @param {EditorStore} store @param {number} index */
function removeRows(store, index) {
  const group = store.groupOf(index)
  const removed = group.length > 1 ? group.filter((i) => !store.drawing.components[i].locked) : group
  store.commit(removeComponents(store.drawing, removed), { arrow: -1, point: -1 })
}

class Row {
  /** @param {ComponentList} list @param {number} index */
  constructor(list, index) {
    this.list = list
    this.index = index
    const { store, menu } = list
    /** Whether the last press was a finger's: it has no Ctrl, so for it the swatch is a box to tick. */
    this.touched = false
    /** @type {HTMLButtonElement} */
    this.swatch = iconButton('check', TEXT.pick, ({ detail }) => {
      if (this.touched || detail === 0) store.toggleSelected(this.index)
    }, { class: 'trackgo-swatch', role: 'checkbox', title: TEXT.reorder })
    this.name = el('span', { class: 'trackgo-name', on: { dblclick: () => this.rename() } })
    /** @type {HTMLButtonElement} */
    this.readout = ownUndo(el('button', {
      class: 'trackgo-readout', title: TEXT.readout, 'data-action': 'pose',
      on: { click: () => menu.open(this.readout, poseMenu(store, this.index, list.stageScene())) },
    }))
    this.timing = new TimingBar(store, menu, {
      item: () => this.component, patched: (patch) => patchComponent(store.drawing, this.index, patch),
      begin: () => store.setView({ selected: this.index }), playbacks: PLAYBACKS,
    })
    /** What is shown: component, whether selected, color. @type {unknown[]} */
    this.shown = []
    const toggleHidden = () => store.commit(
      patchComponents(store.drawing, store.groupOf(this.index), { hidden: !this.component.hidden }))
    this.eye = iconButton('eye', TEXT.hide, toggleHidden, { 'data-action': 'eye' })
    this.remove = iconButton('trash', TEXT.remove, () => removeRows(store, this.index), { 'data-action': 'remove' })
    /** @type {HTMLButtonElement} */
    this.more = iconButton('more', TEXT.more, () => this.openMenu(this.more), { 'data-action': 'more' })
    const label = el('div', { class: 'trackgo-label', title: TEXT.reorder }, [
      this.swatch, el('div', { class: 'trackgo-names' }, [this.name, this.readout]),
    ])
    dragRow(list, this, label)
    this.element = el('div', { class: 'trackgo-row', role: 'listitem', 'data-index': String(index) }, [
      label, this.timing.bar,
      el('div', { class: 'trackgo-group' }, [this.timing.easing, this.eye, this.remove, this.more]),
    ])
    this.element.addEventListener('pointerdown', (event) => this.#press(event))
    this.element.addEventListener('contextmenu', (event) => {
      event.preventDefault()
      this.openMenu({ x: event.clientX, y: event.clientY })
    })
  }

  get component() {
    return this.list.store.drawing.components[this.index]
  }

  /**
   * Ctrl adds, Shift selects up to here, a finger on the swatch leaves it to the click; a selected row's buttons and
   * menu are for all that are selected.
   * @param {PointerEvent} event
   */
  #press(event) {
    const { store } = this.list
    const { index } = this
    const target = targetOf(event)
    this.touched = event.pointerType === 'touch'
    if (this.touched && target.closest('.trackgo-swatch')) return
    const kept = store.group.includes(index) && (event.button > 0 || target.closest('button:not(.trackgo-swatch)'))
    const first = Math.max(store.view.selected, 0)
    if (event.shiftKey) store.selectRange(Math.min(first, index), Math.max(first, index))
    else if (event.ctrlKey || event.metaKey) store.toggleSelected(index)
    else if (!kept && (store.view.selected !== index || store.view.also.length)) {
      store.setView({ selected: index, also: ALONE, arrow: -1, point: -1 })
    }
  }

  /** @param {Component} patch */
  #patch(patch) {
    const { store } = this.list
    store.commit(patchComponent(store.drawing, this.index, patch))
  }

  /** What else its menu offers. */
  get acts() {
    const { menu, store, pictureSize, stageScene } = this.list
    return {
      align: () => menu.open(this.element, alignMenu(store, this.index, (i) => stageScene().extent(i))),
      rename: () => this.rename(),
      table: () => menu.open(this.element, pointsTable(store, this.index, pictureSize())),
    }
  }

  /** @param {{x: number, y: number}|HTMLElement} anchor */
  openMenu(anchor) {
    this.list.menu.open(anchor, componentItems(this.list.store, this.index, this.acts))
  }

  rename() {
    const input = el('input', {
      class: 'trackgo-rename', value: this.component.name ?? '', 'aria-label': TEXT.rename,
    })
    let done = false
    /** @param {boolean} keep @param {boolean} byKey the keyboard goes back to the stage */
    const finish = (keep, byKey) => {
      if (done) return
      done = true // taking the field out of the page makes it lose the focus, which would finish once more
      const name = input.value.trim()
      input.replaceWith(this.name)
      if (keep && name && this.component && name !== this.component.name) this.#patch({ name })
      if (byKey) this.list.menu.root.focus({ preventScroll: true })
    }
    input.addEventListener('keydown', (event) => {
      event.stopPropagation()
      if (event.isComposing) return // an input method's own Enter and Escape
      if (event.key === 'Enter') finish(true, true)
      if (event.key === 'Escape') finish(false, true)
    })
    input.addEventListener('blur', () => finish(true, false))
    this.name.replaceWith(input)
    input.select()
    input.focus()
  }

  /** @param {Component} component as shown, drafts included @param {boolean} selected */
  render(component, selected) {
    const color = cssColor(this.list.store.color(this.index))
    const { width, height } = this.list.pictureSize()
    const { frame, frames } = this.list.store.view
    const key = [component, selected, color, width, height, frames, this.timing.panel?.element.isConnected && frame]
    if (key.every((value, i) => value === this.shown[i])) return
    this.shown = key
    this.element.setAttribute('aria-current', String(selected))
    this.swatch.setAttribute('aria-checked', String(selected))
    this.element.classList.toggle('trackgo-dimmed', !!component.hidden)
    this.element.style.setProperty('--trackgo-color', color)
    const name = nameOf(component, this.index)
    if (this.name.textContent !== name) this.name.textContent = name
    this.name.title = `${name} · ${describe(component)}`
    this.element.setAttribute('aria-label', this.name.title)
    this.readout.textContent = readoutText(component, frames, { width, height }) || '…'
    this.timing.render(component, arrowsOf(component).length === 0)
    setIcon(this.eye, component.hidden ? 'eye-off' : 'eye', component.hidden ? TEXT.show : TEXT.hide)
    setIcon(this.remove, component.locked ? 'lock' : 'trash', component.locked ? TEXT.lock : TEXT.remove)
    this.remove.disabled = !!component.locked
  }
}

/**
 * Drag a row by its label to another place in the order; later ones lie on top.
 * @param {ComponentList} list
 * @param {Row} row
 * @param {HTMLElement} label
 */
function dragRow(list, row, label) {
  const { store } = list
  label.addEventListener('pointerdown', (down) => {
    if (down.button !== 0 || down.shiftKey || down.ctrlKey || down.metaKey || targetOf(down).closest('input')) return
    /** @type {number|null} */
    let to = null
    const ends = new AbortController()
    const move = (/** @type {PointerEvent} */ event) => {
      if (event.pointerId !== down.pointerId) return
      if (to === null && Math.abs(event.clientY - down.clientY) < DRAG_SLACK) return
      to = rowAt(list.rows.map(({ element }) => element.getBoundingClientRect()), event.clientY)
      list.rows.forEach(({ element }, i) => element.classList.toggle('trackgo-target', i === to && i !== row.index))
    }
    const end = (/** @type {PointerEvent} */ event) => {
      if (event.pointerId !== down.pointerId) return
      ends.abort()
      for (const { element } of list.rows) element.classList.remove('trackgo-target')
      if (to === null || event.type !== 'pointerup') return
      store.commit(moveComponent(store.drawing, row.index, to), { selected: to, arrow: -1, point: -1 })
    }
    // A captured pointer would take the double click away from the name, so the window is listened to instead.
    const whole = { capture: true, signal: ends.signal }
    window.addEventListener('pointermove', move, whole)
    window.addEventListener('pointerup', end, whole)
    window.addEventListener('pointercancel', end, whole)
  })
}

/**
 * @param {readonly {top: number, bottom: number}[]} boxes from top to bottom
 * @param {number} y
 * @returns {number} the one at y, or nearest to it
 */
export function rowAt(boxes, y) {
  const at = boxes.findIndex(({ bottom }) => y < bottom)
  return at < 0 ? boxes.length - 1 : at
}

/** @param {Component} component @returns {string} what its arrows mean */
export function describe(component) {
  const count = arrowsOf(component).length
  if (count === 0) return TEXT.stays
  return count === 1 ? TEXT.moves : fill(TEXT.turns, count)
}

export class ComponentList {
  /**
   * @param {EditorStore} store
   * @param {{menu: Menu, togglePlay: () => void, pictureSize: () => Size, stageScene: () => Scene}} actions
   */
  constructor(store, { menu, togglePlay, pictureSize, stageScene }) {
    this.store = store
    this.pictureSize = pictureSize
    this.stageScene = stageScene
    this.menu = menu
    /** @type {Row[]} */
    this.rows = []
    this.play = iconButton('play', TEXT.play, togglePlay, { 'data-action': 'play' })
    this.count = el('span', { class: 'trackgo-count' })
    this.knob = el('div', { class: 'trackgo-knob' })
    this.track = el('div', {
      class: 'trackgo-scrub', role: 'slider', tabIndex: 0, 'aria-valuemin': '1',
      title: TEXT.scrub, 'aria-label': TEXT.scrub,
    }, [this.knob])
    ownUndo(this.track)
    this.modelPreview = iconButton('model-preview', TEXT.modelPreview, () => nextModelPreview(store), {
      'data-action': 'model-preview',
    })
    this.add = iconButton('plus', TEXT.add, () => addAndSelect(store), { 'data-action': 'add' })
    this.body = el('div', {
      class: 'trackgo-rows', role: 'list', 'aria-label': TEXT.components, 'data-capture-wheel': 'true',
    })
    /** @type {Arrivals|null} */
    this.shownArrivals = null
    this.ghosts = el('div', { class: 'trackgo-ghosts', title: TEXT.fromInput })
    this.camera = new CameraRow(store, menu)
    this.empty = el('div', { class: 'trackgo-empty' }, [TEXT.empty])
    this.element = el('div', { class: 'trackgo-panel' }, [
      el('div', { class: 'trackgo-row trackgo-transport' }, [
        el('div', { class: 'trackgo-label' }, [this.play, this.count]), this.track,
        el('div', { class: 'trackgo-group' }, [this.modelPreview, this.add]),
      ]), this.camera.element, this.body,
    ])
    this.along = -1
    this.#scrubbing()
  }

  #scrubbing() {
    const { store } = this
    /** @param {number} fraction */
    const to = (fraction) => store.setView({ frame: Math.round(fraction * (store.view.frames - 1)), playing: false })
    dragOnBar(this.track, this.track, { begin: to, move: to, done: () => {} })
    this.track.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key]
      if (!step) return
      event.preventDefault()
      event.stopPropagation()
      store.setView({ frame: clamp(store.view.frame + step, 0, store.view.frames - 1), playing: false })
    })
  }

  render() {
    const { store } = this
    const { components } = store.shown
    const ended = ifEndedNow(store.shown, store.draft).components
    for (const row of this.rows.splice(components.length)) row.element.remove()
    while (this.rows.length < components.length) {
      const row = new Row(this, this.rows.length)
      this.rows.push(row)
      this.body.append(row.element)
    }
    const selected = store.view.tool === 'camera' ? [] : store.group
    components.forEach((_, i) => this.rows[i].render(ended[i], selected.includes(i)))
    this.camera.render()
    this.#renderGhosts()
    this.element.classList.toggle('trackgo-filming', store.view.tool === 'camera')
    if (components.length === 0) this.body.append(this.empty)
    else this.empty.remove()
    const { frame, frames, playing, modelPreview } = store.view
    setIcon(this.play, playing ? 'pause' : 'play', playing ? TEXT.pause : TEXT.play)
    setPressed(this.play, playing)
    setPressed(this.modelPreview, modelPreview !== 'off')
    const icon = modelPreview === 'picture' ? 'model-preview-picture' : 'model-preview'
    setIcon(this.modelPreview, icon, TEXT[MODEL_PREVIEW_TITLES[modelPreview]])
    this.count.textContent = `${frame + 1} / ${frames}`
    const along = frames > 1 ? frame / (frames - 1) : 0
    if (along !== this.along) this.element.style.setProperty('--trackgo-time', String(along))
    this.along = along
    this.track.setAttribute('aria-valuenow', String(frame + 1))
    this.track.setAttribute('aria-valuemax', String(frames))
    this.track.setAttribute('aria-valuetext', fill(TEXT.frameOf, frame + 1, frames))
  }

  /** Components from upstream, in one line above the document's own. */
  #renderGhosts() {
    const { store } = this
    if (this.shownArrivals === store.arrivals) return
    this.shownArrivals = store.arrivals
    const { components } = store.arrivals
    this.ghosts.replaceChildren(...components.map((component, i) => {
      const swatch = el('span', { class: 'trackgo-swatch' })
      swatch.style.setProperty('--trackgo-color', cssColor(store.color(i - store.offset)))
      const name = el('span', { class: 'trackgo-name' }, [nameOf(component, i)])
      return el('span', { class: 'trackgo-label' }, [swatch, name])
    }))
    if (components.length) this.ghosts.append(el('span', { class: 'trackgo-count' }, [TEXT.fromInput]))
    if (components.length) this.body.prepend(this.ghosts)
    else this.ghosts.remove()
  }

  /** Bring the selected row into the list's window. */
  reveal() {
    this.rows[this.store.view.selected]?.element.scrollIntoView({ block: 'nearest' })
  }
}
