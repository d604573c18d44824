import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../testing/fuzz/random.ts'
import { append, shapes } from './contract.ts'
import type { Answers, Driver, Outcome, Query, QueryName, Unit } from './driver.ts'
import { behindFailed, ownersOf } from './driver.ts'
import { Group } from './group.ts'
import { MemoryData } from './memory-data.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

const tables = new Tables(shapes)
const settled = () => new Promise<void>(resolve => void setImmediate(resolve))

/** A disk in memory of which some units fail, and some batches. */
class BadDisk implements Driver {
  readonly data = new MemoryData(tables)
  readonly #random: Random
  #units: readonly Unit[] | undefined
  #answer = Promise.withResolvers<Outcome>()

  constructor(random: Random) {
    this.#random = random
    for (const name of ['a', 'b', 'c']) this.data.apply({ unit: 'create', address: name, kind: 'account', writes: [] })
  }

  apply(units: readonly Unit[]): Promise<Outcome> {
    assert.equal(this.#units, undefined, 'one batch at a time')
    this.#units = units
    this.#answer = Promise.withResolvers()
    return this.#answer.promise
  }

  /** The batch in hand becomes what it becomes. */
  finish(): void {
    const units = this.#units
    if (units === undefined) return
    this.#units = undefined
    if (this.#random.once(12)) {
      this.#answer.reject(new StorageError('The disk is full.'))
      return
    }
    const [failures, created, failed] = [new Map<number, StorageError>(), new Map<number, number>(), new Set<number>()]
    for (const [place, unit] of units.entries()) {
      const owners = ownersOf(unit)
      if (owners.some(owner => failed.has(owner)) || this.#random.once(10)) {
        failures.set(place, behindFailed())
        for (const owner of owners) failed.add(owner)
      } else created.set(place, this.data.apply(unit))
    }
    this.#answer.resolve({ failures, created })
  }

  async read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    return this.data.read(query)
  }

  async close(): Promise<void> {}
}

interface Entry {
  readonly owner: number
  readonly id: number
  state: 'waits' | 'kept' | 'failed'
}

test('100 seeds on a bad disk: who reads an owner reads exactly what was kept of all that was handed over before', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed)
    const disk = new BadDisk(random)
    const turns: (() => void)[] = []
    const group = new Group(disk, tables, { turn: fn => void turns.push(fn), batchBytes: 300 })
    const entries: Entry[] = []
    const reads: Promise<void>[] = []
    const keep = (owner: number) => {
      const entry: Entry = { owner, id: entries.length + 1, state: 'waits' }
      entries.push(entry)
      group.keep(owner, [append(entry.id, { xml: 'x'.repeat(random.below(200)) })]).watch({
        kept: () => void (entry.state = 'kept'),
        failed() {
          entry.state = 'failed'
          if (random.once(2)) keep(owner)
        },
      })
    }
    const read = async (owner: number) => {
      const before = entries.filter(entry => entry.owner === owner)
      const found = new Set((await group.log(owner, { limit: 1000 })).map(({ id }) => id))
      for (const { id, state } of before) assert.equal(found.has(id) ? 'kept' : 'failed', state, `seed ${seed}: ${id}`)
    }
    const together = () => {
      group.begin()
      const [first, second] = [1 + random.below(3), 1 + random.below(3)]
      keep(first)
      if (random.once(4)) void group.create(`made${entries.length}@a`, 'account').catch(() => {})
      if (random.once(4)) void group.index(first, 0, []).catch(() => {})
      group.mark(first, 'mark', { write: 'cursor', cursor: 'mark', to: 1 })
      keep(second)
      group.end()
    }
    const turn = async () => {
      for (const fn of turns.splice(0)) fn()
      if (random.once(2)) disk.finish()
      await settled()
    }
    for (let step = 0; step < 60; step++) {
      const what = random.below(8)
      if (what === 0) await turn()
      else if (what === 1) reads.push(read(1 + random.below(3)))
      else if (what < 4) together()
      else keep(1 + random.below(3))
    }
    while (group.pending > 0 || entries.some(({ state }) => state === 'waits')) await turn()
    while (turns.length > 0) await turn()
    disk.finish()
    await Promise.all(reads)
    assert.equal(group.pending, 0)
  }
})
