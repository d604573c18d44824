import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counts } from './counts.ts'
import { run } from './run.ts'

const counts = new Counts()

for (const first of [1, 11, 21, 31, 41]) {
  test(`ten seeds from ${first} keep the promise`, async () => {
    for (let seed = first; seed < first + 10; seed++) {
      const { failures, counts: of } = await run(seed)
      assert.deepEqual(failures, [], `npm run simulate -- --seed ${seed} --trace`)
      counts.addAll(of)
    }
  })
}

test('much goes wrong in them', () => {
  for (const what of ['resumes', 'crashes', 'full disks', 'acknowledged', 'backlog messages'] as const)
    assert.ok(counts.get(what) > 0, `no ${what} in fifty seeds`)
})

test('the same seed is the same run', async () => {
  const lines: string[][] = [[], []]
  const hashes: string[] = []
  for (const of of lines) hashes.push((await run(1, { show: line => of.push(line) })).hash)
  assert.deepEqual(lines[0], lines[1])
  assert.equal(hashes[0], hashes[1])
  assert.ok(lines[0]!.length > 500)
  assert.notEqual((await run(2)).hash, hashes[0])
})
