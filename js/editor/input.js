/**
 * Pointer, wheel and keyboard of one editor. All listeners sit on the editor's own elements; a gesture holds the
 * pointer by capture, and nothing that the editor understood reaches the graph behind it.
 */
import { addAndSelect } from './components.js'
import { arrowsOf, nameOf } from './accessors.js'
import { movePoint, removeArrow, removeComponent, removePoint, translateComponent, updateArrow } from './document.js'
import { resetCamera } from './camera-panel.js'
import { cameraPart, nudgeCamera } from './camera-gestures.js'
import { clamp } from './dom.js'
import { begin, doubleClick, finishArrow, handleAt, hover } from './gestures.js'
import { nextModelPreview } from './preview-request.js'
import { changeMask } from './mask-menu.js'
import { chooseTool, toggleCurve } from './toolbar.js'
import { MAX_RADIUS, MIN_RADIUS } from './store.js'
import { fill, TEXT } from './texts.js'

const WHEEL_ZOOM = 0.0016
const RADIUS_STEP = 1.15
const CAMERA_ZOOM_STEP = 1.05
/** How much larger a brush becomes per pixel dragged: a factor e per 100. */
const DRAG_SIZE = 0.01
/** The middle button in `buttons` of an event. */
const MIDDLE_HELD = 4
/** A pen's eraser end in `buttons` of an event. */
const ERASER_HELD = 32
const ROUND_TOOLS = ['brush', 'erase']
const KEY_TOOLS = { v: 'select', b: 'brush', e: 'erase', l: 'lasso', g: 'fill', a: 'arrow', p: 'freehand', c: 'camera' }
const SWALLOWED = ['pointerdown', 'pointermove', 'pointerup', 'mousedown', 'dblclick', 'contextmenu']

export class Input {
  /**
   * @param {import('./store.js').EditorStore} store
   * @param {import('./stage.js').Stage} stage
   * @param {HTMLElement} root focusable
   * @param {{forwardWheel: (event: WheelEvent) => void, menuAt: (x: number, y: number) => void, toggleFull: () => void,
   *          isFull: () => boolean, togglePlay: () => void, showHelp: () => void}} actions
   */
  constructor(store, stage, root, actions) {
    Object.assign(this, { store, stage, root, actions })
    this.gesture = null
    this.space = null
    /** Whether the right button resized the brush, so that the menu it also asks for stays away. */
    this.sized = false
    /** Touches that are down, by pointer id: two of them pan and zoom. */
    this.touches = new Map()
    const { canvas } = stage
    const on = (target, type, listener, options) => target.addEventListener(type, listener.bind(this), options)
    on(canvas, 'pointerdown', this.down)
    on(canvas, 'pointermove', this.move)
    on(canvas, 'pointerup', this.up)
    on(canvas, 'pointercancel', this.cancelPointer)
    on(canvas, 'pointerleave', this.leave)
    on(canvas, 'dblclick', this.double)
    on(canvas, 'contextmenu', this.context)
    on(root, 'wheel', this.wheel, { passive: false })
    on(root, 'keydown', this.keyDown)
    on(root, 'keyup', this.keyUp)
    on(root, 'pointerdown', this.takeFocus)
    on(root, 'pointerenter', () => stage.prepare())
    this.lasting = new AbortController()
    for (const type of ['pointerdown', 'pointermove', 'pointerup']) on(window, type, this.middle, { capture: true, signal: this.lasting.signal })
    for (const type of SWALLOWED) root.addEventListener(type, (event) => event.stopPropagation())
    root.addEventListener('contextmenu', (event) => event.preventDefault())
  }

  /** The node is gone: what listened beyond its own elements goes too. */
  destroy() {
    this.lasting.abort()
  }

  /** Nodes 2.0 takes the middle button for the graph before it reaches the stage; here it pans the picture. */
  middle(event) {
    if (event.target !== this.stage.canvas || !(event.button === 1 || event.buttons & MIDDLE_HELD)) return
    event.stopImmediatePropagation()
    const act = { pointerdown: this.down, pointermove: this.move, pointerup: this.up }[event.type]
    act.call(this, event)
  }

  takeFocus(event) {
    if (!this.root.contains(document.activeElement) && !event.target.closest('input, textarea')) this.root.focus({ preventScroll: true })
  }

  /** @param {PointerEvent} event @returns {import('./gestures.js').Pointer} */
  at(event) {
    const { stage } = this
    const box = stage.canvas.getBoundingClientRect()
    const place = [((event.clientX - box.left) * stage.width) / box.width, ((event.clientY - box.top) * stage.height) / box.height]
    return {
      stage: place, frac: stage.toFrac(place), alt: event.altKey, shift: event.shiftKey,
      pen: event.pointerType === 'pen', pressure: event.pressure, eraser: Boolean(event.buttons & ERASER_HELD),
    }
  }

  // ---- pointer ----------------------------------------------------------------------------------------------

  down(event) {
    this.sized = false
    const sizes = event.button === 2 && event.altKey && ROUND_TOOLS.includes(this.store.view.tool)
    if (event.button === 2 && !sizes) return
    event.preventDefault()
    this.root.focus({ preventScroll: true })
    this.stage.canvas.setPointerCapture(event.pointerId)
    const at = this.at(event)
    if (event.pointerType === 'touch') {
      this.touches.set(event.pointerId, at.stage)
      if (this.touches.size === 2) this.gesture?.cancel()
      if (this.touches.size >= 2) {
        this.gesture = null
        return
      }
    }
    this.stage.pointer = at
    if (sizes) this.gesture = this.sizing(at)
    else this.gesture = event.button === 1 || this.space ? this.panning(at) : begin(this.store, this.stage.scene, at)
    this.stage.request()
  }

  /** Alt and the right button: to the right for a larger brush, to the left for a smaller one; the ring stays put. */
  sizing(start) {
    const { radius } = this.store.view
    this.sized = true
    return {
      move: (at) => {
        this.stage.pointer = { ...start, alt: false }
        this.store.setView({ radius: clamp(radius * Math.exp((at.stage[0] - start.stage[0]) * DRAG_SIZE), MIN_RADIUS, MAX_RADIUS) })
      },
      up: () => {}, cancel: () => this.store.setView({ radius }),
    }
  }

  panning(start) {
    let last = start.stage
    if (this.space) this.space.used = true
    this.stage.canvas.style.cursor = 'grabbing'
    const move = (at) => {
      this.stage.pan(at.stage[0] - last[0], at.stage[1] - last[1])
      last = at.stage
    }
    return { move, up: () => this.cursor(), cancel: () => this.cursor() }
  }

  move(event) {
    const at = this.at(event)
    this.stage.pointer = at
    if (this.touches.has(event.pointerId) && this.touches.size >= 2) {
      this.pinch(event.pointerId, at.stage)
    } else if (this.gesture) {
      const passed = event.getCoalescedEvents?.() ?? []
      this.store.batch(() => {
        for (const step of passed.length ? passed : [event]) this.gesture.move(this.at(step))
      })
    } else {
      hover(this.store, at)
      this.cursor(at)
    }
    this.stage.request()
  }

  /** Two fingers: zoom about their middle and follow it. */
  pinch(id, to) {
    const [other] = [...this.touches].filter(([key]) => key !== id).map(([, place]) => place)
    const from = this.touches.get(id)
    const spread = (a) => Math.hypot(a[0] - other[0], a[1] - other[1])
    const middle = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]
    this.stage.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2)
    if (spread(from) > 1) this.stage.zoom(spread(to) / spread(from), ...middle)
    this.touches.set(id, to)
  }

  up(event) {
    this.touches.delete(event.pointerId)
    const { gesture } = this
    this.gesture = null
    gesture?.up(this.at(event))
    this.stage.request()
  }

  cancelPointer(event) {
    this.touches.delete(event.pointerId)
    this.gesture?.cancel()
    this.gesture = null
  }

  leave() {
    if (this.gesture) return
    this.stage.pointer = null
    this.stage.hovered = null
    this.stage.request()
  }

  double(event) {
    doubleClick(this.store, this.stage.scene, this.at(event))
  }

  context(event) {
    // Some systems ask for the menu when the right button goes down, others when it comes up again.
    if (this.sized) {
      this.sized = false
      return
    }
    const at = this.at(event)
    const handle = handleAt(this.store, this.stage.scene, at)
    if (handle) this.store.setView({ selected: handle.index, arrow: handle.arrow, point: handle.point })
    this.actions.menuAt(event.clientX, event.clientY)
  }

  /** The pointer's shape says what a press would do. */
  cursor(at = this.stage.pointer) {
    const { tool } = this.store.view
    const { style } = this.stage.canvas
    const grabs = at && (tool === 'select' || tool === 'arrow') && this.store.draft?.kind !== 'arrow'
    this.stage.hovered = grabs ? handleAt(this.store, this.stage.scene, at) : null
    if (this.space) style.cursor = 'grab'
    else if (tool === 'camera') style.cursor = at ? this.cameraCursor(at) : 'default'
    else if (this.stage.hovered) style.cursor = 'move'
    else if (tool === 'brush' || tool === 'erase') style.cursor = 'none'
    else style.cursor = tool === 'select' ? 'default' : 'crosshair'
  }

  cameraCursor(at) {
    return { pan: 'move', zoom: 'nwse-resize', turn: 'grab' }[cameraPart(this.store.drawing, this.stage.scene, at)]
  }

  /** Zoom inside once the editor has the focus; before that the wheel belongs to the graph. */
  wheel(event) {
    const focused = this.root.contains(document.activeElement)
    if (!focused && !this.actions.isFull()) {
      this.actions.forwardWheel(event)
      return
    }
    event.stopPropagation()
    if (event.target !== this.stage.canvas) return
    event.preventDefault()
    const unit = event.deltaMode === 1 ? 16 : 1
    this.stage.zoom(Math.exp(-event.deltaY * unit * WHEEL_ZOOM * (event.ctrlKey ? 4 : 1)), ...this.at(event).stage)
  }

  // ---- keyboard ---------------------------------------------------------------------------------------------

  keyDown(event) {
    if (event.target.closest('input:not([type=range]), textarea')) {
      event.stopPropagation()
      return
    }
    const handled = event.ctrlKey || event.metaKey ? this.command(event) : this.key(event)
    if (!handled) return
    event.preventDefault()
    event.stopPropagation()
  }

  command({ key, shiftKey, altKey }) {
    const letter = key.toLowerCase()
    if (altKey) return false
    if (letter === 'z') shiftKey ? this.store.redo() : this.store.undo()
    else if (letter === 'y') this.store.redo()
    else return false
    return true
  }

  key(event) {
    const { store, stage, actions } = this
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (event.altKey && key !== 'Alt') return false
    const act = (store.view.tool === 'camera' && this.cameraKeys(event.shiftKey)[key]) || {
      '[': () => this.resize(1 / RADIUS_STEP), ']': () => this.resize(RADIUS_STEP),
      0: () => stage.fit(), '+': () => stage.zoom(1.25), '=': () => stage.zoom(1.25), '-': () => stage.zoom(0.8),
      s: () => toggleCurve(store), n: () => addAndSelect(store), m: () => nextModelPreview(store), i: () => this.changeMask('invert'),
      '{': () => this.changeMask('shrink'), '}': () => this.changeMask('grow'), f: actions.toggleFull, '?': actions.showHelp,
      ' ': () => this.holdSpace(event), Enter: () => finishArrow(store), Escape: () => this.escape(),
      Delete: () => this.remove(), Backspace: () => this.remove(),
      PageUp: () => this.choose(-1), PageDown: () => this.choose(1), ',': () => this.choosePoint(-1), '.': () => this.choosePoint(1),
      ArrowLeft: () => this.nudge(-1, 0, event.shiftKey), ArrowRight: () => this.nudge(1, 0, event.shiftKey),
      ArrowUp: () => this.nudge(0, -1, event.shiftKey), ArrowDown: () => this.nudge(0, 1, event.shiftKey),
    }[key]
    if (act && (key !== ' ' && key !== 'Enter' || !event.target.closest('button'))) act()
    else if (key === 'l' && event.shiftKey) chooseTool(store, 'lasso-erase')
    else if (KEY_TOOLS[key]) chooseTool(store, KEY_TOOLS[key])
    else return false
    this.cursor()
    return true
  }

  /** What the keys do while the camera is the tool, when it is not what they do otherwise. */
  cameraKeys(far) {
    const { store, stage } = this
    const step = far ? 10 : 1
    const nudge = (by) => () => nudgeCamera(store, stage.picture, by)
    return {
      ArrowLeft: nudge({ dx: -step }), ArrowRight: nudge({ dx: step }), ArrowUp: nudge({ dy: -step }), ArrowDown: nudge({ dy: step }),
      '[': nudge({ zoom: 1 / CAMERA_ZOOM_STEP }), ']': nudge({ zoom: CAMERA_ZOOM_STEP }),
      ',': nudge({ turn: -1 }), '.': nudge({ turn: 1 }), '<': nudge({ turn: -10 }), '>': nudge({ turn: 10 }),
      Delete: () => resetCamera(store), Backspace: () => resetCamera(store),
    }
  }

  changeMask(tool) {
    changeMask(this.store, tool, this.store.view.growth, this.stage.picture.width)
  }

  resize(factor) {
    this.store.setView({ radius: clamp(this.store.view.radius * factor, MIN_RADIUS, MAX_RADIUS) })
  }

  holdSpace(event) {
    if (!event.repeat) this.space = { used: false }
  }

  keyUp(event) {
    if (event.key !== ' ' || !this.space) return
    event.stopPropagation()
    if (!this.space.used) this.actions.togglePlay()
    this.space = null
    this.cursor()
  }

  escape() {
    const { store } = this
    if (this.gesture || store.draft) {
      this.gesture?.cancel()
      this.gesture = null
      store.setDraft(null)
    } else if (store.view.arrow >= 0) {
      store.setView({ arrow: -1, point: -1 })
    } else if (this.actions.isFull()) {
      this.actions.toggleFull()
    }
  }

  remove() {
    const { store } = this
    const { selected, arrow, point } = store.view
    if (store.draft?.kind === 'arrow') {
      const points = store.draft.points.slice(0, -1)
      store.setDraft(points.length ? { ...store.draft, points } : null)
    } else if (!store.component || store.component.locked) {
      store.setView({ hint: store.component ? fill(TEXT.isLocked, nameOf(store.component, selected)) : '' })
    } else if (arrow >= 0 && point >= 0) {
      store.commit(removePoint(store.drawing, selected, arrow, point), { arrow: -1, point: -1 })
    } else if (arrow >= 0) {
      store.commit(removeArrow(store.drawing, selected, arrow), { arrow: -1, point: -1 })
    } else {
      store.commit(removeComponent(store.drawing, selected), { arrow: -1, point: -1 })
    }
  }

  choose(step) {
    const count = this.store.drawing.components.length
    if (count) this.store.setView({ selected: (this.store.view.selected + step + count) % count, arrow: -1, point: -1 })
  }

  /** Step through all points of the selected component's arrows. */
  choosePoint(step) {
    const { store } = this
    if (!store.component) return
    const all = arrowsOf(store.component).flatMap(({ points }, arrow) => points.map((_, point) => ({ arrow, point })))
    if (!all.length) return
    const at = all.findIndex(({ arrow, point }) => arrow === store.view.arrow && point === Math.max(store.view.point, 0))
    store.setView({ ...all[(at + (at < 0 && step < 0 ? 0 : step) + all.length) % all.length], frame: 0, playing: false })
  }

  /** Move what is selected by one picture pixel. */
  nudge(dx, dy, far) {
    const { store } = this
    const { selected, arrow, point } = store.view
    const { component, drawing } = store
    if (!component || component.locked) return
    const { width, height } = this.stage.picture
    const [du, dv] = [(dx * (far ? 10 : 1)) / width, (dy * (far ? 10 : 1)) / height]
    if (arrow >= 0 && point >= 0) {
      const [u, v] = arrowsOf(component)[arrow].points[point]
      store.commit(movePoint(drawing, selected, arrow, point, [u + du, v + dv]))
    } else if (arrow >= 0) {
      const shifted = translateComponent({ ...drawing, components: [{ arrows: [arrowsOf(component)[arrow]] }] }, 0, du, dv)
      store.commit(updateArrow(drawing, selected, arrow, () => shifted.components[0].arrows[0]))
    } else {
      store.commit(translateComponent(drawing, selected, du, dv))
    }
  }
}
