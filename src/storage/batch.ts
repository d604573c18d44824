import type { Outcome, Unit } from './driver.ts'
import { ownersOf } from './driver.ts'
import type { OwnerId, Write } from './storage.ts'

/** Who waits for a unit: a commit, or who makes or removes an owner. */
export interface Waiting {
  bytes: number
  /** `owner` is the one that was made, or 0. */
  kept(owner: OwnerId): void
  failed(error: unknown): void
}

/** Units that go to the driver together, and who waits for each. */
export class Batch {
  units: Unit[] = []
  /** About how big its units are. */
  bytes = 0
  /** Whose data it changes; those that it makes have no number yet. */
  readonly owners = new Set<OwnerId>()
  /** Whether it makes or removes owners. */
  changesOwners = false
  /** Whether it is to go as soon as it can; one of marks only may wait for others. */
  due = false
  readonly #marks = new Map<string, { readonly owner: OwnerId; readonly write: Write }>()
  /** Whether it is for its one unit only. */
  readonly alone: boolean
  #waiting: Waiting[] = []
  /** Whose data each unit changes, when they have been handed over. */
  #ownersOf: readonly (readonly OwnerId[])[] = []
  #end: PromiseWithResolvers<void> | undefined

  constructor(alone = false) {
    this.alone = alone
  }

  add(unit: Unit, waiting: Waiting): void {
    this.units.push(unit)
    this.#waiting.push(waiting)
    this.bytes += waiting.bytes
    // An index is reckoned from what is there; nobody reckons on it.
    if (unit.unit === 'index') return
    for (const owner of ownersOf(unit)) this.owners.add(owner)
    if (unit.unit !== 'commit') this.changesOwners = true
  }

  /** The unit that is waited for here has grown by another owner's part. */
  grown(owner: OwnerId, bytes: number, waiting: Waiting): void {
    this.owners.add(owner)
    waiting.bytes += bytes
    this.bytes += bytes
  }

  /** One write that goes with the others, in the place of an earlier one of that name. */
  mark(owner: OwnerId, name: string, write: Write): void {
    this.#marks.set(`${owner} ${name}`, { owner, write })
    this.owners.add(owner)
  }

  /**
   * Hands over its units, behind them the marks, for which nobody waits. Nothing is added any more, and what it knows of
   * them from here on is whose they were: while the disk works, garbage collection has less to carry.
   */
  take(): readonly Unit[] {
    for (const { owner, write } of this.#marks.values())
      this.units.push({ unit: 'commit', parts: [{ owner, writes: [write] }] })
    const { units } = this
    this.units = []
    this.#marks.clear()
    this.#ownersOf = units.map(ownersOf)
    return units
  }

  /** Whose data a unit changes that has been handed over. */
  ownersAt(place: number): readonly OwnerId[] {
    return this.#ownersOf[place]!
  }

  /** Resolves when every unit has become what it becomes, well or not. */
  settled(): Promise<void> {
    this.#end ??= Promise.withResolvers()
    return this.#end.promise
  }

  letGo(): void {
    this.#end?.resolve()
  }

  /** Settles each unit by what became of it. */
  applied(failures: Outcome['failures'], created: Outcome['created']): void {
    for (let place = 0; place < this.#waiting.length; place++) {
      const failure = failures.get(place)
      if (failure === undefined) this.#waiting[place]!.kept(created.get(place) ?? 0)
      else this.#waiting[place]!.failed(failure)
    }
  }

  /** Fails every unit. */
  failed(error: unknown): void {
    for (const waiting of this.#waiting) waiting.failed(error)
  }

  /**
   * Takes out the units of these owners and fails them, and with them whoever else has a part in those: from there on
   * that is one of these owners too. Returns how many bytes they were.
   */
  drop(owners: Set<OwnerId>, error: Error): number {
    const stay = this.units.map(unit => {
      const all = ownersOf(unit)
      if (!all.some(owner => owners.has(owner))) return true
      for (const owner of all) owners.add(owner)
      return false
    })
    const before = this.bytes
    const dropped: Waiting[] = []
    for (const [place, waiting] of this.#waiting.entries()) {
      if (stay[place]) continue
      dropped.push(waiting)
      this.bytes -= waiting.bytes
    }
    this.units = this.units.filter((_, place) => stay[place])
    this.#waiting = this.#waiting.filter((_, place) => stay[place])
    for (const [name, { owner }] of this.#marks) if (owners.has(owner)) this.#marks.delete(name)
    // Of some of these owners there is more, which stays.
    this.owners.clear()
    for (const unit of this.units) if (unit.unit !== 'index') for (const owner of ownersOf(unit)) this.owners.add(owner)
    for (const { owner } of this.#marks.values()) this.owners.add(owner)
    const { bytes } = this
    for (const waiting of dropped) waiting.failed(error)
    return before - bytes
  }
}
