/**
 * What the editor knows: the document with its history, and how it is being looked at. No DOM.
 *
 * Only `commit`, `restore`, `undo` and `redo` change the document, and each reports the new text once.
 * A `draft` is an unfinished gesture: shown, never saved.
 *
 * @import { Arrivals, Draft, Drawing, History, PaintTarget, Refusal, Rgb, Tool, ViewState } from './types.js'
 */
import { cameraMoves } from './camera.js'
import { drawnColor } from './colors.js'
import { arrowsOf, nameOf, takesInput } from './accessors.js'
import { budgetProblem } from './document-checks.js'
import { addComponent, emptyDrawing, parseDrawing, serializeDrawing } from './document.js'
import * as history from './history.js'
import { historyAt } from './memory.js'
import { preferences } from './preferences.js'
import { fill, TEXT } from './texts.js'

/** @type {Arrivals} */
const NOTHING = Object.freeze({ components: Object.freeze([]), masks: Object.freeze([]) })

/** @type {readonly Tool[]} */
export const TOOLS = Object.freeze([
  'select', 'wand', 'brush', 'erase', 'lasso', 'lasso-erase', 'fill', 'bucket', 'arrow', 'freehand', 'camera',
])
/** Nothing else is selected. @type {readonly number[]} */
export const ALONE = Object.freeze([])
export const MIN_RADIUS = 0.002
export const MAX_RADIUS = 0.25

export class EditorStore {
  /**
   * @param {object} [options]
   * @param {(text: string) => void} [options.onChange] hears every change of the saved text
   * @param {(drawing: Drawing) => History<Drawing>|null} [options.recall] the history that a loaded drawing has already
   */
  constructor({ onChange = () => {}, recall = () => null } = {}) {
    this.onChange = onChange
    this.recall = recall
    /** @type {Set<() => void>} */
    this.listeners = new Set()
    /** @type {{changed: boolean}|null} */
    this.batching = null
    this.text = serializeDrawing(emptyDrawing())
    /** Why the text is no drawing. @type {string|null} */
    this.error = null
    /** @type {History<Drawing>} */
    this.history = history.createHistory(emptyDrawing())
    /** @type {Draft|null} */
    this.draft = null
    /** @type {Arrivals} */
    this.arrivals = NOTHING
    /** Counts the changes of `arrivals`. */
    this.arrivalsVersion = 0
    /** @type {WeakMap<Drawing, Drawing>} */
    this.mergedDrawings = new WeakMap()
    /** @type {ViewState} */
    this.view = {
      selected: -1, also: ALONE, arrow: -1, point: -1, tool: 'brush', radius: preferences.brush, curve: 'straight',
      frame: 0, frames: 14, playing: false, hint: '', modelPreview: 'off', growth: 4, tolerance: 32,
    }
  }

  /** @param {() => void} listener @returns {() => void} unsubscribe */
  subscribe(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  changed() {
    if (this.batching) {
      this.batching.changed = true
      return
    }
    for (const listener of this.listeners) listener()
  }

  /** Several steps at once: listeners hear of them together, at the end. @param {() => void} steps */
  batch(steps) {
    const outer = this.batching
    this.batching = { changed: false }
    try {
      steps()
    } finally {
      const { changed } = this.batching
      this.batching = outer
      if (changed) this.changed()
    }
  }

  /** The document as saved. */
  get drawing() {
    return this.history.present
  }

  /** The document as it would be if the gesture in progress ended now. */
  get shown() {
    return this.draft?.kind === 'drawing' ? this.draft.drawing : this.drawing
  }

  /** @param {Arrivals|null} arrivals */
  setArrivals(arrivals) {
    if (!arrivals && this.arrivals === NOTHING) return
    this.arrivals = arrivals ?? NOTHING
    this.arrivalsVersion += 1
    this.mergedDrawings = new WeakMap()
    this.changed()
  }

  /** How many components come before the document's own. */
  get offset() {
    return this.arrivals.components.length
  }

  /**
   * A document as the node will see it, with what arrives. The same object for the same document.
   * @param {Drawing} drawing
   */
  merged(drawing) {
    if (this.arrivals === NOTHING) return drawing
    const merged = this.mergedDrawings.get(drawing) ?? this.#merge(drawing)
    this.mergedDrawings.set(drawing, merged)
    return merged
  }

  /** @param {Drawing} drawing @returns {Drawing} */
  #merge(drawing) {
    const { camera, components, masks } = this.arrivals
    let taken = 0
    const own = drawing.components.map((component) => {
      if (masks.length === 0 || !takesInput(component)) return component
      taken += 1
      return { ...component, mask: masks[Math.min(taken, masks.length) - 1] }
    })
    const moving = [drawing.camera, camera].find((one) => one && cameraMoves({ camera: one }))
    return { ...drawing, components: [...components, ...own], ...(moving ? { camera: moving } : {}) }
  }

  /** The color that one of the document's own components has in P. @param {number} index @returns {Rgb} */
  color(index, drawing = this.shown) {
    return drawnColor(this.merged(drawing), index + this.offset)
  }

  get component() {
    return this.drawing.components[this.view.selected] ?? null
  }

  /** The selected components' indices, from the first to the last. */
  get group() {
    const { selected, also } = this.view
    return selected < 0 ? [] : [selected, ...also].sort((a, b) => a - b)
  }

  /** What a command on a component is for: all that are selected, if it is one of them. @param {number} index */
  groupOf(index) {
    const { group } = this
    return group.includes(index) ? group : [index]
  }

  /** One more component is selected, or one less. @param {number} index */
  toggleSelected(index) {
    const { selected, also } = this.view
    if (selected < 0) this.setView({ selected: index })
    else if (index !== selected) this.setView({ also: also.includes(index) ? without(also, index) : [...also, index] })
    else if (also.length) this.setView({ selected: also[0], also: also.slice(1) })
    this.setView({ arrow: -1, point: -1 })
  }

  /** The selected component and the others from `from` to `to`. @param {number} from @param {number} to */
  selectRange(from, to) {
    const all = [...this.drawing.components.keys()].filter((i) => i >= from && i <= to)
    const selected = Math.max(this.view.selected, from)
    if (all.length) this.setView({ selected, also: without(all, selected), arrow: -1, point: -1 })
  }

  /**
   * Take a widget value: the same text again changes nothing. Another one is looked up in the history, and in the one
   * that it may have had in another editor; if it is in neither, a new history begins.
   * @param {string} text
   */
  load(text) {
    const begun = this.canUndo || this.canRedo
    if (text === this.text && begun) return
    const parsed = parseDrawing(text)
    const known = parsed.drawing && ((begun && historyAt(this.history, parsed.drawing)) || this.recall(parsed.drawing))
    if (text === this.text && !known) return
    this.text = parsed.text
    this.error = parsed.error
    this.history = known || history.createHistory(parsed.drawing ?? emptyDrawing())
    this.draft = null
    const selected = this.drawing.components.length ? 0 : -1
    this.view = { ...this.view, selected, also: ALONE, arrow: -1, point: -1, frame: 0, playing: false }
    this.changed()
  }

  /**
   * Change how things are looked at; never recorded.
   * @param {Partial<ViewState>} patch
   * @returns {boolean} whether anything changed
   */
  setView(patch) {
    const before = /** @type {Record<string, unknown>} */ (this.view)
    if (Object.entries(patch).every(([key, value]) => before[key] === value)) return false
    this.#look(patch)
    this.changed()
    return true
  }

  /** Another component that is selected is alone, unless the patch says more. @param {Partial<ViewState>} patch */
  #look(patch) {
    const { selected, also } = this.view
    const kept = patch.selected === undefined || patch.selected === selected ? also : ALONE
    this.view = { ...this.view, also: kept, ...patch }
  }

  /** @param {Draft|null} draft */
  setDraft(draft) {
    this.draft = draft
    this.changed()
  }

  /**
   * Finish a gesture; one that would take the drawing beyond its budget is not kept, and said.
   * @param {Drawing} drawing
   * @param {Partial<ViewState>} [view] selection to go with it
   */
  commit(drawing, view) {
    this.restore(this.history, drawing, view)
  }

  /**
   * Go back to a history, as if nothing had happened since; with a drawing, as if only that had.
   * @param {History<Drawing>} before
   * @param {Drawing} [drawing]
   * @param {Partial<ViewState>} [view] selection to go with it
   */
  restore(before, drawing = before.present, view = {}) {
    this.draft = null
    const problem = budgetProblem(drawing.components)
    this.#look(problem ? { hint: problem } : view)
    if (!this.error && !problem) this.#replace(history.commit(before, drawing), view.also)
    this.changed()
  }

  /** Of an arrow that has only its first point, that point. */
  undo() {
    if (this.draft?.kind === 'arrow' && !this.draft.before) {
      this.setDraft(null)
      return
    }
    this.draft = null
    this.#replace(history.undo(this.history))
    this.changed()
  }

  redo() {
    this.draft = null
    this.#replace(history.redo(this.history))
    this.changed()
  }

  get canUndo() {
    return history.canUndo(this.history)
  }

  get canRedo() {
    return history.canRedo(this.history)
  }

  /** Put another text in a malformed one's place. Only ever called on the user's explicit wish. @param {string} text */
  replaceText(text) {
    if (text === this.text) return
    this.load(text)
    this.onChange(this.text)
  }

  /** @param {History<Drawing>} next @param {readonly number[]} [also] what else is selected then */
  #replace(next, also) {
    if (next === this.history) return
    const { length } = this.drawing.components
    this.history = next
    this.#keepSelection(also ?? (length === this.drawing.components.length ? this.view.also : ALONE))
    const text = serializeDrawing(this.drawing)
    if (text === this.text) return
    this.text = text
    this.onChange(text)
  }

  /** Selection survives undo as far as what it points at is still there. @param {readonly number[]} also */
  #keepSelection(also) {
    const count = this.drawing.components.length
    const selected = Math.min(Math.max(this.view.selected, count ? 0 : -1), count - 1)
    const arrows = selected < 0 ? [] : arrowsOf(this.drawing.components[selected])
    const arrow = selected === this.view.selected && this.view.arrow < arrows.length ? this.view.arrow : -1
    const point = arrow >= 0 && this.view.point < arrows[arrow].points.length ? this.view.point : -1
    this.view = { ...this.view, selected, also, arrow, point }
  }

  /**
   * The component a painting gesture goes to; the first gesture on an empty drawing brings one along.
   * @returns {PaintTarget|Refusal}
   */
  paintTarget() {
    const { drawing } = this
    if (this.error) return { refusal: TEXT.unreadable }
    if (drawing.components.length === 0) return { drawing: addComponent(drawing), index: 0 }
    const index = this.view.selected < 0 ? drawing.components.length - 1 : this.view.selected
    const component = drawing.components[index]
    if (component.locked) return { refusal: fill(TEXT.isLocked, nameOf(component, index)) }
    if (component.hidden) return { refusal: fill(TEXT.isHidden, nameOf(component, index)) }
    return { drawing, index }
  }
}

/** @param {readonly number[]} indices @param {number} index */
const without = (indices, index) => indices.filter((i) => i !== index)
