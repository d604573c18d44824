import { keptCounts } from '../../features/stream-management/kept.ts'
import type { Timers } from '../../runtime/runtime.ts'
import type { SeededRandom } from '../../runtime/simulated-random.ts'
import type { Answers, Driver, Outcome, Query, QueryName, Unit } from '../../storage/driver.ts'
import { behindFailed, ownersOf } from '../../storage/driver.ts'
import { MemoryData } from '../../storage/memory-data.ts'
import type { OwnerId, Write } from '../../storage/storage.ts'
import { StorageError } from '../../storage/storage.ts'
import type { Tables } from '../../storage/tables.ts'
import type { Counts } from './counts.ts'

/** How well the disk does its work just now. */
export interface Condition {
  /** Milliseconds that a commit takes at least, and at most. */
  readonly commit: readonly [number, number]
  /** Milliseconds that a read takes at least, and at most. */
  readonly read: readonly [number, number]
  readonly full: boolean
  /** Chances, from 0 to 1: that one unit fails, that a commit that was kept is reported as failed, that a read fails. */
  readonly unitFails: number
  readonly uncertain: number
  readonly readFails: number
}

/** A disk that does what it should. */
export const sound: Condition = {
  commit: [1, 6],
  read: [0, 2],
  full: false,
  unitFails: 0,
  uncertain: 0,
  readFails: 0,
}

/**
 * A disk that outlives the processes that use it. It keeps what was synced, and nothing else: whoever opens it after a
 * crash finds that.
 */
export class Platter {
  condition: Condition = sound
  /** A disk that lies says that it has synced what it only means to: for a planted bug. */
  lies = false
  readonly #random: SeededRandom
  readonly #counts: Counts
  readonly #synced: Unit[] = []
  #open: PlayedDriver | undefined
  /** Told once of the next commit that is on its way, or synced and not answered: where crashes hurt. */
  moment: { readonly phase: 'writing' | 'synced'; readonly act: () => void } | undefined
  /** Told of each write when it is synced. */
  seen: (owner: OwnerId, write: Write) => void = () => {}

  constructor(random: SeededRandom, counts: Counts) {
    this.#random = random
    this.#counts = counts
  }

  /** Opens it for a process with these timers. */
  open(tables: Tables, timers: Timers): Driver {
    this.#open = new PlayedDriver(this.contents(tables), this, timers)
    return this.#open
  }

  /** All that was synced. */
  contents(tables: Tables): MemoryData {
    const data = new MemoryData(tables)
    for (const unit of this.#synced) data.apply(unit)
    return data
  }

  /** The process that had it open was killed. */
  crashed(): void {
    if (this.#open?.phase === 'writing') this.#counts.add('crashes with writes on their way')
    if (this.#open?.phase === 'synced') this.#counts.add('crashes between sync and answer')
    this.#open = undefined
  }

  keep(unit: Unit): void {
    this.#synced.push(unit)
    if (unit.unit !== 'commit') return
    for (const { owner, writes } of unit.parts) for (const write of writes) this.seen(owner, write)
  }

  /** A commit has come so far. */
  reached(phase: 'writing' | 'synced'): void {
    const { moment } = this
    if (moment?.phase !== phase) return
    this.moment = undefined
    moment.act()
  }

  between([least, most]: readonly [number, number]): number {
    return least + this.#random.below(most - least + 1)
  }

  chance(of: number): boolean {
    return of > 0 && this.#random.below(1_000_000) < of * 1_000_000
  }

  count(what: Parameters<Counts['add']>[0]): void {
    this.#counts.add(what)
  }
}

class PlayedDriver implements Driver {
  phase: 'idle' | 'writing' | 'synced' = 'idle'
  readonly #data: MemoryData
  readonly #platter: Platter
  readonly #timers: Timers

  constructor(data: MemoryData, platter: Platter, timers: Timers) {
    this.#data = data
    this.#platter = platter
    this.#timers = timers
  }

  async apply(units: readonly Unit[]): Promise<Outcome> {
    const platter = this.#platter
    const { condition } = platter
    if (platter.lies) return this.#lie(units)
    try {
      this.phase = 'writing'
      platter.reached('writing')
      await this.#wait(platter.between(condition.commit))
      if (condition.full) {
        platter.count('full disks')
        throw new StorageError('The disk is full.')
      }
      const outcome = this.#write(units, unit => platter.keep(unit))
      this.phase = 'synced'
      platter.reached('synced')
      await this.#wait(platter.between(condition.commit))
      if (platter.chance(condition.uncertain)) {
        platter.count('uncertain commits')
        throw new StorageError('The disk does not answer.', { uncertain: true })
      }
      return outcome
    } finally {
      this.phase = 'idle'
    }
  }

  async read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    const platter = this.#platter
    const milliseconds = platter.between(platter.condition.read)
    if (milliseconds > 0) await this.#wait(milliseconds)
    if (platter.chance(platter.condition.readFails)) {
      platter.count('failed reads')
      throw new StorageError('The disk cannot be read.')
    }
    return this.#data.read(query)
  }

  async close(): Promise<void> {}

  #write(units: readonly Unit[], keep: (unit: Unit) => void): Outcome {
    const failures = new Map<number, StorageError>()
    const created = new Map<number, OwnerId>()
    const failed = new Set<OwnerId>()
    for (const [place, unit] of units.entries()) {
      const owners = ownersOf(unit)
      try {
        if (owners.some(owner => failed.has(owner))) throw behindFailed()
        // Marks go with what they tell of: a bad place that has them has that too.
        if (!isMark(unit) && this.#platter.chance(this.#platter.condition.unitFails)) {
          this.#platter.count('failed commits')
          throw new StorageError('The disk has a bad place.')
        }
        const made = this.#data.apply(unit)
        if (unit.unit === 'create') created.set(place, made)
        keep(unit)
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        failures.set(place, error)
        for (const owner of owners) failed.add(owner)
      }
    }
    return { failures, created }
  }

  /** Says at once that all is kept; it is so only a second later. */
  async #lie(units: readonly Unit[]): Promise<Outcome> {
    const written: Unit[] = []
    const outcome = this.#write(units, unit => written.push(unit))
    this.#timers.after(1000, () => {
      for (const unit of written) this.#platter.keep(unit)
    })
    return outcome
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise(resolve => this.#timers.after(milliseconds, resolve))
  }
}

/** Whether it only tells how far something has come (see `Storage.mark`). */
function isMark(unit: Unit): boolean {
  if (unit.unit !== 'commit') return false
  return unit.parts.every(({ writes }) =>
    writes.every(one => one.write === 'put' && one.table === keptCounts.shape.name),
  )
}
