import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFigures, run } from './reader.ts'
import { seeds } from './seeds.ts'

test('8,000 inputs are read the same whole, in pieces and by another parser', () => {
  // Short ones find as much, in half the time; `npm run fuzz` takes all.
  const list = seeds().filter(seed => seed.length < 300)
  const figures = noFigures()
  for (let index = 0; index < 8_000; index++) run(list, 8_000, index, figures)
  assert.equal(figures.inputs, 8_000)
  assert.ok(figures.wellFormed >= 0.4 * 8_000, `${figures.wellFormed} are well-formed`)
  for (const condition of [
    'not-well-formed',
    'restricted-xml',
    'bad-format',
    'unsupported-encoding',
    'invalid-namespace',
  ])
    assert.ok((figures.outcomes[condition] ?? 0) > 0, `none ended with ${condition}`)
})
