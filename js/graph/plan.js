/**
 * The graph that the command "TrackGo: motion for this picture" lays around a picture, as data: no page, no LiteGraph.
 *
 * @typedef {{checkpoint: string, weights: string}|null} RealModel null: the demo model
 * @typedef {{type: string, at: [number, number], size?: [number, number], set?: Record<string, unknown>}} PlannedNode
 * @typedef {[from: string, output: number, to: string, input: string]} PlannedLink
 * @typedef {{nodes: Record<string, PlannedNode>, links: PlannedLink[]}} Plan links from 'picture' begin at the picture
 */

const SVD = { area: 1024 * 576, multiple: 64, frames: 14, frames_xt: 25 }
const DEMO = { width: 128, height: 128, frames: 14 }
const MIN_SIDE = 64

/**
 * Multiples of 64 with about SVD's number of pixels in the picture's shape.
 * @param {number} width
 * @param {number} height
 * @returns {{width: number, height: number}}
 */
export function svdSize(width, height) {
  const scale = Math.sqrt(SVD.area / (width * height))
  const side = (/** @type {number} */ px) => Math.max(MIN_SIDE, Math.round((px * scale) / SVD.multiple) * SVD.multiple)
  return { width: side(width), height: side(height) }
}

/**
 * The first SVD checkpoint, 25 frames before 14, and the first weights; null where one of them is missing.
 * @param {readonly string[]} checkpoints
 * @param {readonly string[]} weights
 * @returns {RealModel}
 */
export function realModel(checkpoints, weights) {
  const svd = checkpoints.filter((name) => /svd|stable.?video/i.test(name))
  const checkpoint = svd.find((name) => /xt/i.test(name)) ?? svd[0]
  const [file] = weights.filter((name) => /\.safetensors$/i.test(name))
  return checkpoint && file ? { checkpoint, weights: file } : null
}

/**
 * @param {{width: number, height: number}} picture its size in pixels
 * @param {RealModel} real
 * @returns {Plan} places count from the picture's node's right upper corner
 */
export function motionPlan(picture, real) {
  const frames = real && /xt/i.test(real.checkpoint) ? SVD.frames_xt : SVD.frames
  const size = real ? { ...svdSize(picture.width, picture.height), frames } : DEMO
  const { width, height } = size
  /** @type {Record<string, PlannedNode>} */
  const models = real
    ? {
      model: { type: 'ImageOnlyCheckpointLoader', at: [60, 0], set: { ckpt_name: real.checkpoint } },
      weights: { type: 'TrackGoLoader', at: [60, 180], set: { trackgo_name: real.weights } },
    }
    : { model: { type: 'TrackGoDemoModel', at: [60, 0] } }
  /** @type {Record<string, PlannedNode>} */
  const nodes = {
    ...models,
    fit: {
      type: 'TrackGoFitPicture', at: [60, 330],
      set: { target: real ? 'svd' : 'demo', how: 'crop', width, height, frames: size.frames },
    },
    canvas: { type: 'TrackGoCanvas', at: [560, 0], size: [640, 900], set: { frames: size.frames } },
    points: { type: 'TrackGoPointTrajectories', at: [1280, 0], set: size },
    apply: { type: 'TrackGoApply', at: [1280, 330] },
    svd: {
      type: 'SVD_img2vid_Conditioning', at: [1280, 720],
      set: { width, height, video_frames: size.frames, augmentation_level: real ? 0.02 : 0 },
    },
    guidance: { type: 'VideoLinearCFGGuidance', at: [1760, 0] },
    sampler: {
      type: 'KSampler', at: [1760, 160],
      set: { steps: real ? 25 : 4, cfg: real ? 2.5 : 1, sampler_name: 'euler', scheduler: 'karras', denoise: 1 },
    },
    decode: { type: 'VAEDecode', at: [1760, 720] },
    video: { type: 'CreateVideo', at: [2240, 0], set: { fps: 7 } },
    save: { type: 'SaveVideo', at: [2240, 160], size: [440, 420], set: { filename_prefix: 'video/TrackGo' } },
  }
  const [clipVision, vae] = [1, 2]
  return {
    nodes,
    links: [
      ['picture', 0, 'fit', 'image'], ['fit', 0, 'canvas', 'image'], ['canvas', 0, 'points', 'drawing'],
      ...['points', 'svd'].flatMap((to) => /** @type {PlannedLink[]} */ ([
        ['fit', 1, to, 'width'], ['fit', 2, to, 'height'], ['fit', 3, to, to === 'svd' ? 'video_frames' : 'frames'],
      ])),
      ['model', 0, 'apply', 'model'], real ? ['weights', 0, 'apply', 'trackgo'] : ['model', 3, 'apply', 'trackgo'],
      ['points', 0, 'apply', 'tracks'], ['svd', 2, 'apply', 'latent'],
      ['model', clipVision, 'svd', 'clip_vision'], ['fit', 0, 'svd', 'init_image'], ['model', vae, 'svd', 'vae'],
      ['apply', 0, 'guidance', 'model'], ['guidance', 0, 'sampler', 'model'],
      ['svd', 0, 'sampler', 'positive'], ['svd', 1, 'sampler', 'negative'], ['svd', 2, 'sampler', 'latent_image'],
      ['sampler', 0, 'decode', 'samples'], ['model', vae, 'decode', 'vae'],
      ['decode', 0, 'video', 'images'], ['video', 0, 'save', 'video'],
    ],
  }
}
