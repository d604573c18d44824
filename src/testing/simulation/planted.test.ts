import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plants } from './planted.ts'
import { run } from './run.ts'

/** Seeds in which each bug must show. */
const seeds = 50

for (const [name, plant] of Object.entries(plants)) {
  test(`a planted bug is found: ${name}`, async () => {
    for (let seed = 1; seed <= seeds; seed++) if ((await run(seed, { plant })).failures.length > 0) return
    assert.fail(`${seeds} seeds have not found it`)
  })
}
