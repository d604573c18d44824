import type { Change, Owner } from '../../server/owner.ts'
import { legacyCursor } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { put, remove, table } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import { date, text } from '../../wire/kinds.ts'

/** When each device of an account was last seen; that it is here says that it has a cursor. */
export const devices = table('devices', { device: text, seen: date }, ['device'], { loaded: true })

/** Read whenever it counts. */
export interface Limits {
  /** Devices of one account; 0 where all clients share one cursor. */
  readonly devices: number
  /** Milliseconds after which a device that was not seen is forgotten. */
  readonly forget: number
  /** What is not archived, and waits only for devices. */
  readonly maximum: number
}

/** Characters of a device's name. */
const longest = 256

/** The cursor of a device: no name of one can be another cursor's. */
export function cursorOf(device: string): string {
  return `device ${device}`
}

/** The devices of the accounts of one host: which have cursors of their own (DESIGN 6), and when they lose them. */
export class Devices {
  readonly #limits: Limits
  readonly #now: () => number

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Whether this one has a cursor. */
  knows(owner: Owner, device: string | undefined): device is string {
    return device !== undefined && owner.rows(devices).has(device)
  }

  /** The device of a session that has a cursor of its own, or may have one; undefined for all that share one. */
  of({ device, owner }: Session): string | undefined {
    if (device === undefined || device === '' || device.length > longest || this.#limits.devices === 0) return undefined
    if (this.knows(owner, device)) return device
    return owner.rows(devices).size < this.#limits.devices || oldestAway(owner) !== undefined ? device : undefined
  }

  /**
   * A device has come for the first time: its cursor begins at this entry of the log, and what nobody has taken stays for
   * whom the legacy cursor is. For one too many the one that was away longest is forgotten.
   */
  begin(owner: Owner, device: string, at: number): Receipt {
    const known = owner.rows(devices)
    const changes: Change[] = []
    if (known.size >= this.#limits.devices) {
      const oldest = oldestAway(owner)
      if (oldest !== undefined) changes.push(...forgotten(oldest))
    }
    // The legacy one first: where it is the least of all, nothing that waits for it goes.
    changes.push({ cursor: legacyCursor, to: owner.cursor(legacyCursor), taken: 0 })
    changes.push({ cursor: cursorOf(device), to: at, taken: 0 })
    return owner.commit(...changes, this.seen(device))
  }

  /** It is there, or was until now. */
  seen(device: string): Change {
    return put(devices, { device, seen: new Date(this.#now()) })
  }

  /**
   * Forgets who was away for too long, and lets those that are furthest behind pass what is not archived where that is too
   * much: somebody has had it. Rejects with StorageError.
   */
  async tidy(owner: Owner): Promise<void> {
    const known = [...owner.rows(devices).values()]
    if (known.length === 0) return
    const since = this.#now() - this.#limits.forget
    const gone = known.filter(({ device, seen }) => seen.getTime() < since && !isConnected(owner, device))
    if (gone.length > 0) await owner.commit(...gone.flatMap(({ device }) => forgotten(device)))
    const taken = owner.cursor(legacyCursor)
    const behind = () =>
      [...owner.rows(devices).values()].filter(({ device }) => owner.cursor(cursorOf(device)) < taken)
    if (behind().length === 0) return
    const limit = Math.max(1, this.#limits.maximum)
    const waiting = await owner.entries({ before: taken + 1, archived: false, last: true, limit })
    if (waiting.length < limit) return
    const to = waiting[0]!.id - 1
    const late = behind().filter(({ device }) => owner.cursor(cursorOf(device)) < to)
    if (late.length > 0) await owner.commit(...late.map(({ device }) => ({ cursor: cursorOf(device), to, taken: 0 })))
  }
}

/** Forgets a device: when it comes again, it is a new one. */
export function forgotten(device: string): readonly Change[] {
  return [{ forget: cursorOf(device) }, remove(devices, { device, seen: new Date(0) })]
}

/** Whether a session of this device is there, connected or not. */
export function isConnected(owner: Owner, device: string): boolean {
  return owner.sessions.some(session => session.device === device)
}

function oldestAway(owner: Owner): string | undefined {
  let oldest: { readonly device: string; readonly seen: Date } | undefined
  for (const one of owner.rows(devices).values())
    if ((oldest === undefined || one.seen < oldest.seen) && !isConnected(owner, one.device)) oldest = one
  return oldest?.device
}
