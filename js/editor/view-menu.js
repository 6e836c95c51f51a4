/**
 * How the picture and the masks are looked at: a popover of sliders and switches, the same in every editor.
 */
import { el, ownUndo } from './dom.js'
import { icon } from './icons.js'
import { keeper, prefer, preferences } from './preferences.js'
import { TEXT } from './texts.js'

/**
 * Name, shown per unit, greatest, step, unit.
 * @type {readonly ['maskOpacity'|'maskHue', number, number, number, string][]}
 */
const SLIDERS = [['maskOpacity', 100, 100, 5, '%'], ['maskHue', 1, 345, 15, '°']]
const SWITCHES = /** @type {const} */ (['outlineOnly', 'grid', 'thirds', 'snap', 'ruler', 'clipFrames'])

/** @param {typeof SLIDERS[number]} row */
function slider([name, scale, max, step, unit]) {
  const text = () => `${Math.round(preferences[name] * scale)} ${unit}`
  const number = el('span', { class: 'trackgo-count' }, [text()])
  const input = el('input', {
    type: 'range', class: 'trackgo-size', min: '0', max: String(max), step: String(step),
    value: String(preferences[name] * scale), 'aria-label': TEXT[name], 'aria-valuetext': text(), 'data-view': name,
    on: {
      input: () => {
        prefer({ [name]: Number(input.value) / scale })
        number.textContent = text()
        input.setAttribute('aria-valuetext', text())
      },
      change: () => keeper.keep(name),
    },
  })
  return el('label', { class: 'trackgo-menu-field', title: TEXT[`${name}Title`] }, [TEXT[name], input, number])
}

/** It stays open, so that several can be switched. @param {typeof SWITCHES[number]} name */
function toggle(name) {
  const button = el('button', {
    class: 'trackgo-menu-item', role: 'menuitemcheckbox', 'aria-checked': String(preferences[name]), 'data-view': name,
    title: TEXT[`${name}Title`],
    on: {
      click: () => {
        prefer({ [name]: !preferences[name] })
        keeper.keep(name)
        button.setAttribute('aria-checked', String(preferences[name]))
      },
    },
  }, [el('span', { class: 'trackgo-menu-icon trackgo-check', innerHTML: icon('check') }), TEXT[name]])
  return ownUndo(button)
}

export const viewMenu = () => el('div', {}, [...SLIDERS.map(slider), ...SWITCHES.map(toggle)])
