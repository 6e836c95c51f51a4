/**
 * Playback: the masked pixels lifted off the picture and moved, and what was behind them filled in softly.
 */
import { cameraMotion, cameraMoves } from './camera.js'
import { componentMotion, compose, motionMatrix } from './motion.js'
import { makeCanvas } from './masks.js'

/** The hole is filled at this many pixels on the longer side: it only has to be unobtrusive. */
const FILL_SIDE = 160
/** So long nothing may change before playback is made ready. */
const REST_MS = 300

/**
 * Pull–push: average the known pixels down a pyramid, then fill unknown ones from the level below.
 * @param {Float32Array} rgba length 4·width·height; the last channel is 1 where the colour is known, else all four are 0
 * @returns {Float32Array} same layout, every colour filled in as soon as any was known
 */
export function pullPush(rgba, width, height) {
  if (width <= 1 && height <= 1) return rgba
  const w = Math.ceil(width / 2)
  const h = Math.ceil(height / 2)
  const small = new Float32Array(4 * w * h)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 4 * (y * width + x)
      const to = 4 * ((y >> 1) * w + (x >> 1))
      for (let c = 0; c < 4; c += 1) small[to + c] += rgba[from + c]
    }
  }
  for (let i = 0; i < small.length; i += 4) {
    if (small[i + 3] === 0) continue
    for (let c = 0; c < 3; c += 1) small[i + c] /= small[i + 3]
    small[i + 3] = 1
  }
  const below = pullPush(small, w, h)
  const filled = rgba.slice()
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = 4 * (y * width + x)
      if (rgba[at + 3] > 0) continue
      sampleSmooth(below, w, h, (x - 0.5) / 2, (y - 0.5) / 2, filled, at)
    }
  }
  return filled
}

function sampleSmooth(source, width, height, x, y, target, at) {
  const x0 = Math.min(Math.max(Math.floor(x), 0), width - 1)
  const y0 = Math.min(Math.max(Math.floor(y), 0), height - 1)
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)]
  const [tx, ty] = [Math.min(Math.max(x - x0, 0), 1), Math.min(Math.max(y - y0, 0), 1)]
  for (let c = 0; c < 4; c += 1) {
    const top = source[4 * (y0 * width + x0) + c] * (1 - tx) + source[4 * (y0 * width + x1) + c] * tx
    const bottom = source[4 * (y1 * width + x0) + c] * (1 - tx) + source[4 * (y1 * width + x1) + c] * tx
    target[at + c] = top * (1 - ty) + bottom * ty
  }
}

/** The picture at raster size, cut to a mask's box. */
function cutOut(picture, entry, size) {
  const { box, raster } = entry
  const [w, h] = [box.x1 - box.x0, box.y1 - box.y0]
  const canvas = makeCanvas(w, h)
  const context = canvas.getContext('2d')
  const alpha = new ImageData(w, h)
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) alpha.data[4 * (y * w + x) + 3] = raster.data[(y + box.y0) * raster.width + x + box.x0] * 255
  }
  context.putImageData(alpha, 0, 0)
  context.globalCompositeOperation = 'source-in'
  const source = picture.proxy ?? picture.source // the copy is still larger than the raster
  const [sx, sy] = [(picture.proxy?.width ?? picture.width) / size.width, (picture.proxy?.height ?? picture.height) / size.height]
  context.drawImage(source, box.x0 * sx, box.y0 * sy, w * sx, h * sy, 0, 0, w, h)
  return canvas
}

/** What is behind the lifted pixels: a canvas that covers exactly the union of the masks. */
function fillBehind(picture, entries, size) {
  const union = makeCanvas(size.width, size.height)
  const context = union.getContext('2d')
  for (const entry of entries) context.drawImage(entry.tint, entry.box.x0, entry.box.y0)
  const scale = Math.min(1, FILL_SIDE / Math.max(size.width, size.height))
  const [w, h] = [Math.max(1, Math.round(size.width * scale)), Math.max(1, Math.round(size.height * scale))]
  const small = makeCanvas(w, h)
  const ink = small.getContext('2d', { willReadFrequently: true })
  ink.drawImage(union, 0, 0, w, h)
  const hole = ink.getImageData(0, 0, w, h).data
  ink.drawImage(picture.proxy ?? picture.source, 0, 0, w, h)
  const image = ink.getImageData(0, 0, w, h)
  const known = new Float32Array(4 * w * h)
  for (let i = 0; i < known.length; i += 4) {
    if (hole[i + 3] > 0) continue
    for (let c = 0; c < 3; c += 1) known[i + c] = image.data[i + c]
    known[i + 3] = 1
  }
  const filled = pullPush(known, w, h)
  for (let i = 0; i < known.length; i += 1) image.data[i] = i % 4 === 3 ? 255 : filled[i]
  ink.putImageData(image, 0, 0)
  // Keep the soft colours only where pixels were lifted; draw the masks a few times so that the tint is opaque.
  for (let i = 0; i < 5; i += 1) context.drawImage(union, 0, 0)
  context.globalCompositeOperation = 'source-in'
  context.imageSmoothingQuality = 'high'
  context.drawImage(small, 0, 0, size.width, size.height)
  return union
}

export class MotionPreview {
  constructor() {
    this.key = []
    this.parts = []
    this.behind = null
    /** Cut-outs of one picture, by raster: a new stroke on one component leaves the others' alone. */
    this.cut = new WeakMap()
  }

  /** Do something once nothing has asked for it for a while and the page is idle. @param {() => void} task */
  prepareSoon(task) {
    this.stop()
    this.timer = setTimeout(() => (window.requestIdleCallback ? requestIdleCallback(task) : task()), REST_MS)
  }

  stop() {
    clearTimeout(this.timer)
  }

  /** Rebuild what depends on the picture and the masks; cheap when neither changed. */
  prepare(picture, drawing, masks) {
    const moving = drawing.components.map((_, i) => i)
      .filter((i) => !drawing.components[i].hidden && masks.entries[i]?.box)
    const key = [picture.source, ...moving.flatMap((i) => [i, masks.entries[i].raster])]
    if (key.length === this.key.length && key.every((k, i) => k === this.key[i])) return
    if (this.key[0] !== picture.source) this.cut = new WeakMap()
    this.key = key
    const entries = moving.map((i) => masks.tint(i))
    this.parts = moving.map((index, i) => ({ index, box: entries[i].box, canvas: this.#cutOut(picture, entries[i], masks.size) }))
    this.behind = entries.length ? fillBehind(picture, entries, masks.size) : null
  }

  #cutOut(picture, entry, size) {
    if (!this.cut.has(entry.raster)) this.cut.set(entry.raster, cutOut(picture, entry, size))
    return this.cut.get(entry.raster)
  }

  /**
   * Draw the moved pixels over the picture. The context's unit must be one raster pixel, origin at the corner.
   * @param {{source: CanvasImageSource, width: number, height: number}} picture
   */
  draw(context, picture, drawing, masks, frame, frames) {
    this.prepare(picture, drawing, masks)
    context.save()
    if (cameraMoves(drawing)) this.#drawScene(context, picture, drawing, masks.size, frame, frames)
    if (this.behind) context.drawImage(this.behind, 0, 0)
    context.restore()
    for (const { index, box, canvas } of this.parts) {
      context.save()
      context.transform(...this.matrix(drawing, drawing.components[index], masks.size, picture, frame, frames))
      context.drawImage(canvas, box.x0, box.y0)
      context.restore()
    }
  }

  /** The whole picture where the camera shows it; beyond its border there is nothing yet, and that is drawn too. */
  #drawScene(context, picture, drawing, size, frame, frames) {
    drawUnknown(context, size)
    const camera = cameraMotion(drawing, frame, frames, picture.width, picture.height)
    context.transform(...motionMatrix(camera, size.width / picture.width))
    context.drawImage(picture.proxy ?? picture.source, 0, 0, size.width, size.height)
  }

  /** A component's motion, and the camera's on top of it, in raster pixels. */
  matrix(drawing, component, size, picture, frame, frames) {
    const own = componentMotion(component, frame, frames, picture.width, picture.height)
    const seen = compose(own, cameraMotion(drawing, frame, frames, picture.width, picture.height))
    return motionMatrix(seen, size.width / picture.width)
  }
}

/** What the camera shows beyond the picture: the model will invent it. */
function drawUnknown(context, { width, height }) {
  context.fillStyle = '#26272b'
  context.fillRect(0, 0, width, height)
  const gap = Math.max(width, height) / 64
  context.beginPath()
  for (let x = -height; x < width; x += gap) {
    context.moveTo(x, height)
    context.lineTo(x + height, 0)
  }
  context.strokeStyle = '#34363b'
  context.lineWidth = gap / 5
  context.stroke()
}
