import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { slot } from '../../server/slot.ts'
import { int } from '../../wire/kinds.ts'
import { hasArrived } from './arrival.ts'
import { cursorOf, type Devices, devices as table } from './devices.ts'

/** How often the cursor of a device that is there is moved, in milliseconds; a crash may bring it so much again. */
const often = 600_000
/** How often it is written that a device is there. */
const daily = 86_400_000

/** `session.given`, where that has to outlive the process; -1 for Infinity. */
const given = slot(int, 0, { lives: 'session', name: 'given of the log' })

/**
 * How far the devices that are there have come. They get what comes as it comes, and their cursors follow: when a session
 * ends, and now and then. No message costs a write.
 */
export class Places {
  readonly #host: Host
  readonly #devices: Devices
  /** Up to where sessions without stream management have everything for certain. */
  readonly #confirmed = new WeakMap<Session, number>()
  /** Up to where sessions were shown their archives that have not been shown all of it. */
  readonly #gaps = new WeakMap<Session, number>()
  /** When the cursor of a session's device was last moved, or its client last asked. */
  readonly #tended = new WeakMap<Session, number>()
  /** When somebody last looked for devices to forget. */
  readonly #tidied = new WeakMap<Owner, number>()

  constructor(host: Host, devices: Devices) {
    this.#host = host
    this.#devices = devices
  }

  /** From now on a session gets what comes as it comes (Infinity), or it has been given everything only up to this entry. */
  give(session: Session, to: number): void {
    session.given = to
    session.set(given, to === Number.POSITIVE_INFINITY ? -1 : to)
  }

  /** A session has come back: after a restart too, which only its slots outlive. */
  restore(session: Session): void {
    const kept = session.get(given)
    session.given = kept < 0 ? Number.POSITIVE_INFINITY : kept
  }

  /** It was shown its archive only up to this entry, and asks for the rest itself; undefined: it was shown all. */
  keepAt(session: Session, at: number | undefined): void {
    if (at === undefined) this.#gaps.delete(session)
    else this.#gaps.set(session, at)
  }

  /** The entry that the cursor must not pass, because of what the archive has not shown yet. */
  limit(session: Session): number {
    return this.#gaps.get(session) ?? Number.POSITIVE_INFINITY
  }

  /** It has everything up to this entry: it has said so. */
  confirm(session: Session, to: number): void {
    this.#confirmed.set(session, Math.max(to, this.#confirmed.get(session) ?? 0))
  }

  /** Up to which entry a device has everything for certain, whichever of its sessions got it. */
  of(owner: Owner, device: string): number {
    let place = owner.cursor(cursorOf(device))
    for (const session of owner.sessions) if (session.device === device) place = Math.max(place, this.#at(session))
    return place
  }

  /** A session is over. */
  ended(session: Session): void {
    const { owner, device } = session
    if (this.#devices.knows(owner, device)) this.#move(owner, device, this.#at(session), true)
  }

  /** Moves the cursors of devices that have been there for some time. */
  tend(owner: Owner): void {
    this.#tidy(owner)
    for (const session of owner.sessions) {
      const { device } = session
      if (!this.#devices.knows(owner, device)) continue
      const now = this.#host.shared.now()
      const last = this.#tended.get(session)
      if (last === undefined || Math.abs(now - last) >= often) {
        this.#tended.set(session, now)
        if (last !== undefined) this.#follow(owner, session, device)
      }
    }
  }

  #tidy(owner: Owner): void {
    const now = this.#host.shared.now()
    const last = this.#tidied.get(owner)
    if (last !== undefined && Math.abs(now - last) < daily) return
    this.#tidied.set(owner, now)
    // It was tidied when it was loaded.
    if (last !== undefined) this.#devices.tidy(owner).catch(error => this.#failed(owner, error))
  }

  #follow(owner: Owner, session: Session, device: string): void {
    if (session.managed !== undefined) {
      this.#move(owner, device, this.#at(session))
      return
    }
    // What it was written and what it has are two things: it must be asked.
    const to = Math.min(session.given, owner.delivered)
    if (to <= owner.cursor(cursorOf(device)) || session.given !== Number.POSITIVE_INFINITY) return
    hasArrived(this.#host, session, false).then(
      arrived => {
        if (!arrived || session.ended) return
        this.confirm(session, to)
        this.#move(owner, device, this.#at(session))
      },
      error => this.#failed(owner, error),
    )
  }

  #at(session: Session): number {
    const place = session.managed === undefined ? (this.#confirmed.get(session) ?? 0) : acknowledged(session)
    return Math.min(place, this.limit(session))
  }

  #move(owner: Owner, device: string, to: number, isLast = false): void {
    // What memory says of a stale owner may not be so; the device gets some again.
    if (owner.stale || owner.leaving) return
    const cursor = cursorOf(device)
    const changes: Change[] = to > owner.cursor(cursor) ? [{ cursor, to, taken: 0 }] : []
    const seen = owner.rows(table).get(device)!.seen.getTime()
    if (isLast || Math.abs(this.#host.shared.now() - seen) > daily) changes.push(this.#devices.seen(device))
    if (changes.length > 0) owner.commit(...changes)?.catch(error => this.#failed(owner, error))
  }

  #failed(owner: Owner, error: unknown): void {
    this.#host.shared.log('error', 'cursor not moved', { account: owner.address.full, reason: String(error) })
  }
}

/** Up to which entry a client under stream management has acknowledged everything. */
export function acknowledged(session: Session): number {
  return session.outbox.first?.behind ?? Math.min(session.given, session.owner.delivered)
}
