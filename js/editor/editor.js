/**
 * The editor: store, stage, toolbar and list put together. Knows nothing of ComfyUI beyond the host functions it
 * is given, so that it works wherever its element is put.
 *
 * @import { Component, FrameCounts, Host, PictureSource, ReportedArrivals, Size, Step } from './types.js'
 *
 * @typedef {object} Source  the picture that arrives
 * @property {string} key says which picture, after which steps
 * @property {boolean} linked whether anything is connected
 * @property {string|null} url
 * @property {Size|null} shape of a picture that is not known
 * @property {PictureSource|null} image once it is loaded
 * @property {string} error why it is not, or ''
 */
import { arrowsOf, nameOf } from './accessors.js'
import { advice } from './advice.js'
import { Bucket } from './bucket.js'
import { ClipFrames } from './clip.js'
import { CameraPanel } from './camera-panel.js'
import { contextOf, makeCanvas } from './canvas.js'
import { ComponentList, componentItems, describe } from './components.js'
import { drawingProblem } from './document-checks.js'
import { addComponent, emptyDrawing, parseDrawing, serializeDrawing } from './document.js'
import { el, ownUndo, targetOf } from './dom.js'
import { Input } from './input.js'
import { Intake } from './intake.js'
import { remember, recall } from './memory.js'
import { Menu } from './menu.js'
import { sizeOf } from './picture-copies.js'
import { onPreference, preferences } from './preferences.js'
import { pictureTarget, PreviewRequest } from './preview-request.js'
import { ifEndedNow } from './readout.js'
import { Selection } from './selection.js'
import { framed } from './source.js'
import { Stage } from './stage.js'
import { EditorStore } from './store.js'
import { ensureStyles } from './styles.js'
import { fill, HINTS, TEXT } from './texts.js'
import { clearItems, shortcutList, Toolbar } from './toolbar.js'

const CLIPBOARD_KEY = 'trackgo_components'

export class TrackGoEditor {
  /** @param {Host} host */
  constructor(host) {
    ensureStyles()
    this.host = host
    /** Where the graph has this editor; at the end of its life nobody could tell any more. */
    this.place = ''
    this.store = new EditorStore({
      onChange: (text) => {
        this.place = host.place()
        host.onChange(text)
      },
      recall: (drawing) => recall(host.place(), drawing),
    })
    this.previewRequest = new PreviewRequest(this.store, {
      post: host.post, changed: () => this.render(),
      target: () => host.target() ?? pictureTarget(this.stage.picture.width, this.stage.picture.height),
    })
    this.stage = new Stage(this.store, this.previewRequest)
    this.selection = new Selection(this.store, {
      select: host.select,
      picture: () => this.stage.copies.small(), refine: (points) => this.stage.copies.refined(points),
    })
    this.frames = new ClipFrames(() => this.render())
    this.stage.clip = this.frames
    /** Videos that the browser cannot show. @type {Set<string>} */
    this.unplayable = new Set()
    this.bucket = new Bucket(this.store, () => this.stage.copies.pixels())
    /** @type {Source} */
    this.source = { key: '', linked: false, url: null, shape: null, image: null, error: '' }
    /** The document's own picture when the graph was last looked at. @type {string|null} */
    this.lookedFor = null
    /** What was connected when the arrivals were reported; null where nothing was. @type {string|null} */
    this.arrivalOrigins = null
    /** @type {FrameCounts} */
    this.counts = { tracks: null, video: null }
    /** Of the playback. @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined
    /** What holds the editor while it is full screen. @type {HTMLElement|null} */
    this.overlay = null
    this.status = el('span', { 'aria-live': 'polite' })
    this.note = el('div', { class: 'trackgo-note' })
    /** What a screen reader hears of the selection; nobody sees it. */
    this.spoken = el('div', { class: 'trackgo-spoken', role: 'status' })
    this.area = el('div', { class: 'trackgo-stage' }, [this.spoken, this.stage.canvas])
    /** A line of its own: over the stage it would cover the picture's lower edge. */
    this.statusLine = el('div', { class: 'trackgo-status' }, [this.status])
    this.root = ownUndo(el('div', {
      class: 'trackgo', tabIndex: 0, role: 'application', 'aria-label': TEXT.label, 'data-capture-wheel': 'true',
    }, [this.note, this.area, this.statusLine]))
    /** The editor, or a note while it is full screen. The empty title hides an inherited tooltip. */
    this.element = el('div', { class: 'trackgo-host', title: '' }, [this.root])
    this.menu = new Menu(this.root)
    this.intake = new Intake(this.store, this.root, {
      upload: host.upload, pass: host.pass, connected: () => this.source.linked,
    })
    this.language = host.language()
    this.panels = this.#buildPanels()
    /** The row that was last brought into the list's window. */
    this.revealed = -1
    this.input = new Input(this.store, this.stage, this.root, {
      forwardWheel: host.forwardWheel, menuAt: (x, y) => this.openMenu(x, y), toggleFull: () => this.toggleFull(),
      isFull: () => !!this.overlay, togglePlay: () => this.togglePlay(),
      beginSelection: (at) => this.selection.begin(at), beginFill: (at) => this.bucket.begin(at),
      showHelp: () => this.menu.open(this.panels.toolbar.help, shortcutList()),
    })
    for (const type of /** @type {const} */ (['copy', 'cut', 'paste'])) {
      this.root.addEventListener(type, (event) => this.#clipboard(event))
    }
    this.store.subscribe(() => this.render())
    // Coming into the page, going out of it and being hidden change the size, too.
    this.observer = new ResizeObserver(() => {
      this.stage.resize(this.area.clientWidth, this.area.clientHeight)
      host.watch.poke()
    })
    this.observer.observe(this.area)
    this.unprefer = onPreference(() => this.render())
    this.unwatch = host.watch.add(() => this.watch())
    this.render()
  }

  /** Toolbar, camera and list, in the texts of now, put where they belong. */
  #buildPanels() {
    const { store, menu } = this
    const toolbar = new Toolbar(store, {
      menu, fileItems: () => this.intake.items(), fit: () => this.stage.fit(),
      toggleFull: () => this.toggleFull(), isFull: () => !!this.overlay, pictureWidth: () => this.stage.picture.width,
      setTolerance: (value) => this.bucket.setTolerance(value),
    })
    const list = new ComponentList(store, {
      menu, togglePlay: () => this.togglePlay(), pictureSize: () => this.stage.picture,
      stageScene: () => this.stage.scene,
    })
    const camera = new CameraPanel(store)
    this.root.prepend(toolbar.element, camera.element)
    this.statusLine.after(list.element)
    this.root.setAttribute('aria-label', TEXT.label)
    return { toolbar, list, camera }
  }

  /** Another language: the panels are built anew, everything else reads its texts when it shows them. */
  #followLanguage() {
    const language = this.host.language()
    if (language === this.language) return
    this.language = language
    for (const panel of Object.values(this.panels)) panel.element.remove()
    this.panels = this.#buildPanels()
    this.note.dataset.state = ''
    this.render()
  }

  get value() {
    return this.store.text
  }

  set value(text) {
    this.store.load(text)
  }

  /** The document's own, which serves where nothing is connected. */
  get ownPicture() {
    return this.store.drawing.image ?? null
  }

  render() {
    const { store, previewRequest, panels } = this
    if (this.ownPicture !== this.lookedFor) this.host.watch.poke()
    previewRequest.update()
    panels.toolbar.render()
    panels.camera.render()
    this.stage.keepFit()
    panels.list.render()
    if (store.view.selected !== this.revealed) {
      this.revealed = store.view.selected
      panels.list.reveal()
    }
    this.#renderNote()
    this.#speak()
    const toolHint = this.source.image ? HINTS[store.view.tool] : ''
    const hint = store.error ? '' : previewRequest.message || store.view.hint || this.#advice() || toolHint
    if (this.status.textContent !== hint) this.status.title = this.status.textContent = hint
    this.statusLine.hidden = !hint
    this.stage.request()
  }

  #advice() {
    const { store, stage } = this
    const { selected, frames, tool } = store.view
    return advice({
      drawing: store.merged(ifEndedNow(store.shown, store.draft)), boxes: stage.updateMasks(),
      complete: this.#connected() === this.arrivalOrigins || !this.#takesDrawing(), offset: store.offset,
      selected, tool, frames, counts: this.counts, size: stage.picture,
    })
  }

  /** Whether components or masks arrive that only a run brings. */
  #takesDrawing() {
    return ['drawing', 'mask'].some((input) => this.host.origin(input) !== null)
  }

  #speak() {
    const { selected, arrow, point } = this.store.view
    const component = this.store.component
    const points = component ? arrowsOf(component)[arrow]?.points : null
    const parts = component ? [nameOf(component, selected), describe(component)] : []
    if (this.store.group.length > 1) parts.unshift(fill(TEXT.several, this.store.group.length))
    if (points && point >= 0) parts.push(fill(TEXT.pointOf, arrow + 1, point + 1, points.length))
    const text = parts.join(', ')
    if (this.spoken.textContent !== text) this.spoken.textContent = text
  }

  #renderNote() {
    const { store, source } = this
    const known = source.key === '' || (source.url && !source.error)
    const unknown = source.linked ? TEXT.runOnce : TEXT.noPicture
    const several = source.image && this.frames.clip ? this.frames.still ? TEXT.clipFirst : TEXT.clip : ''
    const message = source.error || (known ? several : unknown)
    const choose = !store.error && !source.linked && !source.image
    const state = store.error ? `error ${store.error}` : message
    if (this.note.dataset.state === state) return
    this.note.dataset.state = state
    this.note.hidden = !state
    this.note.classList.toggle('trackgo-error', !!store.error)
    // A malformed text takes the stage's place; everything else has a line of its own and never covers the drawing.
    if (store.error) this.area.append(this.note)
    else this.area.before(this.note)
    if (!store.error) {
      this.note.replaceChildren(el('p', {}, [state]))
      if (choose) this.note.append(textButton(TEXT.choosePicture, () => this.intake.choosePicture()))
      return
    }
    const text = el('textarea', { value: store.text, spellcheck: false, 'aria-label': TEXT.document })
    const buttons = el('div', { class: 'trackgo-group' }, [
      textButton(TEXT.useText, () => store.replaceText(text.value)),
      textButton(TEXT.startOver, () => store.replaceText(serializeDrawing(emptyDrawing()))),
    ])
    this.note.replaceChildren(el('p', { role: 'alert' }, [store.error]), text, buttons)
  }

  // ---- picture and frames -----------------------------------------------------------------------------------

  /** Ask the graph what arrives now. Cheap, and draws only when something is different. */
  watch() {
    this.lookedFor = this.ownPicture
    this.host.mount(this.element)
    if (!this.element.isConnected && !this.overlay) return
    const frames = this.host.frames()
    const { view } = this.store
    if (frames !== view.frames) this.store.setView({ frames, frame: Math.min(view.frame, frames - 1) })
    this.#watchTarget()
    this.#watchCounts()
    this.#followLanguage()
    this.#dropStaleArrivals()
    const { linked, url, steps, shape, clip = null } = this.host.picture(this.ownPicture, this.unplayable)
    const key = JSON.stringify([url, steps, url ? null : shape, clip])
    if (key === this.source.key && linked === this.source.linked) return
    const before = this.source
    if (key === before.key) {
      this.source = { ...before, linked }
    } else {
      this.source = { key, url, linked, shape, image: null, error: '' }
      this.frames.set(clip, (source) => asArriving(source, steps))
      if (url && clip && !clip.urls) void this.#loadVideo(key, url)
      else this.#loadPicture(key, url, steps)
    }
    this.render()
  }

  /** Another size or seed downstream moves the control points. */
  #watchTarget() {
    if (this.store.view.modelPreview === 'off') return
    const before = this.previewRequest.key
    this.previewRequest.update()
    if (this.previewRequest.key !== before) this.render()
  }

  /** Another number of frames downstream fits the drawing or does not. */
  #watchCounts() {
    const { tracks, video } = this.host.frameCounts()
    if (tracks === this.counts.tracks && video === this.counts.video) return
    this.counts = { tracks, video }
    this.render()
  }

  /** @param {string} key @param {string|null} url @param {Step[]} steps */
  #loadPicture(key, url, steps) {
    if (!url) {
      this.stage.setPicture(null, this.source.shape)
      return
    }
    const image = new Image()
    image.decoding = 'async'
    const stillWanted = () => this.source.key === key
    image.onload = () => {
      if (!stillWanted()) return
      this.source = { ...this.source, image }
      this.stage.setPicture(asArriving(image, steps))
      this.render()
    }
    image.onerror = () => {
      if (!stillWanted()) return
      const name = new URL(url, location.href).searchParams.get('filename') ?? url
      this.source = { ...this.source, error: fill(TEXT.pictureMissing, name) }
      this.stage.setPicture(null)
      this.render()
    }
    image.src = url
  }

  /**
   * The first frame of a video; one that the browser cannot show is left to the next run.
   * @param {string} key
   * @param {string} url
   */
  async #loadVideo(key, url) {
    this.stage.setPicture(null, this.source.shape)
    const image = await this.frames.open(url).catch(() => null)
    if (this.source.key !== key) return
    if (image) {
      this.source = { ...this.source, image }
      this.stage.setPicture(image)
      this.render()
    } else {
      this.unplayable.add(url)
      this.watch()
    }
  }

  // ---- what else arrives ------------------------------------------------------------------------------------

  /** A run reported what came through the drawing and mask inputs. @param {ReportedArrivals|undefined} reported */
  setArrivals(reported) {
    const drawing = reported && parseDrawing(reported.drawing).drawing
    if (drawing) {
      this.arrivalOrigins = this.#connected()
      this.store.setArrivals({ components: drawing.components, camera: drawing.camera, masks: reported.masks })
    } else {
      this.arrivalOrigins = null
      this.store.setArrivals(null)
    }
  }

  /** What feeds the drawing and mask inputs, in a form that can be compared. */
  #connected() {
    return ['drawing', 'mask'].map((input) => this.host.origin(input)).join()
  }

  /** Once another thing is connected there, nobody knows what arrives before the next run. */
  #dropStaleArrivals() {
    if (this.arrivalOrigins !== null && this.arrivalOrigins !== this.#connected()) this.setArrivals(undefined)
  }

  // ---- playback ---------------------------------------------------------------------------------------------

  togglePlay() {
    const playing = !this.store.view.playing
    this.store.setView({ playing })
    clearInterval(this.timer)
    if (!playing) return
    this.timer = setInterval(() => {
      const { view } = this.store
      if (view.playing && this.root.isConnected) this.store.setView({ frame: (view.frame + 1) % view.frames })
      else clearInterval(this.timer)
      if (!this.root.isConnected) this.store.setView({ playing: false })
    }, 1000 / preferences.playbackFps)
  }

  // ---- full screen, menus, clipboard -----------------------------------------------------------------------

  toggleFull() {
    this.menu.close(false)
    if (this.overlay) {
      this.element.replaceChildren(this.root)
      this.overlay.remove()
      this.overlay = null
    } else {
      const back = el('div', { class: 'trackgo-elsewhere', on: { click: () => this.toggleFull() } }, [TEXT.elsewhere])
      this.overlay = el('div', { class: 'trackgo-full' }, [this.root])
      document.body.append(this.overlay)
      this.element.replaceChildren(back)
    }
    this.stage.fitted = true
    this.root.focus({ preventScroll: true })
    this.render()
  }

  /** @param {number} x in client coordinates @param {number} y */
  openMenu(x, y) {
    const { selected } = this.store.view
    const items = this.store.component ? componentItems(this.store, selected, this.panels.list.rows[selected].acts) : []
    this.menu.open({ x, y }, [...items, ...clearItems(this.store)])
  }

  /** The selected components travel between nodes and workflows as text. @param {ClipboardEvent} event */
  #clipboard(event) {
    event.stopPropagation()
    const { clipboardData: bundle } = event
    if (!bundle || targetOf(event).closest('input, textarea')) return
    const { store } = this
    if (event.type === 'paste') {
      if (this.intake.paste(bundle)) {
        event.preventDefault()
        return
      }
      const components = readClipboard(bundle.getData('text/plain'))
      if (!components) return
      event.preventDefault()
      const drawing = components.reduce((doc, component) => addComponent(doc, component), store.drawing)
      store.commit(drawing, { selected: drawing.components.length - 1, arrow: -1, point: -1 })
    } else if (store.component) {
      event.preventDefault()
      const components = store.group.map((i) => store.drawing.components[i])
      bundle.setData('text/plain', JSON.stringify({ [CLIPBOARD_KEY]: components }))
    }
  }

  /** The node is gone: stop everything that would keep the editor alive. */
  destroy() {
    if (this.place) remember(this.place, this.store.history)
    this.unwatch()
    this.unprefer()
    clearInterval(this.timer)
    this.observer.disconnect()
    this.stage.stop()
    this.frames.set(null)
    this.input.destroy()
    this.previewRequest.stop()
    this.selection.stop()
    this.overlay?.remove()
    this.element.remove()
  }
}

/** @param {string} text @returns {Component[]|null} */
function readClipboard(text) {
  if (!text.includes(CLIPBOARD_KEY)) return null
  try {
    const components = JSON.parse(text)[CLIPBOARD_KEY]
    return drawingProblem({ version: 1, components }) ? null : components
  } catch (problem) {
    if (problem instanceof SyntaxError) return null
    throw problem
  }
}

/** @param {string} label @param {() => void} act */
const textButton = (label, act) => el('button', { class: 'trackgo-text-button', on: { click: act } }, [label])

/**
 * A picture after what the nodes in between do to its frame.
 * @param {PictureSource} image
 * @param {Step[]} steps
 * @returns {PictureSource}
 */
function asArriving(image, steps) {
  if (steps.length === 0) return image
  const size = sizeOf(image)
  const { x, y, w, h, width, height } = framed(steps, size.width, size.height)
  const canvas = makeCanvas(width, height)
  contextOf(canvas).drawImage(image, x, y, w, h, 0, 0, width, height)
  return canvas
}
