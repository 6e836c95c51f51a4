/**
 * Pointer, wheel and keyboard of one editor. All listeners sit on the editor's own elements; a gesture holds the
 * pointer by capture, and nothing that the editor understood reaches the graph behind it.
 *
 * @import { Gesture, Pointer, Tool, Vec } from './types.js'
 * @import { MaskTool } from './mask-menu.js'
 * @import { Stage } from './stage.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {object} InputActions
 * @property {(event: WheelEvent) => void} forwardWheel
 * @property {(x: number, y: number) => void} menuAt
 * @property {() => void} toggleFull
 * @property {() => boolean} isFull
 * @property {() => void} togglePlay
 * @property {() => void} showHelp
 * @property {(at: Pointer) => Gesture|null} beginSelection
 * @property {(at: Pointer) => Gesture|null} beginFill
 */
import { cameraPart, nudgeCamera } from './camera-gestures.js'
import { resetCamera } from './camera-panel.js'
import { addAndSelect } from './components.js'
import { clamp, targetOf } from './dom.js'
import { begin, doubleClick, dropDraft, finishArrow, handleAt, hover } from './gestures.js'
import { snapped } from './guides.js'
import { changeMask } from './mask-menu.js'
import { poseFrame, posePart } from './pose.js'
import { preferences } from './preferences.js'
import { nextModelPreview } from './preview-request.js'
import { chooseComponent, choosePoint, nudgeSelected, removeSelected } from './selected.js'
import { MAX_RADIUS, MIN_RADIUS } from './store.js'
import { chooseTool, toggleCurve } from './toolbar.js'

const WHEEL_ZOOM = 0.0016
const RADIUS_STEP = 1.15
const CAMERA_ZOOM_STEP = 1.05
/** How much larger a brush becomes per pixel dragged: a factor e per 100. */
const DRAG_SIZE = 0.01
/** The middle button in `buttons` of an event. */
const MIDDLE_HELD = 4
/** A pen's eraser end in `buttons` of an event. */
const ERASER_HELD = 32
/** @type {Readonly<Record<string, Tool>>} */
const KEY_TOOLS = {
  v: 'select', w: 'wand', b: 'brush', e: 'erase', l: 'lasso', g: 'fill', a: 'arrow', p: 'freehand', c: 'camera',
}
/** @type {Readonly<Record<string, Tool>>} */
const SHIFT_TOOLS = { l: 'lasso-erase', g: 'bucket' }
/** Tools that put points where they are meant to be; a brush, say, only passes by. @type {ReadonlySet<Tool>} */
const SNAPPING = new Set(['select', 'arrow', 'lasso', 'lasso-erase'])
const TOUCHES = /** @type {const} */ (['touchstart', 'touchmove', 'touchend', 'touchcancel'])
const SWALLOWED = ['pointerdown', 'pointermove', 'pointerup', 'mousedown', 'dblclick', 'contextmenu']

export class Input {
  /**
   * @param {EditorStore} store
   * @param {Stage} stage
   * @param {HTMLElement} root focusable
   * @param {InputActions} actions
   */
  constructor(store, stage, root, actions) {
    this.store = store
    this.stage = stage
    this.root = root
    this.actions = actions
    /** @type {Gesture|null} */
    this.gesture = null
    /** The space bar while it is down, and whether it did anything. @type {{used: boolean}|null} */
    this.space = null
    /** Whether the right button resized the brush, so that the menu it also asks for stays away. */
    this.sized = false
    /** Touches that are down, by pointer id: two of them pan and zoom. @type {Map<number, Vec>} */
    this.touches = new Map()
    /** Touches that the graph does not hear of, by identifier. @type {Set<number>} */
    this.kept = new Set()
    const { canvas } = stage
    canvas.addEventListener('pointerdown', (event) => this.down(event))
    canvas.addEventListener('pointermove', (event) => this.move(event))
    canvas.addEventListener('pointerup', (event) => this.up(event))
    canvas.addEventListener('pointercancel', (event) => this.cancelPointer(event))
    canvas.addEventListener('pointerleave', () => this.leave())
    canvas.addEventListener('dblclick', (event) => this.double(event))
    canvas.addEventListener('contextmenu', (event) => this.context(event))
    root.addEventListener('wheel', (event) => this.wheel(event), { passive: false })
    root.addEventListener('keydown', (event) => this.keyDown(event))
    root.addEventListener('keyup', (event) => this.keyUp(event))
    root.addEventListener('pointerdown', (event) => this.takeFocus(event))
    const byTouch = (/** @type {boolean} */ on) => root.classList.toggle('trackgo-touch', on)
    byTouch(matchMedia('(pointer: coarse)').matches)
    root.addEventListener('pointerdown', ({ pointerType }) => byTouch(pointerType === 'touch'), { capture: true })
    root.addEventListener('focusout', () => setTimeout(() => this.left()))
    root.addEventListener('pointerenter', () => stage.prepare())
    this.lasting = new AbortController()
    const capturing = { capture: true, signal: this.lasting.signal }
    window.addEventListener('pointerdown', (event) => this.middle(event, () => this.down(event)), capturing)
    window.addEventListener('pointermove', (event) => this.middle(event, () => this.move(event)), capturing)
    window.addEventListener('pointerup', (event) => this.middle(event, () => this.up(event)), capturing)
    for (const type of TOUCHES) window.addEventListener(type, (event) => this.touch(event), capturing)
    for (const type of SWALLOWED) root.addEventListener(type, (event) => event.stopPropagation())
    root.addEventListener('contextmenu', (event) => event.preventDefault())
  }

  /** The node is gone: what listened beyond its own elements goes too. */
  destroy() {
    this.lasting.abort()
  }

  /**
   * Nodes 2.0 takes the middle button for the graph before it reaches the stage; here it pans the picture.
   * @param {PointerEvent} event
   * @param {() => void} act what the stage does with it
   */
  middle(event, act) {
    if (event.target !== this.stage.canvas || !(event.button === 1 || event.buttons & MIDDLE_HELD)) return
    event.stopImmediatePropagation()
    act()
  }

  /**
   * ComfyUI makes two touches a zoom of the graph, from touch events that it hears before any element does, wherever
   * they are. It counts touches, so of one that began here, or beside one that did, it must not hear the end either.
   * @param {TouchEvent} event
   */
  touch(event) {
    const changed = [...event.changedTouches].map(({ identifier }) => identifier)
    const begins = event.type === 'touchstart'
    const here = this.kept.size > 0 || this.root.contains(/** @type {Node} */ (event.target))
    if (begins && here) for (const id of changed) this.kept.add(id)
    if (changed.some((id) => this.kept.has(id))) event.stopImmediatePropagation()
    if (event.type === 'touchend' || event.type === 'touchcancel') for (const id of changed) this.kept.delete(id)
  }

  /** @param {PointerEvent} event */
  takeFocus(event) {
    if (this.root.contains(document.activeElement) || targetOf(event).closest('input, textarea')) return
    this.root.focus({ preventScroll: true })
  }

  /** Whoever goes on elsewhere is done with an arrow that has somewhere to go; another window is not elsewhere. */
  left() {
    const { store } = this
    const stays = this.root.contains(document.activeElement) || !document.hasFocus()
    if (!stays && store.draft?.kind === 'arrow' && store.draft.before) finishArrow(store)
  }

  /** @param {MouseEvent} event @returns {Vec} where it is on the stage */
  placeOf(event) {
    const { stage } = this
    const box = stage.canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    return [(x * stage.width) / box.width, (y * stage.height) / box.height]
  }

  /** @param {PointerEvent|MouseEvent} event @returns {Pointer} */
  at(event) {
    const place = this.placeOf(event)
    const { pointerType = 'mouse', pressure = 0 } = /** @type {Partial<PointerEvent>} */ (event)
    const { tool } = this.store.view
    const exact = this.stage.toFrac(place)
    const snaps = preferences.snap && SNAPPING.has(tool)
    const frac = snaps ? snapped(exact, this.stage.picture, tool.startsWith('lasso')) : exact
    return {
      stage: place, frac, alt: event.altKey, shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey,
      pen: pointerType === 'pen', pressure, eraser: Boolean(event.buttons & ERASER_HELD),
    }
  }

  // ---- pointer ----------------------------------------------------------------------------------------------

  /** @param {PointerEvent} event */
  down(event) {
    const { tool } = this.store.view
    this.sized = false
    const sizes = event.button === 2 && event.altKey && (tool === 'brush' || tool === 'erase')
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
    else if (event.button === 1 || this.space) this.gesture = this.panning(at)
    else if (tool === 'wand' && !at.eraser) this.gesture = this.actions.beginSelection(at)
    else if (tool === 'bucket' && !at.eraser) this.gesture = this.actions.beginFill(at)
    else this.gesture = begin(this.store, this.stage.scene, at)
    this.stage.request()
  }

  /**
   * Alt and the right button: to the right for a larger brush, to the left for a smaller one; the ring stays put.
   * @param {Pointer} start
   * @returns {Gesture}
   */
  sizing(start) {
    const { radius } = this.store.view
    this.sized = true
    return {
      move: (at) => {
        this.stage.pointer = { ...start, alt: false }
        const factor = Math.exp((at.stage[0] - start.stage[0]) * DRAG_SIZE)
        this.store.setView({ radius: clamp(radius * factor, MIN_RADIUS, MAX_RADIUS) })
      },
      up: () => {}, cancel: () => this.store.setView({ radius }),
    }
  }

  /** @param {Pointer} start @returns {Gesture} */
  panning(start) {
    let last = start.stage
    if (this.space) this.space.used = true
    this.stage.canvas.style.cursor = 'grabbing'
    /** @param {Pointer} at */
    const move = (at) => {
      this.stage.pan(at.stage[0] - last[0], at.stage[1] - last[1])
      last = at.stage
    }
    return { move, up: () => this.cursor(), cancel: () => this.cursor() }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = this.at(event)
    const { gesture } = this
    this.stage.pointer = at
    if (this.touches.has(event.pointerId) && this.touches.size >= 2) {
      this.pinch(event.pointerId, at.stage)
    } else if (gesture) {
      const passed = gesture.latest ? [] : event.getCoalescedEvents?.() ?? []
      this.store.batch(() => {
        for (const step of passed.length ? passed : [event]) gesture.move(this.at(step))
      })
    } else {
      hover(this.store, at)
      this.cursor(at)
    }
    this.stage.request()
  }

  /** Two fingers: zoom about their middle and follow it. @param {number} id the one that moved @param {Vec} to */
  pinch(id, to) {
    const from = this.touches.get(id)
    const [other] = [...this.touches].filter(([key]) => key !== id).map(([, place]) => place)
    if (!from || !other) return
    const spread = (/** @type {Vec} */ a) => Math.hypot(a[0] - other[0], a[1] - other[1])
    /** @type {Vec} */
    const middle = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]
    this.stage.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2)
    if (spread(from) > 1) this.stage.zoom(spread(to) / spread(from), ...middle)
    this.touches.set(id, to)
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.touches.delete(event.pointerId)
    const { gesture } = this
    this.gesture = null
    gesture?.up(this.at(event))
    this.stage.request()
  }

  /** @param {PointerEvent} event */
  cancelPointer(event) {
    this.touches.delete(event.pointerId)
    this.gesture?.cancel()
    this.gesture = null
  }

  leave() {
    if (this.gesture) return
    const { store, stage } = this
    stage.pointer = null
    stage.hovered = null
    if (store.draft?.kind === 'arrow') store.setDraft({ ...store.draft, rubber: null })
    stage.request()
  }

  /** @param {MouseEvent} event */
  double(event) {
    doubleClick(this.store, this.stage.scene, this.at(event))
  }

  /** @param {MouseEvent} event */
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
    else if (at && this.poseCursor(at)) style.cursor = this.poseCursor(at)
    else if (tool === 'camera') style.cursor = at ? this.cameraCursor(at) : 'default'
    else if (this.stage.hovered) style.cursor = 'move'
    else if (tool === 'brush' || tool === 'erase') style.cursor = 'none'
    else style.cursor = tool === 'select' ? 'default' : 'crosshair'
  }

  /** @param {Pointer} at @returns {string} '' where the component's frame is not */
  poseCursor(at) {
    const corners = poseFrame(this.store, this.stage.scene)
    const part = corners && posePart(corners, at.stage)
    return part ? { move: 'move', scale: 'nwse-resize', turn: 'grab' }[part] : ''
  }

  /** @param {Pointer} at */
  cameraCursor(at) {
    return { pan: 'move', zoom: 'nwse-resize', turn: 'grab' }[cameraPart(this.store.drawing, this.stage.scene, at)]
  }

  /**
   * Zoom inside once the editor has the focus; before that the wheel belongs to the graph.
   * @param {WheelEvent} event
   */
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
    const factor = Math.exp(-event.deltaY * unit * WHEEL_ZOOM * (event.ctrlKey ? 4 : 1))
    this.stage.zoom(factor, ...this.placeOf(event))
  }

  // ---- keyboard ---------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    if (targetOf(event).closest('input:not([type=range]), textarea')) {
      event.stopPropagation()
      return
    }
    const combined = event.ctrlKey || event.metaKey
    const handled = combined ? this.command(event) : this.key(event)
    if (handled) event.preventDefault()
    // A plain key that means nothing here would be a shortcut of ComfyUI's; its shortcuts with Ctrl or Alt are wanted.
    if (handled || !(combined || event.altKey)) event.stopPropagation()
  }

  /** Ctrl with a key. @param {KeyboardEvent} event @returns {boolean} whether it means anything here */
  command({ key, shiftKey, altKey }) {
    const letter = key.toLowerCase()
    if (altKey) return false
    if (letter === 'y' || (letter === 'z' && shiftKey)) this.store.redo()
    else if (letter === 'z') this.store.undo()
    else if (letter === 'a') this.store.selectRange(0, Infinity)
    else return false
    return true
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key means anything here */
  key(event) {
    const { store } = this
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (event.altKey && key !== 'Alt') return false
    const forCamera = store.view.tool === 'camera' ? this.cameraKeys(event.shiftKey)[key] : undefined
    const act = forCamera ?? this.keys(event)[key]
    const pressesButton = (key === ' ' || key === 'Enter') && targetOf(event).closest('button')
    if (act && !pressesButton) act()
    else {
      const tool = (event.shiftKey && SHIFT_TOOLS[key]) || KEY_TOOLS[key]
      if (!tool) return false
      chooseTool(store, tool)
    }
    this.cursor()
    return true
  }

  /** What the keys do that do not choose a tool. @param {KeyboardEvent} event @returns {Record<string, () => void>} */
  keys(event) {
    const { store, stage, actions } = this
    const step = event.shiftKey ? 10 : 1
    /** @param {number} dx @param {number} dy */
    const nudge = (dx, dy) => () => nudgeSelected(store, stage.picture, dx * step, dy * step)
    return {
      '[': () => this.resize(1 / RADIUS_STEP), ']': () => this.resize(RADIUS_STEP),
      0: () => stage.fit(), '+': () => stage.zoom(1.25), '=': () => stage.zoom(1.25), '-': () => stage.zoom(0.8),
      s: () => toggleCurve(store), n: () => addAndSelect(store), m: () => nextModelPreview(store),
      i: () => this.changeMask('invert'), '{': () => this.changeMask('shrink'), '}': () => this.changeMask('grow'),
      f: actions.toggleFull, '?': actions.showHelp,
      ' ': () => this.holdSpace(event), Enter: () => finishArrow(store), Escape: () => this.escape(),
      Delete: () => removeSelected(store), Backspace: () => removeSelected(store),
      PageUp: () => chooseComponent(store, -1, event.shiftKey),
      PageDown: () => chooseComponent(store, 1, event.shiftKey),
      ',': () => choosePoint(store, -1), '.': () => choosePoint(store, 1),
      ArrowLeft: nudge(-1, 0), ArrowRight: nudge(1, 0), ArrowUp: nudge(0, -1), ArrowDown: nudge(0, 1),
    }
  }

  /**
   * What the keys do while the camera is the tool, when it is not what they do otherwise.
   * @param {boolean} far
   * @returns {Record<string, () => void>}
   */
  cameraKeys(far) {
    const { store, stage } = this
    const step = far ? 10 : 1
    /** @param {{dx?: number, dy?: number, zoom?: number, turn?: number}} by */
    const nudge = (by) => () => nudgeCamera(store, stage.picture, by)
    return {
      ArrowLeft: nudge({ dx: -step }), ArrowRight: nudge({ dx: step }),
      ArrowUp: nudge({ dy: -step }), ArrowDown: nudge({ dy: step }),
      '[': nudge({ zoom: 1 / CAMERA_ZOOM_STEP }), ']': nudge({ zoom: CAMERA_ZOOM_STEP }),
      ',': nudge({ turn: -1 }), '.': nudge({ turn: 1 }), '<': nudge({ turn: -10 }), '>': nudge({ turn: 10 }),
      Delete: () => resetCamera(store), Backspace: () => resetCamera(store),
    }
  }

  /** @param {MaskTool} tool */
  changeMask(tool) {
    changeMask(this.store, tool, this.store.view.growth, this.stage.picture.width)
  }

  /** Of the brush. @param {number} factor */
  resize(factor) {
    this.store.setView({ radius: clamp(this.store.view.radius * factor, MIN_RADIUS, MAX_RADIUS) })
  }

  /** @param {KeyboardEvent} event */
  holdSpace(event) {
    if (!event.repeat) this.space = { used: false }
  }

  /** @param {KeyboardEvent} event */
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
      dropDraft(store)
    } else if (store.view.arrow >= 0) {
      store.setView({ arrow: -1, point: -1 })
    } else if (this.actions.isFull()) {
      this.actions.toggleFull()
    }
  }
}
