import { StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { forbiddenCharacter } from '../../wire/names.ts'
import { writeDateTime } from '../../wire/time.ts'
import { AccountError } from '../accounts.ts'
import type { Command } from '../command.ts'
import type { Server } from '../server.ts'
import type { Session } from '../session.ts'
import type { Stream } from '../stream.ts'
import { addressed } from './finding.ts'

/** Who is connected, and ending that. */
export function sessionCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['sessions', 'list'],
      manual: 'Lists the sessions: of all accounts, of one, or one of them.',
      arguments: [
        { name: 'jid', kind: 'jid', manual: 'Only of this account, or only this full address.', optional: true },
      ],
      run({ jid }) {
        const streams = new Map<Session, Stream>()
        for (const stream of server.streams.all()) if (stream.session) streams.set(stream.session, stream)
        const rows = sessionsOf(server, jid).map(session => rowOf(session, streams.get(session)))
        return { rows, say: rows.length === 0 ? 'Nobody is connected.' : undefined }
      },
    },
    {
      words: ['sessions', 'close'],
      manual: 'Ends the sessions of an account, or one of them. Their clients may connect again: see "user disable".',
      arguments: [
        { name: 'jid', kind: 'jid', manual: 'Address of an account, or a full address for one of its sessions.' },
        { name: 'reason', kind: 'text', manual: 'What their clients are told.', option: true },
      ],
      run({ jid, reason }) {
        const sessions = sessionsOf(server, jid)
        if (sessions.length === 0)
          throw new AccountError(`${Jid.parse(String(jid))} is not connected.`, 'item-not-found')
        const text = reason === undefined ? 'An operator ended this session.' : String(reason)
        if (forbiddenCharacter(text) >= 0) throw new AccountError('The reason has a character that XML cannot carry.')
        for (const session of sessions) session.fail(new StreamError('policy-violation', text))
        return { say: sessions.length === 1 ? 'One session has ended.' : `${sessions.length} sessions have ended.` }
      },
    },
  ]
}

/** Throws AccountError where the address is of no host of this server. */
function sessionsOf(server: Server, jid: unknown): readonly Session[] {
  if (jid === undefined) {
    return [...server.hosts.values()].flatMap(host => [...host.owners.all()].flatMap(owner => owner.sessions))
  }
  const { host, address } = addressed(server, jid)
  const sessions = host.owners.loaded(address.bare)?.sessions ?? []
  return sessions.filter(session => address.isBare || session.jid.equals(address))
}

function rowOf({ jid, presence, priority }: Session, stream: Stream | undefined) {
  return {
    session: jid.full,
    from: stream?.link.peer.host ?? null,
    over: stream?.link.carrier ?? null,
    encrypted: stream?.link.encrypted ?? null,
    available: presence !== undefined,
    priority: presence === undefined ? null : priority,
    since: stream === undefined ? null : writeDateTime(new Date(stream.began)),
  }
}
