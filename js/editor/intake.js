/**
 * What comes in from outside: pictures and drawing files by button, paste and drop. Anything the editor has no use
 * for goes on to ComfyUI untouched.
 */
import { serializeDrawing, withImage } from './document.js'
import { bundleKind, chooseFile, download, FILE_NAME, isJson, isPicture, readDrawingFile } from './files.js'
import { fill, TEXT } from './texts.js'

export class Intake {
  /**
   * @param {import('./store.js').EditorStore} store
   * @param {HTMLElement} root
   * @param {{upload: (file: File, folder: string) => Promise<string>, pass: (file: File) => void, connected: () => boolean}} host
   *   upload: hands a picture to ComfyUI and returns its name there; pass: a file that was not for the editor
   */
  constructor(store, root, host) {
    Object.assign(this, { store, root, host })
    root.addEventListener('dragover', (event) => this.#over(event))
    root.addEventListener('dragleave', () => root.classList.remove('trackgo-dropping'))
    root.addEventListener('drop', (event) => this.#drop(event))
  }

  /** @returns {import('./menu.js').Item[]} */
  items() {
    const { store } = this
    return [
      { label: TEXT.uploadPicture, icon: 'picture', act: () => this.choosePicture() },
      { label: TEXT.removePicture, disabled: !store.drawing.image, act: () => store.commit(withImage(store.drawing, null)) },
      { label: TEXT.openDrawing, icon: 'open', act: () => chooseFile('.json,application/json', (file) => this.openDrawing(file)) },
      { label: TEXT.saveDrawing, icon: 'save', disabled: !!store.error, act: () => download(store.text, FILE_NAME) },
    ]
  }

  choosePicture() {
    chooseFile('image/*', (file) => this.takePicture(file))
  }

  /** Upload a picture and make it the document's own: one step of undo. */
  async takePicture(file, folder = '') {
    const { store, host } = this
    if (store.error) return store.setView({ hint: TEXT.unreadable })
    if (host.connected()) return store.setView({ hint: TEXT.pictureConnected })
    store.setView({ hint: fill(TEXT.uploading, file.name) })
    try {
      const name = await host.upload(file, folder)
      store.commit(withImage(store.drawing, name), { hint: '' })
    } catch (problem) {
      store.setView({ hint: fill(TEXT.uploadFailed, file.name, problem.message) })
    }
  }

  /**
   * Replace the drawing by a file's: one step of undo. The picture in use stays unless the file names one.
   * @param {boolean} [dropped] another kind of JSON is ComfyUI's then, since it was let go over the graph
   */
  async openDrawing(file, dropped = false) {
    const { store } = this
    const { drawing, error, foreign } = readDrawingFile(await file.text())
    if (foreign && dropped) return this.host.pass(file)
    if (error) return store.setView({ hint: fill(TEXT.notADrawing, file.name, error) })
    const next = drawing.image || !store.drawing.image ? drawing : withImage(drawing, store.drawing.image)
    if (store.error) store.replaceText(serializeDrawing(next))
    else store.commit(next, { selected: next.components.length ? 0 : -1, arrow: -1, point: -1, frame: 0, playing: false })
    store.setView({ hint: fill(TEXT.opened, file.name, next.components.length) })
  }

  /** @param {DataTransfer} clipboard @returns {boolean} whether it held a picture for the editor */
  paste(clipboard) {
    const file = [...clipboard.files].find(isPicture)
    if (file) this.takePicture(file, 'pasted')
    return !!file
  }

  #over(event) {
    const kind = bundleKind(event.dataTransfer)
    this.root.classList.toggle('trackgo-dropping', kind !== null)
    if (kind) claim(event)
  }

  #drop(event) {
    this.root.classList.remove('trackgo-dropping')
    const files = [...(event.dataTransfer?.files ?? [])]
    const picture = files.find(isPicture)
    const json = files.find(isJson)
    if (!picture && !json) return
    claim(event)
    if (picture) this.takePicture(picture)
    else this.openDrawing(json, true)
  }
}

/** The editor takes this event; nothing behind it hears of it. */
function claim(event) {
  event.preventDefault()
  event.stopPropagation()
}
