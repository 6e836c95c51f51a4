/**
 * Playback: the masked pixels lifted off the picture and moved, and what was behind them filled in softly.
 *
 * @import { Box, Component, Drawing, MaskEntry, Picture, Raster, Size, StagePicture } from './types.js'
 * @import { MaskLayer } from './masks.js'
 *
 * @typedef {MaskEntry & {box: Box}} CoveringEntry
 */
import { arrowsOf } from './accessors.js'
import { cameraMotion, cameraMoves } from './camera.js'
import { contextOf, makeCanvas } from './canvas.js'
import { componentMotion, compose, motionMatrix } from './motion.js'

/** The hole is filled at this many pixels on the longer side: it only has to be unobtrusive. */
const FILL_SIDE = 160
/** So long nothing may change before playback is made ready. */
const REST_MS = 300

/**
 * Pull–push: average the known pixels down a pyramid, then fill unknown ones from the level below.
 * @param {Float32Array} rgba length 4·width·height; the last channel is 1 where the color is known, else all are 0
 * @param {number} width
 * @param {number} height
 * @returns {Float32Array} same layout, every color filled in as soon as any was known
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

/**
 * One pixel, interpolated between the four around it.
 * @param {Float32Array} source
 * @param {number} width of the source
 * @param {number} height
 * @param {number} x in the source
 * @param {number} y
 * @param {Float32Array} target
 * @param {number} at where in the target its four channels begin
 */
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

/**
 * How much a pixel of a mask counts, 0–255: less at its edge, so that the edge is smooth and takes nothing of the
 * background along. trackgo/engines/cut_and_drag.py does the same.
 * @param {Raster} raster
 * @param {number} x
 * @param {number} y
 */
function softEdge({ data, width, height }, x, y) {
  if (data[y * width + x] === 0) return 0
  let sum = 0
  for (let j = -1; j <= 1; j += 1) {
    const row = Math.min(Math.max(y + j, 0), height - 1) * width
    for (let i = -1; i <= 1; i += 1) {
      sum += data[row + Math.min(Math.max(x + i, 0), width - 1)] * (2 - Math.abs(i)) * (2 - Math.abs(j))
    }
  }
  return Math.round(sum * 255 / 16)
}

/**
 * The picture at raster size, cut to a mask's box.
 * @param {Picture} picture
 * @param {CoveringEntry} entry
 * @param {Size} size the raster's
 * @param {boolean} moves what stays where it is keeps its edge, so that it fits what is around it
 */
function cutOut(picture, entry, size, moves) {
  const { box, raster } = entry
  const [w, h] = [box.x1 - box.x0, box.y1 - box.y0]
  const canvas = makeCanvas(w, h)
  const context = contextOf(canvas)
  const alpha = new ImageData(w, h)
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const [left, top] = [x + box.x0, y + box.y0]
      const whole = raster.data[top * raster.width + left] * 255
      alpha.data[4 * (y * w + x) + 3] = moves ? softEdge(raster, left, top) : whole
    }
  }
  context.putImageData(alpha, 0, 0)
  context.globalCompositeOperation = 'source-in'
  const source = picture.proxy ?? picture.source // the copy is still larger than the raster
  const { width, height } = picture.proxy ?? picture
  const [sx, sy] = [width / size.width, height / size.height]
  context.drawImage(source, box.x0 * sx, box.y0 * sy, w * sx, h * sy, 0, 0, w, h)
  return canvas
}

/**
 * What is behind the lifted pixels: a canvas that covers exactly the union of the masks.
 * @param {Picture} picture
 * @param {CoveringEntry[]} entries
 * @param {Size} size the raster's
 */
function fillBehind(picture, entries, size) {
  const union = makeCanvas(size.width, size.height)
  const context = contextOf(union)
  const covered = context.createImageData(size.width, size.height)
  for (const { raster: { data }, box } of entries) {
    for (let y = box.y0; y < box.y1; y += 1) {
      for (let i = y * size.width + box.x0, end = i + box.x1 - box.x0; i < end; i += 1) {
        if (data[i]) covered.data[4 * i + 3] = 255
      }
    }
  }
  context.putImageData(covered, 0, 0)
  const scale = Math.min(1, FILL_SIDE / Math.max(size.width, size.height))
  const [w, h] = [Math.max(1, Math.round(size.width * scale)), Math.max(1, Math.round(size.height * scale))]
  const small = makeCanvas(w, h)
  const ink = contextOf(small, { willReadFrequently: true })
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
  // Keep the soft colors only where pixels were lifted.
  context.globalCompositeOperation = 'source-in'
  context.imageSmoothingQuality = 'high'
  context.drawImage(small, 0, 0, size.width, size.height)
  return union
}

export class MotionPreview {
  constructor() {
    /** What the rest was made from: the picture, and which components with which rasters. @type {unknown[]} */
    this.key = []
    /** @type {{index: number, box: Box, canvas: HTMLCanvasElement}[]} */
    this.parts = []
    /** @type {HTMLCanvasElement|null} */
    this.behind = null
    /**
     * Cut-outs of one picture: a new stroke on one component leaves the others' alone.
     * @type {WeakMap<Raster, {moves: boolean, canvas: HTMLCanvasElement}>}
     */
    this.cut = new WeakMap()
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined
  }

  /** Do something once nothing has asked for it for a while and the page is idle. @param {() => void} task */
  prepareSoon(task) {
    this.stop()
    const whenIdle = () => {
      if ('requestIdleCallback' in window) requestIdleCallback(task)
      else task() // Safari has no such callback
    }
    this.timer = setTimeout(whenIdle, REST_MS)
  }

  stop() {
    clearTimeout(this.timer)
  }

  /**
   * Rebuild what depends on the picture and the masks; cheap when neither changed.
   * @param {Picture} picture
   * @param {Drawing} drawing
   * @param {MaskLayer} masks up to date with the drawing
   */
  prepare(picture, drawing, masks) {
    const moving = drawing.components.map((_, i) => i)
      .filter((i) => !drawing.components[i].hidden && masks.entries[i]?.box)
    const key = [
      picture.source, ...moving.flatMap((i) => [i, masks.entries[i].raster, hasWay(drawing.components[i])]),
    ]
    if (key.length === this.key.length && key.every((k, i) => k === this.key[i])) return
    if (this.key[0] !== picture.source) this.cut = new WeakMap()
    this.key = key
    const entries = moving.map((i) => /** @type {CoveringEntry} */ (masks.entries[i]))
    this.parts = entries.map((entry, i) => {
      const canvas = this.#cutOut(picture, entry, masks.size, hasWay(drawing.components[moving[i]]))
      return { index: moving[i], box: entry.box, canvas }
    })
    this.behind = entries.length ? fillBehind(picture, entries, masks.size) : null
  }

  /** @param {Picture} picture @param {CoveringEntry} entry @param {Size} size @param {boolean} moving */
  #cutOut(picture, entry, size, moving) {
    const known = this.cut.get(entry.raster)
    if (known?.moves === moving) return known.canvas
    const canvas = cutOut(picture, entry, size, moving)
    this.cut.set(entry.raster, { moves: moving, canvas })
    return canvas
  }

  /**
   * Draw the moved pixels over the picture. The context's unit must be one raster pixel, origin at the corner.
   * @param {CanvasRenderingContext2D} context
   * @param {Picture} picture
   * @param {Drawing} drawing
   * @param {MaskLayer} masks
   * @param {number} frame
   * @param {number} frames
   */
  draw(context, picture, drawing, masks, frame, frames) {
    this.prepare(picture, drawing, masks)
    const placed = this.parts.map(({ index }) => (
      motionInRaster(drawing, drawing.components[index], masks.size, picture, frame, frames)))
    if (!cameraMoves(drawing) && placed.every(isStill)) return
    context.save()
    if (cameraMoves(drawing)) this.#drawScene(context, picture, drawing, masks.size, frame, frames)
    if (this.behind) context.drawImage(this.behind, 0, 0)
    context.restore()
    this.parts.forEach(({ box, canvas }, i) => {
      context.save()
      context.transform(...placed[i])
      context.drawImage(canvas, box.x0, box.y0)
      context.restore()
    })
  }

  /**
   * The whole picture where the camera shows it; beyond its border there is nothing yet, and that is drawn too.
   * @param {CanvasRenderingContext2D} context
   * @param {Picture} picture
   * @param {Drawing} drawing
   * @param {Size} size the raster's
   * @param {number} frame
   * @param {number} frames
   */
  #drawScene(context, picture, drawing, size, frame, frames) {
    drawUnknown(context, size)
    const camera = cameraMotion(drawing, frame, frames, picture.width, picture.height)
    context.transform(...motionMatrix(camera, size.width / picture.width))
    context.drawImage(picture.proxy ?? picture.source, 0, 0, size.width, size.height)
  }
}

/** @param {ReturnType<typeof motionMatrix>} matrix @returns {boolean} whether it leaves everything where it is */
const isStill = ([a, b, , , e, f]) => a === 1 && b === 0 && Math.abs(e) < 1e-9 && Math.abs(f) < 1e-9

/** @param {Component} component @returns {boolean} whether any arrow of its own leads anywhere */
function hasWay(component) {
  return arrowsOf(component).some(({ points: [first, ...rest] }) => (
    rest.some(([u, v]) => u !== first[0] || v !== first[1])))
}

/**
 * A component's motion, and the camera's on top of it, in raster pixels.
 * @param {Drawing} drawing
 * @param {Component} component
 * @param {Size} size the raster's
 * @param {StagePicture} picture
 * @param {number} frame
 * @param {number} frames
 */
export function motionInRaster(drawing, component, size, picture, frame, frames) {
  const own = componentMotion(component, frame, frames, picture.width, picture.height)
  const filmed = compose(own, cameraMotion(drawing, frame, frames, picture.width, picture.height))
  return motionMatrix(filmed, size.width / picture.width)
}

/**
 * What the camera shows beyond the picture: the model will invent it.
 * @param {CanvasRenderingContext2D} context
 * @param {Size} size the raster's
 */
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
