import type { Outcome, Unit } from './driver.ts'
import type { OwnerId } from './storage.ts'

interface Waiting {
  readonly bytes: number
  readonly resolve: (owner: OwnerId) => void
  readonly reject: (error: unknown) => void
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
  #waiting: Waiting[] = []
  #end: PromiseWithResolvers<void> | undefined

  add(unit: Unit, bytes: number, resolve: Waiting['resolve'], reject: Waiting['reject']): void {
    this.units.push(unit)
    this.#waiting.push({ bytes, resolve, reject })
    this.bytes += bytes
    if (unit.unit !== 'create') this.owners.add(unit.owner)
    if (unit.unit !== 'commit') this.changesOwners = true
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
      if (failure === undefined) this.#waiting[place]!.resolve(created.get(place) ?? 0)
      else this.#waiting[place]!.reject(failure)
    }
  }

  /** Fails every unit. */
  failed(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error)
  }

  /** Takes out the units of these owners and fails them; returns how many bytes they were. */
  drop(owners: ReadonlySet<OwnerId>, error: Error): number {
    const stay = this.units.map(unit => unit.unit === 'create' || !owners.has(unit.owner))
    const before = this.bytes
    for (const [place, waiting] of this.#waiting.entries()) {
      if (stay[place]) continue
      waiting.reject(error)
      this.bytes -= waiting.bytes
    }
    this.units = this.units.filter((_, place) => stay[place])
    this.#waiting = this.#waiting.filter((_, place) => stay[place])
    for (const owner of owners) this.owners.delete(owner)
    return before - this.bytes
  }
}
