/**
 * The graph that the command "TrackGo: motion for this picture" lays around a picture, as data: no page, no LiteGraph.
 *
 * @typedef {{checkpoint: string, weights: string|null}|null} RealModel  null: the demo; no weights: cut and drag
 * @typedef {{type: string, at: [number, number], size?: [number, number], set?: Record<string, unknown>}} PlannedNode
 * @typedef {[from: string, output: number, to: string, input: string]} PlannedLink
 * @typedef {{nodes: Record<string, PlannedNode>, links: PlannedLink[], conditioning?: Record<string, number>}} Follow
 * @typedef {{nodes: Record<string, PlannedNode>, links: PlannedLink[]}} Plan links from 'picture' begin at the picture
 */

const SVD = { area: 1024 * 576, multiple: 64, frames: 14, frames_xt: 25 }
const DEMO = { width: 128, height: 128, frames: 14 }
const BOTH = { steps: 6, start: 0.4, release: 0.6 } // of the demo model, as in its trackgo_demo.json
const SAMPLER = { sampler_name: 'euler', scheduler: 'karras', denoise: 1 }
const MIN_SIDE = 64
/** @type {[number, number]} */
const AT_MODEL = [60, 0]

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
 * The first SVD checkpoint, 25 frames before 14, and the first weights, if there are any; null without a checkpoint.
 * @param {readonly string[]} checkpoints
 * @param {readonly string[]} weights
 * @returns {RealModel}
 */
export function realModel(checkpoints, weights) {
  const svd = checkpoints.filter((name) => /svd|stable.?video/i.test(name))
  const checkpoint = svd.find((name) => /xt/i.test(name)) ?? svd[0]
  const [file] = weights.filter((name) => /\.safetensors$/i.test(name))
  return checkpoint ? { checkpoint, weights: file ?? null } : null
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
  const [clipVision, vae] = [1, 2]
  const model = real
    ? { type: 'ImageOnlyCheckpointLoader', at: AT_MODEL, set: { ckpt_name: real.checkpoint } }
    : { type: 'TrackGoDemoModel', at: AT_MODEL }
  const follow = real ? (real.weights ? trackgo(size, real.weights) : cutAndDrag(size)) : both(size)
  const x = real ? 1760 : 2240 // both engines take two columns
  return {
    nodes: {
      model,
      fit: {
        type: 'TrackGoFitPicture', at: [60, 330],
        set: { target: real ? 'svd' : 'demo', how: 'crop', width, height, frames },
      },
      canvas: { type: 'TrackGoCanvas', at: [560, 0], size: [640, 900], set: { frames } },
      svd: {
        type: 'SVD_img2vid_Conditioning', at: [1280, 720],
        set: { width, height, video_frames: frames, augmentation_level: real ? 0.02 : 0, ...follow.conditioning },
      },
      guidance: { type: 'VideoLinearCFGGuidance', at: [x, 0] },
      sampler: {
        type: 'KSampler', at: [x, 160],
        set: { ...(real ? { steps: 25, cfg: 2.5 } : { steps: BOTH.steps, cfg: 1 }), ...SAMPLER },
      },
      decode: { type: 'VAEDecode', at: [x, 720] },
      video: { type: 'CreateVideo', at: [x + 480, 0], set: { fps: 7 } },
      save: { type: 'SaveVideo', at: [x + 480, 160], size: [440, 420], set: { filename_prefix: 'video/TrackGo' } },
      ...follow.nodes,
    },
    links: [
      ['picture', 0, 'fit', 'image'], ['fit', 0, 'canvas', 'image'],
      ['fit', 1, 'svd', 'width'], ['fit', 2, 'svd', 'height'], ['fit', 3, 'svd', 'video_frames'],
      ['model', clipVision, 'svd', 'clip_vision'], ['fit', 0, 'svd', 'init_image'], ['model', vae, 'svd', 'vae'],
      ['guidance', 0, 'sampler', 'model'], ['svd', 0, 'sampler', 'positive'], ['svd', 1, 'sampler', 'negative'],
      ['sampler', 0, 'decode', 'samples'], ['model', vae, 'decode', 'vae'],
      ['decode', 0, 'video', 'images'], ['video', 0, 'save', 'video'],
      ...follow.links,
    ],
  }
}

/** Links that give a node the fitted picture's size and length. @param {string} to @returns {PlannedLink[]} */
const sized = (to) => [['fit', 1, to, 'width'], ['fit', 2, to, 'height'], ['fit', 3, to, 'frames']]

/**
 * What makes the model follow by TrackGo's weights; null: the demo model's own.
 * @param {{width: number, height: number, frames: number}} size
 * @param {string|null} weights
 * @returns {Follow}
 */
function trackgo(size, weights) {
  return {
    nodes: {
      ...(weights ? { weights: { type: 'TrackGoLoader', at: [60, 180], set: { trackgo_name: weights } } } : {}),
      points: { type: 'TrackGoPointTrajectories', at: [1280, 0], set: size },
      apply: { type: 'TrackGoApply', at: [1280, 330] },
    },
    links: [
      ['canvas', 0, 'points', 'drawing'], ...sized('points'),
      ['model', 0, 'apply', 'model'], weights ? ['weights', 0, 'apply', 'trackgo'] : ['model', 3, 'apply', 'trackgo'],
      ['points', 0, 'apply', 'tracks'], ['svd', 2, 'apply', 'latent'],
      ['apply', 0, 'guidance', 'model'], ['svd', 2, 'sampler', 'latent_image'],
    ],
  }
}

/**
 * What makes a plain SVD follow: held to the rough video (arXiv 2511.08633, whose motion bucket is 17).
 * @param {{width: number, height: number, frames: number}} size
 * @param {string} model the node whose MODEL is held
 * @param {number} x
 * @param {Record<string, number>} [set] what is not Hold Motion's default
 * @returns {Follow}
 */
function cutAndDrag(size, model = 'model', x = 1280, set = {}) {
  return {
    nodes: {
      rough: { type: 'TrackGoCutAndDrag', at: [x, 0], set: size },
      encode: { type: 'VAEEncode', at: [x, 260] },
      hold: { type: 'TrackGoHoldMotion', at: [x, 400], set },
    },
    links: [
      ['fit', 0, 'rough', 'image'], ['canvas', 0, 'rough', 'drawing'], ...sized('rough'),
      ['rough', 0, 'encode', 'pixels'], ['model', 2, 'encode', 'vae'],
      [model, 0, 'hold', 'model'], ['encode', 0, 'hold', 'latent'], ['rough', 1, 'hold', 'masks'],
      ['hold', 0, 'guidance', 'model'], ['hold', 1, 'sampler', 'latent_image'],
    ],
    conditioning: { motion_bucket_id: 17 },
  }
}

/**
 * The demo model by both, which keeps texture.
 * @param {{width: number, height: number, frames: number}} size
 * @returns {Follow}
 */
function both(size) {
  const { start, release } = BOTH
  const [moved, held] = [trackgo(size, null), cutAndDrag(size, 'apply', 1760, { start, release })]
  const taken = (/** @type {PlannedLink} */ [, , to]) => to === 'guidance' || to === 'sampler'
  return {
    nodes: { ...moved.nodes, ...held.nodes },
    links: [...moved.links.filter((link) => !taken(link)), ...held.links],
  }
}
