/**
 * The camera's row on the timeline, and its numbers under the toolbar while the camera is the tool.
 *
 * @import { Camera, WholeCamera } from './types.js'
 * @import { EditorStore } from './store.js'
 * @import { Menu } from './menu.js'
 *
 * @typedef {object} Field  how a number is shown, and how a typed one changes the camera
 * @property {() => string} before what stands before the number
 * @property {string} unit
 * @property {'cameraPanX'|'cameraPanY'|'cameraZoom'|'cameraTurn'} title
 * @property {(camera: WholeCamera) => string} show
 * @property {number} step
 * @property {number} min
 * @property {number} max
 * @property {(camera: WholeCamera, value: number) => Camera} patch
 */
import { cameraMoves, cameraOf, patchCamera, removeCamera } from './camera.js'
import { cssColor } from './colors.js'
import { CAMERA_LIMITS, CAMERA_PLAYBACKS } from './document-checks.js'
import { el, iconButton, numberField } from './dom.js'
import { icon } from './icons.js'
import { TEXT } from './texts.js'
import { TimingBar } from './timing.js'

/** @param {number} value @param {number} decimals */
const tidy = (value, decimals) => String(Number(value.toFixed(decimals)))

const MAX_PAN = CAMERA_LIMITS.pan * 100
/** @type {Readonly<Record<string, Field>>} */
const FIELDS = Object.freeze({
  panX: {
    before: () => '→', unit: '%', title: 'cameraPanX', step: 1, min: -MAX_PAN, max: MAX_PAN,
    show: ({ pan }) => tidy(pan[0] * 100, 1), patch: ({ pan }, value) => ({ pan: [value / 100, pan[1]] }),
  },
  panY: {
    before: () => '↓', unit: '%', title: 'cameraPanY', step: 1, min: -MAX_PAN, max: MAX_PAN,
    show: ({ pan }) => tidy(pan[1] * 100, 1), patch: ({ pan }, value) => ({ pan: [pan[0], value / 100] }),
  },
  zoom: {
    before: () => TEXT.cameraZoomLabel, unit: '×', title: 'cameraZoom',
    step: 0.05, min: CAMERA_LIMITS.minZoom, max: CAMERA_LIMITS.maxZoom,
    show: ({ zoom }) => tidy(zoom, 3), patch: (_, zoom) => ({ zoom }),
  },
  turn: {
    before: () => TEXT.cameraTurnLabel, unit: '°', title: 'cameraTurn',
    step: 1, min: -CAMERA_LIMITS.turn, max: CAMERA_LIMITS.turn,
    show: ({ turn }) => tidy(turn, 1), patch: (_, turn) => ({ turn }),
  },
})

export class CameraPanel {
  /** @param {EditorStore} store */
  constructor(store) {
    this.store = store
    this.inputs = Object.entries(FIELDS).map(([name, field]) => {
      const { title, min, max, step, show, patch } = field
      const shown = () => show(cameraOf(store.shown))
      const input = numberField(TEXT[title], { min, max, step, 'data-field': name }, shown, (value) => {
        store.commit(patchCamera(store.drawing, patch(cameraOf(store.drawing), value)), { frame: 0 })
      })
      return { field, input }
    })
    this.reset = iconButton('trash', TEXT.cameraReset, () => resetCamera(store), { 'data-action': 'camera-reset' })
    const labels = this.inputs.map(({ field, input }) => (
      el('label', { class: 'trackgo-field', title: TEXT[field.title] }, [field.before(), input, field.unit])))
    this.element = el('div', {
      class: 'trackgo-camera', role: 'group', 'aria-label': TEXT.cameraNumbers, title: TEXT.cameraNumbers,
    }, [...labels, this.reset])
  }

  render() {
    const { store } = this
    this.element.hidden = store.view.tool !== 'camera' || !!store.error
    const camera = cameraOf(store.shown)
    for (const { field, input } of this.inputs) {
      const text = field.show(camera)
      if (input.value !== text && input !== document.activeElement) input.value = text
    }
    this.reset.disabled = store.drawing.camera === undefined
  }
}

/** The camera stays where it is again. @param {EditorStore} store */
export function resetCamera(store) {
  store.commit(removeCamera(store.drawing), { frame: 0, playing: false })
}

export class CameraRow {
  /** @param {EditorStore} store @param {Menu} menu */
  constructor(store, menu) {
    this.store = store
    this.timing = new TimingBar(store, menu, {
      item: () => cameraOf(store.drawing), patched: (patch) => patchCamera(store.drawing, patch), begin: () => {},
      playbacks: CAMERA_PLAYBACKS,
    })
    this.swatch = el('span', { class: 'trackgo-swatch trackgo-swatch-icon', innerHTML: icon('camera') })
    this.remove = iconButton('trash', TEXT.cameraReset, () => resetCamera(store), { 'data-action': 'camera-remove' })
    const name = el('button', {
      class: 'trackgo-camera-name', title: TEXT.camera,
      on: { click: () => store.setView({ tool: 'camera', hint: '' }) },
    }, [this.swatch, el('span', { class: 'trackgo-name' }, [TEXT.cameraName])])
    this.element = el('div', {
      class: 'trackgo-row trackgo-camera-row', role: 'group', 'aria-label': TEXT.cameraName,
    }, [
      el('div', { class: 'trackgo-label' }, [name]), this.timing.bar,
      el('div', { class: 'trackgo-group' }, [this.timing.easing, this.remove]),
    ])
  }

  render() {
    const { store } = this
    const moves = cameraMoves(store.shown)
    this.element.hidden = !!store.error || (!moves && store.view.tool !== 'camera')
    this.element.classList.toggle('trackgo-chosen', store.view.tool === 'camera')
    this.element.style.setProperty('--trackgo-color', cssColor(store.color(store.shown.components.length)))
    this.timing.render(cameraOf(store.shown), !moves)
    this.remove.disabled = store.drawing.camera === undefined
  }
}
