/** When the graph is looked at: after something happened, and never otherwise. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Watch } from '../../js/editor/watch.js'

test('many events make one round of all editors, and silence none', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const watch = new Watch()
  const seen = []
  watch.poke()
  context.mock.timers.tick(10_000)
  assert.equal(watch.rounds, 0, 'without an editor there is nothing to do')
  const end = watch.add(() => seen.push('a'))
  watch.add(() => seen.push('b'))
  for (let i = 0; i < 5; i += 1) watch.poke()
  context.mock.timers.tick(1000)
  assert.deepEqual(seen, ['a', 'b'])
  context.mock.timers.tick(60_000)
  assert.equal(watch.rounds, 1)
  end()
  watch.poke()
  context.mock.timers.tick(1000)
  assert.deepEqual(seen, ['a', 'b', 'b'])
})

test('an editor that fails is complained about once, and does not stop the others', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const complaints = []
  const watch = new Watch((message, problem) => complaints.push(String(problem)))
  let others = 0
  watch.add(() => {
    throw new TypeError('no links')
  })
  watch.add(() => {
    others += 1
  })
  for (let i = 0; i < 3; i += 1) {
    watch.poke()
    context.mock.timers.tick(1000)
  }
  assert.deepEqual(complaints, ['TypeError: no links'])
  assert.equal(others, 3)
})
