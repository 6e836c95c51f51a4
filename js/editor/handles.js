/** What is dragged with mouse, pen or finger, and moved with the arrow keys. */
import { clamp } from './dom.js'

/**
 * Drag on a bar or in a box with capture.
 * @param {HTMLElement} handle
 * @param {HTMLElement} bar
 * @param {{
 *   begin: (x: number, y: number) => void, move: (x: number, y: number) => void, done: () => void, cancel?: () => void,
 * }} on fractions of the bar's width and height; cancel: done, if left out
 */
export function dragOnBar(handle, bar, { begin, move, done, cancel = done }) {
  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    event.stopPropagation()
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    /** @param {PointerEvent} e @returns {[number, number]} */
    const place = (e) => {
      const { left, top, width, height } = bar.getBoundingClientRect()
      return [clamp((e.clientX - left) / width, 0, 1), clamp((e.clientY - top) / height, 0, 1)]
    }
    begin(...place(event))
    /** @param {PointerEvent} e */
    const onMove = (e) => {
      e.stopPropagation()
      move(...place(e))
    }
    /** @param {() => void} finish @returns {(e: PointerEvent) => void} */
    const end = (finish) => (e) => {
      e.stopPropagation()
      handle.removeEventListener('pointermove', onMove)
      handle.removeEventListener('pointerup', onUp)
      handle.removeEventListener('pointercancel', onCancel)
      finish()
    }
    const onUp = end(done)
    const onCancel = end(cancel)
    handle.addEventListener('pointermove', onMove)
    handle.addEventListener('pointerup', onUp)
    handle.addEventListener('pointercancel', onCancel)
  })
}

/** @type {Readonly<Record<string, [number, number]>>} */
const ARROWS = Object.freeze({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })

/**
 * @param {HTMLElement} handle
 * @param {(direction: [number, number], coarse: boolean) => void} move right and down; coarse: with Shift
 * @param {() => void} [remove] Delete and Backspace
 */
export function onArrows(handle, move, remove) {
  handle.addEventListener('keydown', (event) => {
    const direction = ARROWS[event.key]
    const removes = remove && (event.key === 'Delete' || event.key === 'Backspace')
    if (!direction && !removes) return
    event.preventDefault()
    event.stopPropagation()
    if (direction) move(direction, event.shiftKey)
    else remove?.()
  })
}
