/**
 * A component's pose at the end of its way as numbers to type: how far, how large, how much turned.
 *
 * @import { Scene } from './types.js'
 * @import { Pose } from './pose.js'
 * @import { EditorStore } from './store.js'
 */
import { el, numberField } from './dom.js'
import { farthestFrame } from './motion.js'
import { poseOf, withPose } from './pose.js'
import { TEXT } from './texts.js'

/**
 * Key, title, unit, step, least and most.
 * @type {readonly [keyof Pose, keyof typeof TEXT, string, number, number, number][]}
 */
const FIELDS = Object.freeze([
  ['dx', 'poseX', 'px', 1, -1e5, 1e5], ['dy', 'poseY', 'px', 1, -1e5, 1e5],
  ['scale', 'poseScale', '×', 0.05, 0.01, 100], ['turn', 'poseTurn', '°', 1, -3600, 3600],
])
/** @type {Readonly<Record<keyof Pose, string>>} */
const LABELS = Object.freeze({ dx: 'Δx', dy: 'Δy', scale: '×', turn: '↻' })

/** @param {number} value */
const shown = (value) => String(Number(value.toFixed(2)))

/**
 * @param {EditorStore} store
 * @param {number} index
 * @param {Scene} scene
 */
export function poseMenu(store, index, scene) {
  const { frames } = store.view
  const extent = scene.extent(index)
  const component = store.drawing.components[index]
  const last = farthestFrame(component, frames)
  if (!extent) return el('div', { class: 'trackgo-menu-field' }, [TEXT.noMask])
  const pose = poseOf(component, extent, last, frames, scene)
  const fields = FIELDS.map(([key, title, unit, step, min, max]) => {
    const props = { min, max, step, 'data-pose': key, disabled: !!component.locked }
    const input = numberField(TEXT[title], props, () => shown(pose[key]), (value) => typed(key, value))
    return el('label', { class: 'trackgo-menu-field', title: TEXT[title] }, [LABELS[key], input, unit])
  })

  /** @param {keyof Pose} key @param {number} value */
  function typed(key, value) {
    pose[key] = value
    const drawing = extent && withPose(store.drawing, index, extent, { ...pose }, last, frames, scene)
    if (drawing) store.commit(drawing, { selected: index, arrow: -1, point: -1 })
    else store.setView({ hint: TEXT.poseNever })
  }

  return el('div', {}, fields)
}
