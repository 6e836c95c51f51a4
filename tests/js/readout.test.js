/** What is said of a component's motion, in numbers and sentences. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ifEndedNow, largeMotion, readout, readoutText } from '../../js/editor/readout.js'

const size = { width: 400, height: 200 }
const arrow = (...points) => ({ points: points.map(([x, y]) => [x / size.width, y / size.height]), curve: 'straight' })
const text = (...arrows) => readoutText({ arrows }, 14, size)
const sentence = (...arrows) => largeMotion({ name: 'boat', arrows }, 0, 14, size)

test('one arrow moves, two turn and scale as well; what does not change is left out', () => {
  assert.equal(readoutText({}, 14, size), '')
  assert.equal(text(arrow([50, 50], [80, 90])), '50 px')
  assert.equal(text(arrow([50, 50], [50, 80]), arrow([100, 50], [100, 80])), '30 px')
  assert.equal(text(arrow([100, 100], [80, 100]), arrow([200, 100], [220, 100])), '×1.40 0 px')
  assert.equal(text(arrow([100, 100], [150, 50]), arrow([200, 100], [150, 150])), '90° 0 px')
  assert.equal(text(arrow([100, 100], [150, 150]), arrow([200, 100], [150, 50])), '−90° 0 px')
})

test('a turn is counted on through a half and a full one', () => {
  const around = (turns, phase) => arrow(...Array.from({ length: 81 }, (_, i) => {
    const angle = phase + (2 * Math.PI * turns * i) / 80
    return [200 + 50 * Math.cos(angle), 100 + 50 * Math.sin(angle)]
  }))
  for (const turns of [0.75, 1, -1.25]) {
    const component = { arrows: [around(turns, 0), around(turns, Math.PI)] }
    assert.ok(Math.abs(readout(component, 25, size).turn - 360 * turns) < 1, `${turns}`)
    assert.match(largeMotion(component, 0, 25, size), /“component 1” turns by (270|360|450)°/)
  }
})

test('a sentence beyond 3 times or 180°, and none before', () => {
  const large = sentence(arrow([190, 100], [100, 100]), arrow([210, 100], [300, 100]))
  assert.match(large, /“boat” becomes 10.0 times as large/)
  const small = sentence(arrow([100, 100], [190, 100]), arrow([300, 100], [210, 100]))
  assert.match(small, /“boat” becomes 10.0 times as small/)
  assert.equal(sentence(arrow([150, 100], [60, 100]), arrow([250, 100], [340, 100])), '')
  assert.equal(sentence(arrow([10, 10], [390, 190])), '')
})

test('an arrow in progress counts up to where the pointer is', () => {
  const base = { version: 1, components: [{ arrows: [arrow([190, 100], [100, 100])] }] }
  const at = { points: [[0.525, 0.5]], rubber: [0.75, 0.5] }
  const draft = { kind: 'arrow', index: 0, base, before: null, curve: 'straight', ...at }
  const { components } = ifEndedNow(base, draft)
  assert.match(largeMotion(components[0], 0, 14, size), /times as large/)
  assert.equal(ifEndedNow(base, null), base)
})
