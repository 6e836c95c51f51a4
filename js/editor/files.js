/**
 * Drawings and pictures as files: what they are called, what a dropped or pasted bundle holds, reading and saving.
 *
 * @import { Drawing } from './types.js'
 */
import { parseDrawing } from './document.js'

export const FILE_NAME = 'drawing.trackgo.json'
/** Far beyond any drawing; keeps a mistaken drop of a huge file from freezing the page. */
const MAX_BYTES = 64 * 2 ** 20

/** @param {{type: string, name?: string}} file */
export const isPicture = (file) => /^image\/(png|jpe?g|webp|gif|bmp|avif|tiff)$/.test(file.type)

/** @param {{type: string, name?: string}} file */
export const isJson = (file) => file.type === 'application/json' || /\.json$/i.test(file.name ?? '')

/**
 * What the editor can use of a clipboard or a drop. While a drag is under way only kinds and types are known.
 * @param {DataTransfer|null} bundle
 * @returns {'picture'|'json'|null}
 */
export function bundleKind(bundle) {
  const files = [...(bundle?.items ?? [])].filter((item) => item.kind === 'file')
  if (files.some(isPicture)) return 'picture'
  return files.some((item) => item.type === 'application/json') ? 'json' : null
}

/**
 * A file's text as a drawing.
 * @param {string} text
 * @returns {{drawing: Drawing, error: null, foreign: false} | {drawing: null, error: string, foreign: boolean}}
 *   foreign: valid JSON of another kind (a workflow, say), which is not for the editor
 */
export function readDrawingFile(text) {
  if (text.length > MAX_BYTES) return { drawing: null, error: 'The file is too large.', foreign: false }
  const { drawing, error } = parseDrawing(text)
  if (drawing && text.trim() !== '') return { drawing, error: null, foreign: false }
  return { drawing: null, error: error ?? 'The file is empty.', foreign: isForeign(text) }
}

/** @param {string} text */
function isForeign(text) {
  try {
    return !('components' in Object(JSON.parse(text)))
  } catch (problem) {
    if (problem instanceof SyntaxError) return false
    throw problem
  }
}

/** Let the browser save a text under a name. @param {string} text @param {string} name */
export function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  Object.assign(link, { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

/**
 * Ask for a file. Must be called while a click is being handled.
 * @param {string} accept
 * @param {(file: File) => void} use
 */
export function chooseFile(accept, use) {
  const input = document.createElement('input')
  Object.assign(input, { type: 'file', accept })
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    if (file) use(file)
  })
  input.click()
}
