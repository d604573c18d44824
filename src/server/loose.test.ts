import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../testing/settle.ts'
import { type Counting, Loose } from './loose.ts'
import { Management } from './management.ts'
import { Outbox } from './outbox.ts'
import { Turns } from './turns.ts'

/** A session of which so many stanzas have come; each count that is kept waits for its turn on the disk. */
function counting(received: number) {
  const kept: number[] = []
  const disk: PromiseWithResolvers<void>[] = []
  const managed = {
    counts: new Management('a', 600_000, new Outbox(), 0),
    request: '',
    answer: String,
    expire() {},
    keep: (h: number) => void kept.push(h),
    kept() {
      disk.push(Promise.withResolvers<void>())
      return disk.at(-1)!.promise
    },
  }
  const session: Counting = { managed, received, turns: new Turns() }
  return { session, kept, disk }
}

test('the count goes up to the next one that is not through, and counts when it is kept', async () => {
  const { session, kept, disk } = counting(9)
  const loose = new Loose()
  loose.begin(3)
  loose.begin(7)
  assert.equal(loose.limit, 2)
  loose.through(session, 3)
  assert.deepEqual(kept, [6])
  assert.equal(loose.limit, 2)
  disk[0]!.resolve()
  await settle()
  assert.equal(loose.limit, 6)
  loose.through(session, 7)
  disk[1]!.resolve()
  await settle()
  assert.deepEqual([kept, loose.limit], [[6, 9], Number.POSITIVE_INFINITY])
})

test('all counts when the last of the counts is kept, whichever that is', async () => {
  const { session, disk } = counting(9)
  const loose = new Loose()
  loose.begin(3)
  loose.begin(7)
  loose.through(session, 3)
  loose.through(session, 7)
  let counted = false
  loose.counted!.then(() => {
    counted = true
  })
  disk[1]!.resolve()
  await settle()
  assert.deepEqual([counted, loose.limit], [false, 2])
  disk[0]!.resolve()
  await settle()
  assert.deepEqual([counted, loose.limit], [true, Number.POSITIVE_INFINITY])
})

test('while one is not through, nothing else is counted; from then on it is', () => {
  const { session } = counting(2)
  const loose = new Loose()
  assert.equal(loose.open, false)
  loose.begin(1)
  assert.equal(loose.open, true)
  loose.through(session, 1)
  assert.deepEqual([loose.open, loose.limit], [false, 0])
})
