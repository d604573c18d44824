import type { Timers } from '../runtime/runtime.ts'
import type { OwnerId, Storage, Write } from '../storage/storage.ts'
import type { StreamError } from '../wire/errors.ts'
import { extensionPoint } from './feature.ts'
import type { Host } from './host.ts'
import type { Log } from './log.ts'
import type { Owner } from './owner.ts'
import { Session } from './session.ts'
import {
  type KeptSession,
  type KeptStanza,
  restore,
  resumability,
  rowsOf,
  snapshotSessions,
  snapshotStanzas,
  snapshots,
  snapshotTables,
  snapshotVersion,
} from './snapshot.ts'
import type { Streams } from './streams.ts'
import { put, storageWrite } from './table.ts'

/** What features do before a session goes into a snapshot: what they hold back from its client goes to its outbox. */
export const suspensions = extensionPoint<(session: Session) => void>('suspensions')

/** What features do when a session is back after a restart; its client is not, yet. */
export const restorations = extensionPoint<(session: Session) => void>('restorations')

/** What features do when the server begins, once all sessions that were kept are back; before anybody can connect. */
export const starts = extensionPoint<() => Promise<void> | void>('starts')

/** What features do when the server ends, and sessions have: what is still worth knowing is committed. */
export const lastWords = extensionPoint<() => void>('last words')

/**
 * How long stanzas may take to be settled before the snapshot, in milliseconds: some commits of a disk that is in a bad
 * way. What takes longer counts as not handled.
 */
const settling = 20_000

/** Sessions that the store is asked about, or handed, at once: what waits in memory has a limit. */
const together = 200

/** The writes that take a snapshot away. */
const emptied: readonly Write[] = snapshotTables.map(({ shape }) => ({ write: 'delete', table: shape.name, key: {} }))

/** What keeping sessions over a restart needs of the server. */
export interface Surroundings {
  readonly hosts: ReadonlyMap<string, Host>
  readonly streams: Streams
  readonly storage: Storage
  readonly timers: Pick<Timers, 'after' | 'cancel'>
  readonly log: Log
  /** Milliseconds since 1970. */
  now(): number
}

/**
 * Reads no more, settles what waits, and keeps all sessions that may be resumed; all others end with this error. How many
 * were kept, durably; undefined where that failed, and sessions can only end. Connections of kept sessions stay for
 * `Streams.cut`.
 */
export async function suspend(around: Surroundings, error: StreamError): Promise<number | undefined> {
  const { hosts, streams, storage, log } = around
  streams.halt(error)
  try {
    // Whatever the store was handed before this is durable after it, or has failed, however slow the disk is.
    await storage.commit(keeper(hosts), emptied)
    await settled(around)
    for (const session of sessionsOf(hosts))
      if (session.resumable) for (const run of session.owner.host.extensions(suspensions)) run(session)
    const kept = streams.freeze()
    await keep(around, kept)
    log('info', 'sessions kept for the next start', { sessions: kept.size })
    return kept.size
  } catch (fault) {
    streams.thaw()
    log('error', 'sessions not kept: they end', { reason: String(fault) })
    return undefined
  }
}

/** All rows are under one owner, so that one of them says that all are there. */
function keeper(hosts: Surroundings['hosts']): OwnerId {
  return hosts.values().next().value!.service.id
}

async function keep({ hosts, storage, now }: Surroundings, kept: ReadonlyMap<Session, number>): Promise<void> {
  const id = keeper(hosts)
  // In the order in which an account has them.
  const sessions = [...sessionsOf(hosts)].filter(session => kept.has(session))
  let stanzas = 0
  for (let first = 0; first < sessions.length; first += together) {
    const writes = sessions.slice(first, first + together).flatMap((session, place) => {
      const rows = rowsOf(session, first + place, kept.get(session)!)
      stanzas += rows.length - 1
      return rows
    })
    await storage.commit(id, writes.map(storageWrite))
  }
  if (sessions.length === 0) return
  const head = { version: snapshotVersion, at: now(), sessions: sessions.length, stanzas }
  await storage.commit(id, [storageWrite(put(snapshots, head))])
}

/** Resolves when nothing waits in anybody's turns, or after some time. */
async function settled({ hosts, streams, timers, log }: Surroundings): Promise<void> {
  let late = false
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = timers.after(settling, () => {
    late = true
    log('warn', 'not everything was settled in time: clients send again what is not counted')
    resolve()
  })
  while (!late) {
    const waiting = [...waitingOf(hosts, streams)]
    if (waiting.length === 0) break
    await Promise.race([Promise.allSettled(waiting), promise])
  }
  timers.cancel(timer)
}

function* waitingOf(hosts: Surroundings['hosts'], { leaving }: Streams): Iterable<Promise<unknown>> {
  for (const { turns } of ownersOf(hosts)) if (!turns.idle) yield turns.after(undefined, () => undefined)
  // What somebody said last who cannot come back is for others who can.
  for (const session of [...leaving, ...sessionsOf(hosts)]) {
    const receipt = session.settled()
    if (receipt !== undefined) yield receipt
  }
}

function* ownersOf(hosts: Surroundings['hosts']): Iterable<Owner> {
  for (const { service, owners } of hosts.values()) {
    yield service
    yield* owners.all()
  }
}

function* sessionsOf(hosts: Surroundings['hosts']): Iterable<Session> {
  for (const { sessions } of ownersOf(hosts)) yield* sessions
}

/**
 * Takes up the sessions that were kept when the server last ended, once: they wait for their clients, and those whose time
 * is over end. Rejects with StorageError.
 */
export async function resume(around: Surroundings): Promise<void> {
  const { hosts, streams, log } = around
  const back: (readonly [Session, number])[] = []
  for (const host of hosts.values()) back.push(...(await take(around, host)))
  for (const [session] of back) session.owner.sessions = [...session.owner.sessions, session]
  for (const [session, left] of back) {
    if (left > 0) streams.keep(session, left)
    else streams.endSession(session)
  }
  for (const [session] of back)
    if (!session.ended) for (const run of session.owner.host.extensions(restorations)) run(session)
  if (back.length > 0) log('info', 'sessions wait for their clients after the restart', { sessions: back.length })
  for (const host of hosts.values()) for (const run of host.extensions(starts)) await run()
}

/** What a snapshot under this host says, made into sessions, and for how long each waits; by then it is gone from the store. */
async function take(around: Surroundings, host: Host): Promise<readonly (readonly [Session, number])[]> {
  const { storage, log } = around
  const { id } = host.service
  const [heads, sessions, stanzas] = await Promise.all([
    storage.rows(id, snapshots.shape.name),
    storage.rows(id, snapshotSessions.shape.name),
    storage.rows(id, snapshotStanzas.shape.name),
  ])
  if (heads.length + sessions.length + stanzas.length === 0) return []
  await storage.commit(id, emptied)
  try {
    const head = heads[0]
    if (head === undefined) throw new Error('it was never finished')
    // Before anything else is read: another version may mean something else by it.
    const { version } = head
    if (version !== snapshotVersion) throw new Error(`its version is ${version}, and this is ${snapshotVersion}`)
    const counted = snapshots.read(head)
    if (counted.sessions !== sessions.length || counted.stanzas !== stanzas.length)
      throw new Error(`not all of its ${counted.sessions} sessions and ${counted.stanzas} stanzas are there`)
    // The clock may have been set back meanwhile.
    const gone = Math.max(0, around.now() - counted.at)
    return await made(around, sessions.map(snapshotSessions.read), stanzas.map(snapshotStanzas.read), gone)
  } catch (error) {
    const facts = { host: host.domain.full, reason: (error as Error).message }
    log('error', 'snapshot of sessions refused: they are over, as after a crash', facts)
    return []
  }
}

async function made(
  { hosts, streams }: Surroundings,
  rows: readonly KeptSession[],
  stanzas: readonly KeptStanza[],
  gone: number,
): Promise<readonly (readonly [Session, number])[]> {
  const unacknowledged = Map.groupBy(stanzas, one => one.session)
  const found: (readonly [Session, number])[] = []
  for (let first = 0; first < rows.length; first += together) {
    const some = rows.slice(first, first + together)
    const owners = await Promise.all(some.map(({ jid }) => hosts.get(jid.domain)?.owners.find(jid.bare)))
    for (const [place, kept] of some.entries()) {
      const owner = owners[place]
      // The host, or the account, was taken away meanwhile.
      if (owner === undefined) continue
      const manage = owner.host.extensions(resumability)[0]
      if (manage === undefined) throw new Error(`nothing can be resumed at ${owner.host.domain}`)
      const session = new Session(owner, kept.jid, undefined, streams.road, streams.unsent)
      const left = Math.max(0, kept.left - gone)
      restore(session, kept, unacknowledged.get(kept.number) ?? [], () =>
        manage(session, kept, () => streams.endSession(session)),
      )
      found.push([session, left])
    }
  }
  return found
}
