/**
 * Component masks as pictures for the stage. Rasters follow the document by identity: a mask that only gained
 * strokes gets only those strokes drawn, everything else is left alone.
 *
 * @import {
 *   Box, BrushStroke, Component, Drawing, LassoStroke, LiveMask, MaskEntry, Point, Raster, Rgb, Size, TintedEntry
 * } from './types.js'
 *
 * @typedef {{data: Uint8Array, width: number, height: number}} GreyPicture  one value per pixel
 */
import { strokesOf } from './accessors.js'
import { contextOf, makeCanvas } from './canvas.js'
import { drawnColor } from './colors.js'
import { preferences } from './preferences.js'
import { applyStroke, applyStrokes, createRaster, samplePicture } from './rasterize.js'

/** Masks are shown at this many pixels on the picture's longer side. */
export const RASTER_SIDE = 1024
const INSIDE_ALPHA = 96
const EDGE_ALPHA = 235
/** Around the colored edge run a dark and a light line: one of them shows on whatever is behind. @type {Rgb} */
const DARK = Object.freeze([16, 16, 20])
/** @type {Rgb} */
const LIGHT = Object.freeze([244, 244, 240])
const LINE_ALPHA = 225

/** How wide each line of the outline is; the colored edge is twice as wide. @param {number} width of a raster */
const outlineWidth = (width) => Math.max(1, Math.round(width / 512))

/** @param {number} width @param {number} height @returns {Size} raster size for a picture */
export function rasterSize(width, height) {
  const scale = Math.min(1, RASTER_SIDE / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** @param {Raster} raster @returns {Box|null} the smallest box holding all set pixels */
export function maskBox({ data, width, height }) {
  let [x0, y0, x1, y1] = [width, height, 0, 0]
  for (let y = 0; y < height; y += 1) {
    const row = data.subarray(y * width, (y + 1) * width)
    const first = row.indexOf(1)
    if (first < 0) continue
    x0 = Math.min(x0, first)
    x1 = Math.max(x1, row.lastIndexOf(1) + 1)
    y0 = Math.min(y0, y)
    y1 = y + 1
  }
  return x0 < x1 ? { x0, y0, x1, y1 } : null
}

/**
 * Color and outline of a part of a mask, as premade pixels.
 * @param {Raster} raster
 * @param {Box} box
 * @param {Rgb} rgb
 * @param {Uint8ClampedArray} pixels RGBA, those of the box
 */
function tintPixels(raster, box, [r, g, b], pixels) {
  const { data, width, height } = raster
  const columns = box.x1 - box.x0
  const line = outlineWidth(width)
  /** @param {number} x @param {number} y */
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1
  /** @param {number} x @param {number} y @param {number} far whether the mask goes on so far to all four sides */
  const deeper = (x, y, far) => (
    inside(x - far, y) && inside(x + far, y) && inside(x, y - far) && inside(x, y + far))
  /** Where the mask is thin, color matters more than lines. @param {number} x @param {number} y @param {number} by */
  const broad = (x, y, by) => (
    (inside(x - by, y) || inside(x + by, y)) && (inside(x, y - by) || inside(x, y + by)))
  const insideAlpha = preferences.outlineOnly ? 0 : INSIDE_ALPHA * preferences.maskOpacity
  for (let y = box.y0; y < box.y1; y += 1) {
    for (let x = box.x0; x < box.x1; x += 1) {
      const at = ((y - box.y0) * columns + x - box.x0) * 4
      if (data[y * width + x] === 0) {
        pixels[at + 3] = 0
        continue
      }
      const deep = deeper(x, y, 4 * line)
      const dark = !deep && !deeper(x, y, line) && broad(x, y, 3 * line)
      const light = !deep && !dark && !deeper(x, y, 2 * line) && broad(x, y, 6 * line)
      const [red, green, blue] = dark ? DARK : light ? LIGHT : [r, g, b]
      pixels[at] = red
      pixels[at + 1] = green
      pixels[at + 2] = blue
      pixels[at + 3] = deep ? insideAlpha : dark || light ? LINE_ALPHA : EDGE_ALPHA
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Raster} raster
 * @param {Box} box
 * @param {Rgb} rgb
 * @param {number} originX the raster's column at the canvas's left edge
 * @param {number} originY
 */
function tintInto(context, raster, box, rgb, originX, originY) {
  const image = new ImageData(box.x1 - box.x0, box.y1 - box.y0)
  tintPixels(raster, box, rgb, image.data)
  context.putImageData(image, box.x0 - originX, box.y0 - originY)
}

export class MaskLayer {
  /** @param {() => void} onReady called when a picture mask has been decoded */
  constructor(onReady = () => {}) {
    this.onReady = onReady
    /** @type {Size} */
    this.size = { width: 1, height: 1 }
    /** @type {MaskEntry[]} */
    this.entries = []
    /** Decoded pictures by their base64; null while one is being decoded. @type {Map<string, GreyPicture|null>} */
    this.pictures = new Map()
    /** @type {LiveMask|null} */
    this.live = null
  }

  /** @param {number} width the picture's @param {number} height */
  resize(width, height) {
    const size = rasterSize(width, height)
    if (size.width === this.size.width && size.height === this.size.height) return
    this.size = size
    this.entries = []
    this.live = null
  }

  /** Bring all rasters up to date with a document. @param {Drawing} drawing @returns {MaskEntry[]} */
  update(drawing) {
    const before = this.entries
    const byMask = new Map(before.map((entry) => [entry.mask, entry]))
    this.entries = drawing.components.map((component, i) => {
      const rgb = drawnColor(drawing, i)
      const known = byMask.get(component.mask)
      if (known && component.mask !== undefined) return known.rgb === rgb ? known : { ...known, rgb, tint: null }
      return this.#entry(component, before[i], rgb)
    })
    return this.entries
  }

  /** Where each mask has pixels; undefined while its picture is being decoded. @returns {(Box|null|undefined)[]} */
  get boxes() {
    return this.entries.map(({ mask, box }) => (this.pictures.get(mask?.png ?? '') === null ? undefined : box))
  }

  /** @param {Component} component @param {MaskEntry|undefined} before @param {Rgb} rgb @returns {MaskEntry} */
  #entry(component, before, rgb) {
    const raster = this.#raster(component, before)
    return { mask: component.mask, raster, box: maskBox(raster), rgb, tint: null, look: '' }
  }

  /**
   * A picture first, if there is one, then the strokes; where strokes were only added, only those.
   * @param {Component} component
   * @param {MaskEntry|undefined} before
   * @returns {Raster}
   */
  #raster(component, before) {
    const strokes = strokesOf(component)
    const png = component.mask?.png
    const old = before?.mask?.png === png ? before?.mask?.strokes ?? [] : []
    const grown = old.length > 0 && old.length <= strokes.length && old.every((stroke, i) => stroke === strokes[i])
    const raster = before && grown ? { ...before.raster, data: before.raster.data.slice() } : this.#ground(png)
    return applyStrokes(raster, strokes.slice(grown ? old.length : 0))
  }

  /** @param {string|null|undefined} png @returns {Raster} what the strokes start from */
  #ground(png) {
    return png == null ? createRaster(this.size.width, this.size.height) : this.#picture(png)
  }

  /** @param {string} png */
  #picture(png) {
    const { width, height } = this.size
    const known = this.pictures.get(png)
    if (known) return samplePicture(known, width, height)
    if (known === undefined) {
      this.pictures.set(png, null)
      decodeGrey(png).then((picture) => {
        this.pictures.set(png, picture)
        this.entries = this.entries.filter((entry) => entry.mask?.png !== png)
        this.onReady()
      }, () => this.onReady())
    }
    return createRaster(width, height)
  }

  /**
   * The tinted cut-out of a component, drawn at (box.x0, box.y0) of the raster.
   * @param {number} index
   * @returns {TintedEntry|null} null for an empty mask
   */
  tint(index) {
    const entry = this.entries[index]
    if (!entry?.box) return null
    const look = `${preferences.maskOpacity} ${preferences.outlineOnly}`
    if (!entry.tint || entry.look !== look) {
      entry.look = look
      entry.tint = makeCanvas(entry.box.x1 - entry.box.x0, entry.box.y1 - entry.box.y0)
      tintInto(contextOf(entry.tint), entry.raster, entry.box, entry.rgb, entry.box.x0, entry.box.y0)
    }
    return /** @type {TintedEntry} */ (entry)
  }

  /** @param {number} index what the component covers, in fractions of the frame */
  extent(index) {
    const box = this.entries[index]?.box
    const { width, height } = this.size
    return box ? { left: box.x0 / width, top: box.y0 / height, right: box.x1 / width, bottom: box.y1 / height } : null
  }

  /** @param {number} index @param {Point} frac @returns {boolean} whether it lies in the component's mask */
  inside(index, [u, v]) {
    const { width, height } = this.size
    const [x, y] = [Math.floor(u * width), Math.floor(v * height)]
    if (x < 0 || y < 0 || x >= width || y >= height) return false
    return this.entries[index]?.raster.data[y * width + x] === 1
  }

  /**
   * Show an unfinished stroke: only what was added since the last call is drawn.
   * @param {number} index
   * @param {BrushStroke|LassoStroke} stroke
   * @param {Rgb} rgb
   * @returns {LiveMask} with the component's whole tinted mask
   */
  drawLive(index, stroke, rgb) {
    const { width, height } = this.size
    const known = this.live
    const goesOn = known && known.index === index && known.tool === stroke.tool && known.points === stroke.points
    const live = goesOn ? known : this.#startLive(index, stroke)
    const round = stroke.tool === 'brush' || stroke.tool === 'erase'
    if (!round || live.done === stroke.points.length) return live
    const fresh = { ...stroke, points: stroke.points.slice(Math.max(0, live.done - 1)) }
    live.done = stroke.points.length
    const box = applyStroke(live.raster, fresh)
    if (!box) return live
    const reach = 6 * outlineWidth(width) // a pixel's look depends on others that far away
    const grown = {
      x0: Math.max(0, box.x0 - reach), y0: Math.max(0, box.y0 - reach),
      x1: Math.min(width, box.x1 + reach), y1: Math.min(height, box.y1 + reach),
    }
    tintInto(contextOf(live.canvas), live.raster, grown, rgb, 0, 0)
    return live
  }

  /** @param {number} index @param {BrushStroke|LassoStroke} stroke @returns {LiveMask} */
  #startLive(index, stroke) {
    const { width, height } = this.size
    const entry = this.tint(index)
    const data = entry ? entry.raster.data.slice() : new Uint8Array(width * height)
    const canvas = makeCanvas(width, height)
    if (entry) contextOf(canvas).drawImage(entry.tint, entry.box.x0, entry.box.y0)
    this.live = { index, tool: stroke.tool, points: stroke.points, raster: { data, width, height }, canvas, done: 0 }
    return this.live
  }

  endLive() {
    this.live = null
  }
}

/** A base64 PNG as grey values. @param {string} base64 @returns {Promise<GreyPicture>} */
async function decodeGrey(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
  const canvas = makeCanvas(bitmap.width, bitmap.height)
  const context = contextOf(canvas)
  context.drawImage(bitmap, 0, 0)
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
  const grey = new Uint8Array(bitmap.width * bitmap.height)
  for (let i = 0; i < grey.length; i += 1) grey[i] = data[i * 4]
  return { data: grey, width: bitmap.width, height: bitmap.height }
}
