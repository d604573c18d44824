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

for (const nodes of [2, 3]) {
  test(`they keep it where ${nodes} nodes carry the connections, and die now and then`, async () => {
    const counts = new Counts()
    for (let seed = 11; seed < 16; seed++) {
      const { failures, counts: of } = await run(seed, { nodes })
      assert.deepEqual(failures, [], `npm run simulate -- --seed ${seed} --nodes ${nodes} --trace`)
      counts.addAll(of)
    }
    assert.ok(counts.get('nodes died') > 0 && counts.get('resumes') > 0)
    assert.equal((await run(11, { nodes })).hash, (await run(11, { nodes })).hash)
  })
}
