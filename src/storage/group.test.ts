import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Timer, Timers } from '../runtime/runtime.ts'
import { append, shapes } from './contract.ts'
import type { Answers, Driver, Outcome, Query, QueryName, Unit } from './driver.ts'
import { ownersOf } from './driver.ts'
import { Group } from './group.ts'
import { MemoryData } from './memory-data.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

const tables = new Tables(shapes)

/** A disk in memory that applies a batch when the test says so. */
class SlowDisk implements Driver {
  readonly data = new MemoryData(tables)
  readonly batches: (readonly Unit[])[] = []
  readonly reads: string[] = []
  closed = false
  #answer: PromiseWithResolvers<Outcome> | undefined

  apply(units: readonly Unit[]): Promise<Outcome> {
    assert.equal(this.#answer, undefined, 'one batch at a time')
    this.batches.push(units)
    this.#answer = Promise.withResolvers()
    return this.#answer.promise
  }

  /** The batch in hand is applied; these places fail. */
  async finish(...failing: number[]): Promise<void> {
    const created = new Map<number, number>()
    for (const [place, unit] of this.batches.at(-1)!.entries()) {
      if (!failing.includes(place)) created.set(place, this.data.apply(unit))
    }
    const failures = new Map(failing.map(place => [place, new StorageError('a bad row')]))
    this.#take().resolve({ failures, created })
    await settle()
  }

  async fail(error: StorageError): Promise<void> {
    this.#take().reject(error)
    await settle()
  }

  #take(): PromiseWithResolvers<Outcome> {
    const answer = this.#answer!
    this.#answer = undefined
    return answer
  }

  async read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    this.reads.push(query.query)
    return this.data.read(query)
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

const settle = () => new Promise<void>(resolve => void setImmediate(resolve))

let turns: (() => void)[] = []
let timers: (() => void)[] = []
let disk: SlowDisk
let group: Group

function open(options: { pendingBytes?: number; batchBytes?: number } = {}): void {
  turns = []
  timers = []
  const after: Timers['after'] = (_, fn) => timers.push(fn) as unknown as Timer
  disk = new SlowDisk()
  for (const name of ['a', 'b', 'c']) disk.data.apply({ unit: 'create', address: name, kind: 'account', writes: [] })
  group = new Group(disk, tables, { turn: fn => void turns.push(fn), after, ...options })
}

function endTurn(): void {
  for (const fn of turns.splice(0)) fn()
}

/** What became of a promise, as text that changes when it settles. */
function watch(promise: Promise<unknown> | undefined): { state: string } {
  const watched = { state: 'waits' }
  promise!.then(
    () => {
      watched.state = 'kept'
    },
    error => {
      watched.state = error.message
    },
  )
  return watched
}

const states = (...watched: { state: string }[]) => watched.map(({ state }) => state)

const unitsOf = (disk: SlowDisk) => disk.batches.map(units => units.map(({ unit }) => unit))

beforeEach(() => open())

test('units of one turn are one batch, which goes at the end of the turn', async () => {
  const one = watch(group.commit(1, [append(1)]))
  const two = watch(group.commit(2, [append(1)]))
  assert.equal(turns.length, 1)
  assert.equal(disk.batches.length, 0)
  assert.ok(group.pending > 0)
  endTurn()
  assert.equal(disk.batches[0]!.length, 2)
  await settle()
  assert.deepEqual(states(one, two), ['waits', 'waits'])
  await disk.finish()
  assert.deepEqual(states(one, two), ['kept', 'kept'])
  assert.equal(group.pending, 0)
})

test('while a batch is applied the next collects, and goes at once behind it', async () => {
  void group.commit(1, [append(1)])
  endTurn()
  const later = [
    watch(group.commit(1, [append(2)])),
    watch(group.commit(2, [append(1)])),
    watch(group.create('d', 'account')),
  ]
  assert.equal(turns.length, 0)
  assert.equal(disk.batches.length, 1)
  await disk.finish()
  assert.equal(disk.batches[1]!.length, 3)
  await disk.finish()
  assert.deepEqual(states(...later), ['kept', 'kept', 'kept'])
  void group.commit(1, [append(3)])
  assert.equal(turns.length, 1, 'an idle group waits for the end of the turn again')
})

test('a full batch goes without what comes after', async () => {
  open({ batchBytes: 500 })
  void group.commit(1, [append(1, { xml: 'x'.repeat(600) })])
  void group.commit(1, [append(2)])
  void group.commit(2, [append(1)])
  endTurn()
  assert.equal(disk.batches[0]!.length, 1)
  await disk.finish()
  assert.equal(disk.batches[1]!.length, 2)
  await disk.finish()
})

test('what is more than may wait is refused at once, and the rest goes on', async () => {
  open({ pendingBytes: 1000 })
  const first = watch(group.commit(1, [append(1, { xml: 'x'.repeat(600) })]))
  await assert.rejects(group.commit(1, [append(2, { xml: 'x'.repeat(600) })]), /disk is too slow/)
  endTurn()
  await disk.finish()
  assert.deepEqual(states(first), ['kept'])
  assert.equal(group.pending, 0)
  void group.commit(1, [append(2, { xml: 'x'.repeat(600) })])
})

test('what does not fit its table never reaches the driver', async () => {
  await assert.rejects(group.commit(1, [{ write: 'put', table: 'nothing', row: {} }]), StorageError)
  assert.equal(turns.length, 0)
  assert.equal(group.pending, 0)
})

test('a failed unit fails what waits behind it of its owner, and nobody else', async () => {
  const first = [watch(group.commit(1, [append(1)])), watch(group.commit(2, [append(1)]))]
  endTurn()
  const later = [
    watch(group.commit(1, [append(2)])),
    watch(group.commit(2, [append(2)])),
    watch(group.commit(1, [append(3)])),
  ]
  await disk.finish(0)
  const behind = 'What was to be kept before this could not be kept.'
  assert.deepEqual(states(...first, ...later), ['a bad row', 'kept', behind, 'waits', behind])
  assert.deepEqual(disk.batches[1]!.map(ownersOf), [[2]])
  const after = watch(group.commit(1, [append(1)]))
  await disk.finish()
  await disk.finish()
  assert.deepEqual(states(later[1]!, after), ['kept', 'kept'])
  assert.equal(group.pending, 0)
})

test('a driver that fails fails its batch and what waits behind of the same owners', async () => {
  const first = [watch(group.commit(1, [append(1)])), watch(group.create('d', 'account'))]
  endTurn()
  const later = [
    watch(group.commit(1, [append(2)])),
    watch(group.commit(2, [append(1)])),
    watch(group.create('e', 'account')),
  ]
  await disk.fail(new StorageError('the disk is full'))
  const behind = 'What was to be kept before this could not be kept.'
  assert.deepEqual(states(...first, ...later), ['the disk is full', 'the disk is full', behind, 'waits', 'waits'])
  await disk.finish()
  assert.deepEqual(states(...later), [behind, 'kept', 'kept'])
  assert.equal(group.pending, 0)
})

test('a batch that is left with nothing is not sent', async () => {
  void watch(group.commit(1, [append(1)]))
  endTurn()
  void watch(group.commit(1, [append(2)]))
  const read = watch(group.logState(1))
  await disk.fail(new StorageError('the disk is full'))
  assert.equal(disk.batches.length, 1)
  assert.deepEqual(states(read), ['kept'])
  void group.commit(1, [append(1)])
  assert.equal(turns.length, 1)
})

test('a read waits for the writes of its owner only', async () => {
  void group.commit(1, [append(1)])
  endTurn()
  void group.commit(1, [append(2)])
  const own = group.log(1, { limit: 10 })
  void group.logState(2)
  void group.find('a')
  await settle()
  assert.deepEqual(disk.reads, ['state', 'find'])
  await disk.finish()
  assert.deepEqual(disk.reads, ['state', 'find'])
  await disk.finish()
  assert.deepEqual(
    (await own).map(({ id }) => id),
    [1, 2],
  )
})

test('a read waits although the writes before it fail', async () => {
  void watch(group.commit(1, [append(1)]))
  const own = group.log(1, { limit: 10 })
  endTurn()
  await disk.fail(new StorageError('the disk is full'))
  assert.deepEqual(await own, [])
})

test('an owner is looked for when those that are being made or removed are there or gone', async () => {
  const made = group.create('d', 'account')
  const found = group.find('d')
  void group.remove(1, 5)
  const gone = group.tombstone('a')
  endTurn()
  await settle()
  assert.deepEqual(disk.reads, [])
  await disk.finish()
  assert.equal(await found, await made)
  assert.equal(await gone, 5)
})

test('an index is a batch of its own, in its turn; nothing of its owner depends on it', async () => {
  const index = (to: number) => watch(group.index(1, to, [{ id: to, words: ['love'] }]))
  const one = watch(group.commit(1, [append(1)]))
  const indexed = index(1)
  const two = watch(group.commit(1, [append(2)]))
  const again = index(2)
  endTurn()
  assert.deepEqual(unitsOf(disk), [['commit']])
  await disk.finish()
  await disk.finish(0)
  assert.deepEqual(unitsOf(disk), [['commit'], ['index'], ['commit']])
  const three = watch(group.commit(1, [append(3)]))
  await disk.finish()
  await disk.fail(new StorageError('the disk is full'))
  await disk.finish()
  assert.deepEqual(unitsOf(disk), [['commit'], ['index'], ['commit'], ['index'], ['commit']])
  assert.deepEqual(states(one, indexed, two, again, three), ['kept', 'a bad row', 'kept', 'the disk is full', 'kept'])
  assert.equal(group.pending, 0)
  await assert.rejects(group.index(1, 1, [{ id: 1, words: ['"'] }]), StorageError)
  assert.equal(group.pending, 0)
})

test('closing keeps what was handed over, and only then lets go of the driver', async () => {
  const last = watch(group.commit(1, [append(1)]))
  const closed = group.close()
  assert.equal(group.close(), closed)
  await assert.rejects(group.commit(1, [append(2)]), /closed/)
  await assert.rejects(group.find('a'), /closed/)
  endTurn()
  await settle()
  assert.equal(disk.closed, false)
  await disk.finish()
  await closed
  assert.deepEqual(states(last), ['kept'])
  assert.equal(disk.closed, true)
})

test('what is committed between begin and end is one unit with one receipt, however full its batch is', async () => {
  open({ batchBytes: 1 })
  group.begin()
  assert.equal(group.begun, false)
  const sender = group.keep(1, [append(1)])
  group.begin()
  const recipient = group.keep(2, [append(1)])
  group.end()
  const again = group.keep(1, [append(2)])
  assert.equal(group.begun, true)
  group.end()
  const apart = group.keep(1, [append(3)])
  assert.deepEqual([recipient === sender, again === sender, apart === sender], [true, true, false])
  const watched = watch(sender.promise())
  endTurn()
  assert.deepEqual(disk.batches[0]!.map(ownersOf), [[1, 2]])
  await disk.finish()
  assert.equal(watched.state, 'kept')
  await disk.finish()
  assert.deepEqual(
    (await group.log(1, { limit: 9 })).map(entry => entry.id),
    [1, 2, 3],
  )
  assert.equal(group.pending, 0)
})

test('where one part of it cannot be kept, none is, and what waits behind any of its owners fails', async () => {
  const first = watch(group.commit(3, [append(1)]))
  endTurn()
  group.begin()
  const both = watch(group.commit(1, [append(1)]))
  group.keep(2, [append(1)])
  group.end()
  await disk.finish()
  const behind = watch(group.commit(2, [append(2)]))
  const other = watch(group.commit(3, [append(2)]))
  await disk.finish(0)
  await disk.finish()
  assert.deepEqual(states(first, both, other), ['kept', 'a bad row', 'kept'])
  assert.match(behind.state, /before this could not be kept/)
  assert.equal(group.pending, 0)
})

test('a mark goes with the batch of what it tells of, once for each name', async () => {
  const mark = (n: number) =>
    ({ write: 'put', table: 'node-items', row: { node: 'h', at: n, hash: new Uint8Array(), body: null } }) as const
  for (const n of [1, 2, 3]) {
    group.keep(1, [append(n)])
    group.mark(1, 'h', mark(n))
  }
  endTurn()
  group.keep(1, [append(4)])
  group.mark(1, 'h', mark(4))
  assert.equal(disk.batches[0]!.length, 4)
  assert.deepEqual(disk.batches[0]!.at(-1), { unit: 'commit', parts: [{ owner: 1, writes: [mark(3)] }] })
  await disk.finish()
  assert.equal(disk.batches[1]!.length, 2)
  await disk.finish()
})

test('a mark with patience goes with the next commit, when it is read, when its time is up, or at the end', async () => {
  const mark = (n: number) =>
    ({ write: 'put', table: 'node-items', row: { node: 'h', at: n, hash: new Uint8Array(), body: null } }) as const
  const patient = (n: number) => {
    group.mark(1, 'h', mark(n), 250)
    endTurn()
  }
  patient(1)
  patient(2)
  assert.deepEqual([disk.batches.length, timers.length], [0, 1])
  group.keep(2, [append(1)])
  endTurn()
  assert.equal(disk.batches[0]!.length, 2)
  // While others are written it waits for nobody else.
  patient(3)
  await disk.finish()
  assert.equal(disk.batches.length, 1)
  timers.shift()!()
  endTurn()
  assert.deepEqual(disk.batches[1], [{ unit: 'commit', parts: [{ owner: 1, writes: [mark(3)] }] }])
  await disk.finish()

  patient(4)
  const read = group.rows(1, 'node-items')
  endTurn()
  await disk.finish()
  assert.equal((await read).at(-1)!['at'], 4)

  patient(5)
  const closed = group.close()
  endTurn()
  await disk.finish()
  await closed
  assert.equal(disk.batches.length, 4)
})
