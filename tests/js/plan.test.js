/** The graph of the command "motion for this picture", as data. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { motionPlan, realModel, svdSize } from '../../js/graph/plan.js'

const REAL = { checkpoint: 'svd_xt.safetensors', weights: 'mine.safetensors' }
const PLAIN = { ...REAL, weights: null }

test('a size in multiples of 64 keeps the shape and about the number of pixels', () => {
  assert.deepEqual(svdSize(1920, 1080), { width: 1024, height: 576 })
  assert.deepEqual(svdSize(1080, 1920), { width: 576, height: 1024 })
  for (const [w, h] of [[640, 427], [3000, 2000], [100, 100], [50, 4000]]) {
    const { width, height } = svdSize(w, h)
    assert.ok(width % 64 === 0 && height % 64 === 0 && width > 0 && height > 0)
    if (w / h > 0.2) assert.ok(Math.abs(Math.log((width / height) / (w / h))) < 0.12)
  }
})

test('a checkpoint is used with the weights that are there, or with none; the demo where there is none', () => {
  assert.equal(realModel(['sd15.safetensors'], ['a.safetensors']), null)
  const plain = { checkpoint: 'svd.safetensors', weights: null }
  assert.deepEqual(realModel(['svd.safetensors'], ['put weights into models/trackgo']), plain)
  assert.deepEqual(realModel(['x.ckpt', 'svd.safetensors', 'svd_xt.safetensors'], ['mine.safetensors']), REAL)
})

for (const real of [REAL, PLAIN, null]) {
  test(`sizes and lengths agree everywhere, and every link has both ends (${JSON.stringify(real)})`, () => {
    const { nodes, links } = motionPlan({ width: 1920, height: 1080 }, real)
    const { width, height, frames } = (nodes.points ?? nodes.rough).set
    assert.deepEqual([width, height, frames], real ? [1024, 576, 25] : [128, 128, 14])
    assert.equal(nodes.canvas.set.frames, frames)
    assert.deepEqual([nodes.svd.set.width, nodes.svd.set.height, nodes.svd.set.video_frames], [width, height, frames])
    assert.deepEqual([nodes.fit.set.width, nodes.fit.set.height, nodes.fit.set.frames], [width, height, frames])
    for (const [from, , to] of links) assert.ok((from === 'picture' || nodes[from]) && nodes[to])
    const fed = links.map(([, , to, input]) => `${to}.${input}`)
    assert.equal(new Set(fed).size, fed.length)
  })
}

test('without weights the sampler is held to the rough video', () => {
  const { nodes, links } = motionPlan({ width: 1920, height: 1080 }, PLAIN)
  assert.equal(nodes.apply, undefined)
  const feeds = (to, input) => links.find((link) => link[2] === to && link[3] === input)?.[0]
  assert.deepEqual([feeds('sampler', 'latent_image'), feeds('guidance', 'model')], ['hold', 'hold'])
})

test('the demo model follows by its weights and is held, as the library has it', () => {
  const { nodes, links } = motionPlan({ width: 640, height: 427 }, null)
  const feeds = (to, input) => links.find((link) => link[2] === to && link[3] === input)?.[0]
  const chain = [feeds('guidance', 'model'), feeds('hold', 'model'), feeds('apply', 'model')]
  assert.deepEqual(chain, ['hold', 'apply', 'model'])
  const note = new URL('../../trackgo/demo/weights/svd_tiny/trackgo_demo.json', import.meta.url)
  const { steps } = nodes.sampler.set
  const { start, release } = nodes.hold.set
  assert.deepEqual({ steps, start, release }, JSON.parse(readFileSync(note, 'utf8')).sampling.engines.both)
})
