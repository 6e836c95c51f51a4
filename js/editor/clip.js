/**
 * The frames of a video, or of a batch of pictures, that arrives: asked for one by one, while somebody scrubs.
 *
 * @import { Clip, PictureSource } from './types.js'
 */

/** So many frames of a video tell how long each lasts. */
const TIMED_FRAMES = 13
/** A video that cannot be played within this time shows its first frame only. */
const PATIENCE_MS = 4000

const waitMs = (/** @type {number} */ ms) => new Promise((resolve) => {
  setTimeout(resolve, ms)
})

/**
 * @param {EventTarget} target
 * @param {string} type
 * @returns {Promise<void>} until it happens; rejects on error
 */
const once = (target, type) => new Promise((resolve, reject) => {
  target.addEventListener(type, () => resolve(), { once: true })
  target.addEventListener('error', () => reject(new Error(`The browser cannot show it (${type}).`)), { once: true })
})

/**
 * Frames per second, found by playing the first few: a file says it nowhere that a page can read.
 * @param {HTMLVideoElement} video
 * @returns {Promise<number|null>} null where the browser does not tell
 */
async function measuredRate(video) {
  if (!video.requestVideoFrameCallback) return null
  if (document.hidden) await once(document, 'visibilitychange') // nothing plays there
  /** @type {number[]} */
  const times = []
  const timed = new Promise((resolve) => {
    /** @type {VideoFrameRequestCallback} */
    const note = (_, { mediaTime }) => {
      times.push(mediaTime)
      if (times.length < TIMED_FRAMES && !video.ended) video.requestVideoFrameCallback(note)
      else resolve(null)
    }
    video.requestVideoFrameCallback(note)
  })
  const ended = once(video, 'ended').catch(() => {})
  try {
    video.playbackRate = 0.5 // a busy page skips fewer frames
    await video.play()
    await Promise.race([timed, ended, waitMs(PATIENCE_MS)])
  } catch {
    return null
  } finally {
    video.pause()
  }
  const gaps = times.slice(1).map((time, i) => time - times[i]).filter((gap) => gap > 1e-3)
  const span = gaps.reduce((sum, gap) => sum + gap, 0)
  // Some were skipped, and some files keep whole milliseconds: the mean over how many there must have been.
  return gaps.length ? Math.round(span / Math.min(...gaps)) / span : null
}

/** @param {PictureSource} source */
const asItIs = (source) => source

export class ClipFrames {
  /** @param {() => void} changed called when another frame can be shown */
  constructor(changed) {
    this.changed = changed
    /** @type {Clip|null} */
    this.clip = null
    /** @type {HTMLVideoElement|null} */
    this.video = null
    /** Of the video, per second; null until it is known. @type {number|null} */
    this.rate = null
    /** Whether it is known that only the first frame can be shown. */
    this.still = false
    /** What becomes of a frame on its way. @type {(source: PictureSource) => PictureSource} */
    this.arrive = asItIs
    /**
     * What is shown, and for which frame.
     * @type {{frame: number, source: PictureSource|null}|null}
     */
    this.shown = null
    /** @type {number|null} */
    this.wanted = null
    this.busy = false
  }

  /** @param {Clip|null} clip */
  set(clip, arrive = asItIs) {
    this.video?.removeAttribute('src')
    Object.assign(this, { clip, arrive, video: null, rate: null, still: false, shown: null, wanted: null })
  }

  /**
   * @param {string} url of the clip, which is a video
   * @returns {Promise<PictureSource>} its first frame as it arrives; rejects where the browser cannot show it
   */
  async open(url) {
    const { clip } = this
    const video = document.createElement('video')
    Object.assign(video, { muted: true, playsInline: true, preload: 'auto', src: url })
    await once(video, 'loadeddata')
    if (this.clip !== clip) throw new Error('Another picture arrives.')
    this.video = video
    const start = clip?.skip ? null : await createImageBitmap(video)
    const timed = measuredRate(video).then((measured) => {
      if (this.clip !== clip) return
      this.rate = clip?.rate || measured
      this.still = !this.rate
      this.changed()
    })
    if (start) return this.arrive(start)
    await timed
    const first = await this.#source(0)
    if (!first) throw new Error('The browser does not show single frames of this video.')
    return first
  }

  /**
   * @param {number} frame
   * @returns {PictureSource|null} that frame, or until it is there the one before; null where there is none yet
   */
  at(frame) {
    if (!this.rate && !this.clip?.urls) return null
    if (this.shown?.frame !== frame) {
      this.wanted = frame
      void this.#fetch()
    }
    return this.shown?.source ?? null
  }

  async #fetch() {
    if (this.busy) return
    this.busy = true
    while (this.wanted !== null && this.wanted !== this.shown?.frame) {
      const { clip, wanted: frame } = this
      const source = await this.#source(frame)
      if (this.clip !== clip) continue
      if (this.wanted === frame) this.wanted = null
      const { source: before = null } = this.shown ?? {}
      this.shown = { frame, source: source ?? before } // one that cannot be had is not asked for again and again
      if (source && before instanceof ImageBitmap) before.close()
      this.changed()
    }
    this.busy = false
  }

  /** @param {number} frame @returns {Promise<PictureSource|null>} */
  async #source(frame) {
    const { clip, video, rate } = this
    try {
      if (clip?.urls) {
        const image = new Image()
        image.src = clip.urls[Math.min(frame, clip.urls.length - 1)]
        await image.decode()
        return image
      }
      if (!clip || !video || !rate) return null
      // In the middle of the time that the frame is shown, so that no rounding leads to its neighbor.
      const time = (clip.skip + frame * clip.every + 0.5) / rate
      const there = once(video, 'seeked')
      video.currentTime = Math.min(time, video.duration - 0.5 / rate)
      await there
      const bitmap = await createImageBitmap(video)
      const arrived = this.arrive(bitmap)
      if (arrived !== bitmap) bitmap.close()
      return arrived
    } catch {
      return null
    }
  }
}
