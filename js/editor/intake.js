/**
 * What comes in from outside: pictures and drawing files by button, paste and drop. Anything the editor has no use
 * for goes on to ComfyUI untouched.
 *
 * @import { MenuItem } from './types.js'
 * @import { EditorStore } from './store.js'
 *
 * @typedef {object} IntakeHost
 * @property {(file: File, folder: string) => Promise<string>} upload hands a picture to ComfyUI; its name there
 * @property {(file: File) => void} pass takes a file that was not for the editor
 * @property {() => boolean} connected whether a picture arrives through the input
 */
import { serializeDrawing, withImage } from './document.js'
import { bundleKind, chooseFile, download, FILE_NAME, isJson, isPicture, readDrawingFile } from './files.js'
import { fill, TEXT } from './texts.js'

export class Intake {
  /** @param {EditorStore} store @param {HTMLElement} root @param {IntakeHost} host */
  constructor(store, root, host) {
    this.store = store
    this.root = root
    this.host = host
    root.addEventListener('dragover', (event) => this.#over(event))
    root.addEventListener('dragleave', () => root.classList.remove('trackgo-dropping'))
    root.addEventListener('drop', (event) => this.#drop(event))
  }

  /** @returns {MenuItem[]} */
  items() {
    const { store } = this
    return [
      { label: TEXT.uploadPicture, icon: 'picture', act: () => this.choosePicture() },
      {
        label: TEXT.removePicture, disabled: !store.drawing.image,
        act: () => store.commit(withImage(store.drawing, null)),
      },
      {
        label: TEXT.openDrawing, icon: 'open',
        act: () => chooseFile('.json,application/json', (file) => void this.openDrawing(file)),
      },
      {
        label: TEXT.saveDrawing, icon: 'save', disabled: !!store.error,
        act: () => download(store.text, FILE_NAME),
      },
    ]
  }

  choosePicture() {
    chooseFile('image/*', (file) => void this.takePicture(file))
  }

  /** Upload a picture and make it the document's own: one step of undo. @param {File} file @param {string} [folder] */
  async takePicture(file, folder = '') {
    const { store, host } = this
    const refusal = store.error ? TEXT.unreadable : host.connected() ? TEXT.pictureConnected : ''
    if (refusal) {
      store.setView({ hint: refusal })
      return
    }
    store.setView({ hint: fill(TEXT.uploading, file.name) })
    try {
      const name = await host.upload(file, folder)
      store.commit(withImage(store.drawing, name), { hint: '' })
    } catch (problem) {
      store.setView({ hint: fill(TEXT.uploadFailed, file.name, /** @type {Error} */ (problem).message) })
    }
  }

  /**
   * Replace the drawing by a file's: one step of undo. The picture in use stays unless the file names one.
   * @param {File} file
   * @param {boolean} [dropped] another kind of JSON is ComfyUI's then, since it was let go over the graph
   */
  async openDrawing(file, dropped = false) {
    const { store } = this
    const { drawing, error, foreign } = readDrawingFile(await file.text())
    if (foreign && dropped) {
      this.host.pass(file)
      return
    }
    if (!drawing) {
      store.setView({ hint: fill(TEXT.notADrawing, file.name, error) })
      return
    }
    const next = drawing.image || !store.drawing.image ? drawing : withImage(drawing, store.drawing.image)
    if (store.error) store.replaceText(serializeDrawing(next))
    else {
      const selected = next.components.length ? 0 : -1
      store.commit(next, { selected, arrow: -1, point: -1, frame: 0, playing: false })
    }
    store.setView({ hint: fill(TEXT.opened, file.name, next.components.length) })
  }

  /** @param {DataTransfer} clipboard @returns {boolean} whether it held a picture for the editor */
  paste(clipboard) {
    const file = [...clipboard.files].find(isPicture)
    if (file) void this.takePicture(file, 'pasted')
    return !!file
  }

  /** @param {DragEvent} event */
  #over(event) {
    const kind = bundleKind(event.dataTransfer)
    this.root.classList.toggle('trackgo-dropping', kind !== null)
    if (kind) claim(event)
  }

  /** @param {DragEvent} event */
  #drop(event) {
    this.root.classList.remove('trackgo-dropping')
    const files = [...(event.dataTransfer?.files ?? [])]
    const picture = files.find(isPicture)
    const json = files.find(isJson)
    if (!picture && !json) return
    claim(event)
    if (picture) void this.takePicture(picture)
    else if (json) void this.openDrawing(json, true)
  }
}

/** The editor takes this event; nothing behind it hears of it. @param {Event} event */
function claim(event) {
  event.preventDefault()
  event.stopPropagation()
}
