/**
 * Copies of a picture in the sizes that the editor and the server look at, each made when it is first asked for.
 *
 * @import { PictureSource, Point, Size, StagePicture } from './types.js'
 * @import { SmallPicture } from './selection.js'
 */
import { contextOf, makeCanvas } from './canvas.js'
import { refined } from './edges.js'
import { RASTER_SIDE } from './masks.js'
import { rgbBase64 } from './selection.js'

/** Larger pictures are drawn from a copy of this size while zoomed out. */
const PROXY_SIDE = 1600
/** The server takes pictures of at most this side to select in. */
const SELECTION_SIDE = 512
/** Edges are looked for in a copy of at most this side. */
const EDGE_SIDE = 4096

export class PictureCopies {
  /** @type {SmallPicture|null} */
  #small = null
  /** @type {ImageData|null} */
  #pixels = null

  /** @param {StagePicture} picture without a source there are no copies */
  constructor(picture) {
    this.picture = picture
  }

  /** @returns {SmallPicture|null} what the server selects in */
  small() {
    const reduced = this.#small ? null : this.#reduced(SELECTION_SIDE, 8)
    if (reduced) {
      const { width, height, data } = reduced
      this.#small = { width, height, pixels: rgbBase64(data) }
    }
    return this.#small
  }

  /** @returns {ImageData|null} as many pixels as a mask is shown with */
  pixels() {
    this.#pixels ??= this.#reduced(RASTER_SIDE)
    return this.#pixels
  }

  /** @param {Point[]} points an outline found in the small copy @returns {Point[]} along the picture's own edges */
  refined(points) {
    const [{ source, width, height }, small] = [this.picture, this.#small]
    if (!source || !small) return points
    const scale = Math.max(1, Math.max(width, height) / EDGE_SIDE)
    const size = { width: Math.round(width / scale), height: Math.round(height / scale) }
    return refined(points, size, size.width / small.width, (x, y, w, h) => {
      const copy = copyOf(source, w, h, [x * scale, y * scale, w * scale, h * scale])
      return { data: copy.getImageData(0, 0, w, h).data, x, y, width: w, height: h }
    })
  }

  /** @param {number} most pixels on a side @param {number} [least] @returns {ImageData|null} */
  #reduced(most, least = 1) {
    const { picture } = this
    if (!picture.source) return null
    const scale = Math.min(1, most / Math.max(picture.width, picture.height))
    const side = (/** @type {number} */ length) => Math.max(least, Math.round(length * scale))
    const [width, height] = [side(picture.width), side(picture.height)]
    return copyOf(picture.proxy ?? picture.source, width, height).getImageData(0, 0, width, height)
  }
}

/** @param {PictureSource} source @returns {Size} in pixels */
export const sizeOf = (source) => ('naturalWidth' in source
  ? { width: source.naturalWidth, height: source.naturalHeight } : { width: source.width, height: source.height })

/** A reduced copy of a large picture, so that dragging over it stays smooth. @param {PictureSource} source */
export function proxyOf(source) {
  const { width, height } = sizeOf(source)
  const scale = PROXY_SIDE / Math.max(width, height)
  return scale < 1 ? copyOf(source, Math.round(width * scale), Math.round(height * scale)).canvas : null
}

/**
 * A picture, or a part of it, on a canvas of another size.
 * @param {PictureSource} source
 * @param {number} width
 * @param {number} height
 * @param {[number, number, number, number]} [part] left, top, width, height; all of it, if left out
 */
function copyOf(source, width, height, part = [0, 0, sizeOf(source).width, sizeOf(source).height]) {
  const context = contextOf(makeCanvas(width, height))
  context.imageSmoothingQuality = 'high'
  context.drawImage(source, ...part, 0, 0, width, height)
  return context
}
