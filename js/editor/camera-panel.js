/** The camera's row on the timeline, and its numbers under the toolbar while the camera is the tool. */
import { cameraMoves, cameraOf, patchCamera, removeCamera } from './camera.js'
import { CAMERA_LIMITS } from './document-checks.js'
import { cssColor } from './colors.js'
import { el, iconButton } from './dom.js'
import { icon } from './icons.js'
import { TEXT } from './texts.js'
import { TimingBar } from './timing.js'

const tidy = (value, decimals) => String(Number(value.toFixed(decimals)))

/** How the numbers are shown, and how a typed one changes the camera. */
const FIELDS = Object.freeze({
  panX: {
    sign: '→', unit: '%', title: 'cameraPanX',
    show: ({ pan }) => tidy(pan[0] * 100, 1), step: 1, most: CAMERA_LIMITS.pan * 100,
    patch: ({ pan }, value) => ({ pan: [value / 100, pan[1]] }),
  },
  panY: {
    sign: '↓', unit: '%', title: 'cameraPanY',
    show: ({ pan }) => tidy(pan[1] * 100, 1), step: 1, most: CAMERA_LIMITS.pan * 100,
    patch: ({ pan }, value) => ({ pan: [pan[0], value / 100] }),
  },
  zoom: {
    label: 'cameraZoomLabel', unit: '×', title: 'cameraZoom',
    show: ({ zoom }) => tidy(zoom, 3), step: 0.05, least: CAMERA_LIMITS.minZoom, most: CAMERA_LIMITS.maxZoom, patch: (_, zoom) => ({ zoom }),
  },
  turn: {
    label: 'cameraTurnLabel', unit: '°', title: 'cameraTurn',
    show: ({ turn }) => tidy(turn, 1), step: 1, most: CAMERA_LIMITS.turn, patch: (_, turn) => ({ turn }),
  },
})

export class CameraPanel {
  /** @param {import('./store.js').EditorStore} store */
  constructor(store) {
    this.store = store
    this.inputs = Object.entries(FIELDS).map(([name, field]) => this.#input(name, field))
    this.reset = iconButton('trash', TEXT.cameraReset, () => resetCamera(store), { 'data-action': 'camera-reset' })
    const fields = this.inputs.map((input) => el('label', { class: 'trackgo-field', title: TEXT[FIELDS[input.dataset.field].title] }, [
      FIELDS[input.dataset.field].sign ?? TEXT[FIELDS[input.dataset.field].label], input, FIELDS[input.dataset.field].unit,
    ]))
    this.element = el('div', { class: 'trackgo-camera', role: 'group', 'aria-label': TEXT.cameraNumbers, title: TEXT.cameraNumbers }, [
      ...fields, this.reset,
    ])
  }

  #input(name, { step, title, most, least = -most, patch }) {
    const { store } = this
    const input = el('input', {
      type: 'number', class: 'trackgo-number', step: String(step), min: String(least), max: String(most),
      'data-field': name, 'aria-label': TEXT[title],
    })
    input.addEventListener('change', () => {
      const value = Number(input.value)
      if (input.value !== '' && Number.isFinite(value)) store.commit(patchCamera(store.drawing, patch(cameraOf(store.drawing), value)), { frame: 0 })
      this.render(true)
    })
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      this.render(true)
      input.closest('.trackgo').focus({ preventScroll: true })
    })
    return input
  }

  /** @param {boolean} [force] also the field that is being typed in */
  render(force = false) {
    const { store } = this
    this.element.hidden = store.view.tool !== 'camera' || !!store.error
    const camera = cameraOf(store.shown)
    for (const input of this.inputs) {
      const text = FIELDS[input.dataset.field].show(camera)
      if (input.value !== text && (force || input !== document.activeElement)) input.value = text
    }
    this.reset.disabled = store.drawing.camera === undefined
  }
}

/** The camera stays where it is again. */
export function resetCamera(store) {
  store.commit(removeCamera(store.drawing), { frame: 0, playing: false })
}

export class CameraRow {
  /**
   * @param {import('./store.js').EditorStore} store
   * @param {import('./menu.js').Menu} menu
   */
  constructor(store, menu) {
    this.store = store
    this.timing = new TimingBar(store, menu, {
      item: () => cameraOf(store.drawing), patched: (patch) => patchCamera(store.drawing, patch), begin: () => {},
    })
    this.swatch = el('span', { class: 'trackgo-swatch trackgo-swatch-icon', innerHTML: icon('camera') })
    this.remove = iconButton('trash', TEXT.cameraReset, () => resetCamera(store), { 'data-action': 'camera-remove' })
    const name = el('button', { class: 'trackgo-camera-name', title: TEXT.camera, on: { click: () => store.setView({ tool: 'camera', hint: '' }) } }, [
      this.swatch, el('span', { class: 'trackgo-name' }, [TEXT.cameraName]),
    ])
    this.element = el('div', { class: 'trackgo-row trackgo-camera-row', role: 'group', 'aria-label': TEXT.cameraName }, [
      el('div', { class: 'trackgo-label' }, [name]), this.timing.bar, el('div', { class: 'trackgo-group' }, [this.timing.easing, this.remove]),
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
