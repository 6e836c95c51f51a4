/**
 * The row of tools above the stage.
 *
 * @import { Curve, MenuItem, Tool } from './types.js'
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 *
 * @typedef {object} ToolbarActions
 * @property {Menu} menu
 * @property {() => void} fit
 * @property {() => void} toggleFull
 * @property {() => boolean} isFull
 * @property {() => number} pictureWidth in pixels
 * @property {(value: number) => void} setTolerance of filling what is alike
 * @property {() => MenuItem[]} fileItems
 */
import { arrowsOf, hasMask } from './accessors.js'
import { clearMask, patchComponent, updateArrow } from './document.js'
import { removeCamera } from './camera.js'
import { clamp, el, iconButton, numberField, setIcon, setPressed } from './dom.js'
import { finishArrow, keepArrow } from './gestures.js'
import { maskMenu } from './mask-menu.js'
import { MAX_RADIUS, MIN_RADIUS, TOOLS } from './store.js'
import { SHORTCUTS, TEXT } from './texts.js'
import { viewMenu } from './view-menu.js'

const SLIDER_STEPS = 100
const RATIO = MAX_RADIUS / MIN_RADIUS

/** The size slider is geometric: every step changes the radius by the same factor. @param {number} radius */
const radiusToSlider = (radius) => Math.round((Math.log(radius / MIN_RADIUS) / Math.log(RATIO)) * SLIDER_STEPS)
/** @param {number} step */
const sliderToRadius = (step) => MIN_RADIUS * RATIO ** (step / SLIDER_STEPS)

/**
 * Switch tools; an arrow in progress is kept if it has somewhere to go.
 * @param {EditorStore} store
 * @param {Tool} tool
 */
export function chooseTool(store, tool) {
  const { draft } = store
  if (draft?.kind === 'arrow') {
    if (draft.points.length < 2 || !finishArrow(store)) store.setDraft(null)
  }
  store.setView({ tool, hint: '' })
}

/** The selected arrow changes its curve; without one the next arrow does. @param {EditorStore} store */
export function toggleCurve(store) {
  const { view, drawing } = store
  const arrow = selectedArrow(store)
  const now = arrow ? arrow.curve ?? 'straight' : view.curve
  /** @type {Curve} */
  const curve = now === 'smooth' ? 'straight' : 'smooth'
  if (store.draft?.kind === 'arrow') keepArrow(store, { ...store.draft, curve })
  else if (arrow) store.commit(updateArrow(drawing, view.selected, view.arrow, (a) => ({ ...a, curve })), { curve })
  store.setView({ curve })
}

/** @param {EditorStore} store */
function selectedArrow({ view, component }) {
  return component && view.arrow >= 0 ? arrowsOf(component)[view.arrow] : null
}

/** @param {EditorStore} store @returns {MenuItem[]} */
export function clearItems(store) {
  const { view } = store
  const open = store.component?.locked ? null : store.component
  return [
    {
      label: TEXT.clearMask, icon: 'erase', disabled: !open || !hasMask(open),
      act: () => store.commit(clearMask(store.drawing, view.selected)),
    },
    {
      label: TEXT.clearArrows, icon: 'arrow', disabled: !open || arrowsOf(open).length === 0,
      act: () => {
        store.commit(patchComponent(store.drawing, view.selected, { arrows: [] }), { arrow: -1, point: -1 })
      },
    },
    {
      label: TEXT.clearCamera, icon: 'camera', disabled: store.drawing.camera === undefined,
      act: () => store.commit(removeCamera(store.drawing)),
    },
    {
      label: TEXT.clearAll, icon: 'trash', disabled: store.drawing.components.length === 0,
      act: () => {
        store.commit({ ...store.drawing, components: [] }, { selected: -1, arrow: -1, point: -1 })
      },
    },
  ]
}

/** The list of shortcuts, shown in a popover. */
export function shortcutList() {
  const rows = Object.values(SHORTCUTS).flatMap((line) => {
    const cut = line.search(/[:：]\s*\S/)
    return [el('kbd', {}, [line.slice(0, cut)]), el('span', {}, [line.slice(cut + 1).trim()])]
  })
  return el('div', { class: 'trackgo-shortcuts' }, rows)
}

export class Toolbar {
  /** @param {EditorStore} store @param {ToolbarActions} actions */
  constructor(store, actions) {
    this.store = store
    this.actions = actions
    this.tools = TOOLS.map((tool) => iconButton(tool, TEXT[tool], () => chooseTool(store, tool), { 'data-tool': tool }))
    /** @type {HTMLInputElement} */
    this.size = el('input', {
      type: 'range', class: 'trackgo-size', min: '0', max: String(SLIDER_STEPS),
      title: TEXT.radius, 'aria-label': TEXT.radius,
      on: { input: () => store.setView({ radius: sliderToRadius(Number(this.size.value)) }) },
    })
    this.width = numberField(TEXT.brushWidth, { min: 0, max: 1e6, step: 'any', 'data-action': 'brush-width' },
      () => this.#widthShown(), (px) => {
        store.setView({ radius: clamp(px / 2 / actions.pictureWidth(), MIN_RADIUS, MAX_RADIUS) })
      })
    this.sizeNumber = el('label', { class: 'trackgo-field trackgo-width', title: TEXT.brushWidth }, [this.width, 'px'])
    const tolerance = { min: 0, max: 255, step: 1, 'data-action': 'tolerance' }
    this.toleranceNumber = numberField(TEXT.toleranceTitle, tolerance, () => String(store.view.tolerance),
      actions.setTolerance)
    this.tolerance = el('label', { class: 'trackgo-field', title: TEXT.toleranceTitle }, [
      TEXT.tolerance, this.toleranceNumber,
    ])
    this.curve = iconButton('straight', TEXT.curve, () => toggleCurve(store), { 'data-action': 'curve' })
    this.undo = iconButton('undo', TEXT.undo, () => store.undo(), { 'data-action': 'undo' })
    this.redo = iconButton('redo', TEXT.redo, () => store.redo(), { 'data-action': 'redo' })
    this.clear = this.#menuButton('trash', TEXT.clear, 'clear', () => clearItems(store))
    this.mask = this.#menuButton('mask', TEXT.mask, 'mask', () => maskMenu(store, actions.menu, actions.pictureWidth))
    this.files = this.#menuButton('picture', TEXT.files, 'files', () => actions.fileItems())
    this.look = this.#menuButton('view', TEXT.view, 'view', () => viewMenu())
    this.fit = iconButton('fit', TEXT.fit, () => actions.fit(), { 'data-action': 'fit' })
    this.help = this.#menuButton('help', TEXT.help, 'help', () => shortcutList())
    this.full = iconButton('expand', TEXT.expand, () => actions.toggleFull(), { 'data-action': 'full' })
    this.element = this.#layout()
  }

  /** @param {string} icon @param {string} title @param {string} action @param {() => MenuItem[]|HTMLElement} content */
  #menuButton(icon, title, action, content) {
    /** @type {HTMLButtonElement} */
    const button = iconButton(icon, title, () => this.actions.menu.open(button, content()), { 'data-action': action })
    return button
  }

  #layout() {
    const [select, wand, brush, erase, lasso, lassoErase, fill, bucket, arrow, freehand, camera] = this.tools
    /** @param {Node[]} children */
    const group = (...children) => el('div', { class: 'trackgo-group' }, children)
    return el('div', { class: 'trackgo-toolbar', role: 'toolbar', 'aria-label': TEXT.tools }, [
      group(select), group(wand, brush, erase, lasso, lassoErase, fill, bucket, this.mask),
      group(arrow, freehand), group(camera),
      el('div', { class: 'trackgo-options' }, [this.size, this.sizeNumber, this.tolerance, this.curve]),
      group(this.undo, this.redo, this.clear), group(this.files, this.look, this.fit, this.help, this.full),
    ])
  }

  render() {
    const { store } = this
    const { tool, radius, curve, tolerance } = store.view
    for (const button of this.tools) setPressed(button, button.dataset.tool === tool)
    const round = tool === 'brush' || tool === 'erase'
    this.size.hidden = this.sizeNumber.hidden = !round
    if (round) {
      const text = this.#widthShown()
      this.size.value = String(radiusToSlider(radius))
      this.size.setAttribute('aria-valuetext', `${text} px`)
      if (this.width !== document.activeElement) this.width.value = text
    }
    this.tolerance.hidden = tool !== 'bucket'
    if (this.toleranceNumber !== document.activeElement) this.toleranceNumber.value = String(tolerance)
    const selected = selectedArrow(store)
    this.curve.hidden = !(tool === 'arrow' || (tool === 'select' && selected))
    setIcon(this.curve, (selected && store.draft?.kind !== 'arrow' ? selected.curve ?? 'straight' : curve))
    this.undo.disabled = !store.canUndo
    this.redo.disabled = !store.canRedo
    const full = this.actions.isFull()
    setIcon(this.full, full ? 'shrink' : 'expand', full ? TEXT.shrink : TEXT.expand)
  }

  /** The brush's width in pixels of the picture, as it is shown. */
  #widthShown() {
    const width = 2 * this.store.view.radius * this.actions.pictureWidth()
    return String(width < 10 ? Number(width.toFixed(1)) : Math.round(width))
  }
}
