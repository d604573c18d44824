import { StanzaError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { bool, int, jid, list, text, whole } from '../wire/kinds.ts'
import { ns } from '../wire/namespaces.ts'
import { parse } from '../wire/reader.ts'
import { branchOf, Envelope, kindOf, typeOf } from './envelope.ts'
import { extensionPoint } from './feature.ts'
import type { Owner } from './owner.ts'
import type { Sent } from './sent.ts'
import type { Session } from './session.ts'
import { optional, put, type RowOf, type Table, type TableWrite, table } from './table.ts'

/** What the rows of a snapshot mean: counts up when that changes, and a snapshot of another version is refused. */
export const snapshotVersion = 1

/** A host's snapshot: the row that is written last, once all the others are durable. Without it there is none. */
export const snapshots = table('snapshots', { version: whole, at: whole, sessions: whole, stanzas: whole }, [])

const sessionColumns = {
  number: whole,
  jid,
  device: optional(text),
  /** Its last available presence. */
  presence: optional(text),
  interested: bool,
  directed: list(jid),
  /** What features keep about it: names and values in turn. */
  slots: list(text),
  /** The name by which its client resumes it. */
  resumption: text,
  /** For how many milliseconds it is kept whenever its connection breaks, and for how many from the snapshot on. */
  resumable: whole,
  left: whole,
  /** How many of its client's stanzas were handled, and how many of those that it was sent are acknowledged (XEP-0198 §4). */
  handled: whole,
  acknowledged: whole,
}

/** Sessions that may be resumed. */
export const snapshotSessions = table('snapshot_sessions', sessionColumns, ['number'])

const stanzaColumns = {
  session: whole,
  place: whole,
  xml: text,
  /** Up to which entry of the owner's log the session had been given everything before. */
  behind: whole,
  /** Whom it is for, where it goes the undelivered road if it is not taken. */
  to: optional(jid),
  /** The entry of its owner's log that holds it, and whether it comes out of there. */
  logged: optional(int),
  undelivered: bool,
}

/** What their clients have not acknowledged. */
export const snapshotStanzas = table('snapshot_stanzas', stanzaColumns, ['session', 'place'])

/** All tables of a snapshot. */
export const snapshotTables = [snapshots, snapshotSessions, snapshotStanzas] as readonly Table[]

export type KeptSession = RowOf<typeof sessionColumns>
export type KeptStanza = RowOf<typeof stanzaColumns>

/** Gives a session the stream management that it had before the restart: hung here by the feature that knows its elements. */
export const resumability =
  extensionPoint<(session: Session, kept: KeptSession, expire: () => void) => void>('resumability')

/** A session that may be resumed, as rows: its own, then what its client has not acknowledged, in order. */
export function rowsOf(session: Session, number: number, left: number): readonly TableWrite[] {
  const { outbox } = session
  const { counts } = session.managed!
  const own: KeptSession = {
    number,
    jid: session.jid,
    device: session.device,
    presence: session.presence?.xml(ns.client),
    interested: session.interested,
    directed: [...session.directed].map(one => Jid.parse(one)),
    slots: session.slots.kept(),
    resumption: counts.id,
    resumable: counts.resumable,
    left,
    handled: counts.told(session.handled),
    acknowledged: outbox.acknowledged,
  }
  const stanzas = outbox.waiting().map(({ xml, behind, envelope }, place): KeptStanza => {
    const logged = envelope?.logged
    return {
      session: number,
      place,
      xml,
      behind,
      to: envelope?.to,
      logged: logged?.id,
      undelivered: !!logged?.undelivered,
    }
  })
  return [put(snapshotSessions, own), ...stanzas.map(one => put(snapshotStanzas, one))] as TableWrite[]
}

/** Makes a new session what it was. Throws where a row is none of `rowsOf`. */
export function restore(session: Session, kept: KeptSession, stanzas: readonly KeptStanza[], manage: () => void): void {
  session.device = kept.device
  if (kept.presence !== undefined) session.available(elementOf(kept.presence))
  session.interested = kept.interested
  for (const one of kept.directed) session.directed.add(one)
  session.slots.restore(kept.slots)
  manage()
  session.restore(kept.handled)
  for (const one of stanzas) session.outbox.add(sentOf(session.owner, one), one.xml.length)
  session.unsent.set(session.outbox.bytes)
}

function sentOf(owner: Owner, { xml, behind, to, logged, undelivered }: KeptStanza): Sent {
  if (to === undefined) return { xml, behind, envelope: undefined }
  const stanza = elementOf(xml)
  const kind = kindOf(stanza.name)
  const from = stanza.attribute('from')
  if (kind === undefined || from === undefined) throw new StanzaError('bad-request', { text: 'It is no stanza.' })
  const entry = logged === undefined ? undefined : { id: logged, undelivered }
  const type = typeOf(kind, stanza)
  return {
    xml,
    behind,
    envelope: new Envelope(stanza, branchOf(kind, type), type, Jid.parse(from), to, owner, undefined, entry),
  }
}

/** Text that was written on a client's stream, where `jabber:client` is the default namespace. */
function elementOf(xml: string) {
  return parse(`<stream xmlns="${ns.client}">${xml}</stream>`).elements[0]!
}
