import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { append, shapes } from './contract.ts'
import type { Answers, Driver, Outcome, Query, QueryName, Unit } from './driver.ts'
import { Group } from './group.ts'
import { MemoryData } from './memory-data.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

const tables = new Tables(shapes)

/** A disk in memory that is told what becomes of each batch: which of its units fail. */
class Disk implements Driver {
  readonly data = new MemoryData(tables)
  units: readonly Unit[] = []
  #answer = Promise.withResolvers<Outcome>()

  apply(units: readonly Unit[]): Promise<Outcome> {
    this.units = units
    this.#answer = Promise.withResolvers()
    return this.#answer.promise
  }

  async finish(...failing: number[]): Promise<void> {
    for (const [place, unit] of this.units.entries()) if (!failing.includes(place)) this.data.apply(unit)
    const failures = new Map(failing.map(place => [place, new StorageError('a bad row')]))
    this.#answer.resolve({ failures, created: new Map() })
    await settled()
  }

  async read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    return this.data.read(query)
  }

  async close(): Promise<void> {}
}

const settled = () => new Promise<void>(resolve => void setImmediate(resolve))

let disk: Disk
let group: Group
let turns: (() => void)[]

beforeEach(() => {
  disk = new Disk()
  turns = []
  for (const name of ['a', 'b', 'c']) disk.data.apply({ unit: 'create', address: name, kind: 'account', writes: [] })
  group = new Group(disk, tables, { turn: fn => void turns.push(fn), batchBytes: 400 })
})

function endTurn(): void {
  for (const fn of turns.splice(0)) fn()
}

test('a read waits for what stays of its owner in a batch out of which something of it was taken', async () => {
  const bad = group.commit(1, [append(1)])
  endTurn()
  const stays = group.commit(2, [append(1)])
  group.begin()
  const behind = group.commit(1, [append(2)])
  group.keep(2, [append(2)])
  group.end()
  const refused = Promise.all([assert.rejects(bad, /a bad row/), assert.rejects(behind, /before this/)])
  await disk.finish(0)
  await refused
  const read = group.log(2, { limit: 9 })
  await settled()
  await disk.finish()
  await stays
  assert.deepEqual(
    (await read).map(({ id }) => id),
    [1],
  )
  assert.equal(group.pending, 0)
})

test('what is kept together is in one batch, whatever else begins another one meanwhile', async () => {
  group.begin()
  const first = group.keep(1, [append(1)])
  const made = group.create(`${'long'.repeat(100)}@a`, 'account', [append(1, { xml: 'x'.repeat(500) })])
  const index = group.index(1, 0, [])
  assert.equal(group.keep(2, [append(1)]), first)
  group.mark(1, 'mark', { write: 'cursor', cursor: 'mark', to: 1 })
  group.end()
  const read = group.log(2, { limit: 9 })
  endTurn()
  assert.deepEqual(
    disk.units.map(({ unit }) => unit),
    ['commit', 'create', 'commit'],
  )
  await disk.finish()
  assert.equal((await read).length, 1)
  await made
  await disk.finish()
  await index
  assert.equal(group.pending, 0)
})
