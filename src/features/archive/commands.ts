import type { Command } from '../../server/command.ts'
import { accountArgument, accountOf } from '../../server/commands/finding.ts'
import type { LogEntry } from '../../server/owner.ts'
import type { Server } from '../../server/server.ts'
import { Malformed } from '../../wire/errors.ts'
import { readDate, readDateTime, writeDateTime } from '../../wire/time.ts'
import { purge } from './retention.ts'

/** Messages that are read at once, and characters of XML in one answer. */
const chunk = 100
const longest = 4 * 1024 * 1024

/** What operators can do with archives. */
export function archiveCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['archive', 'purge'],
      manual: 'Takes messages out of an archive, for good. What somebody must still get waits for that all the same.',
      arguments: [
        accountArgument,
        {
          name: 'before',
          kind: 'text',
          option: true,
          optional: true,
          manual: 'Only messages from before this moment, such as 2026-01-31 or 2026-01-31T12:00:00Z (UTC).',
        },
      ],
      async run({ jid, before }) {
        const owner = await accountOf(server, jid)
        const until = before === undefined ? undefined : momentOf(String(before))
        const id = until === undefined ? owner.last + 1 : Math.min(Math.max(0, Number(until) * 1000), owner.last + 1)
        await purge(owner.host.shared.keeping.storage, owner.id, id)
        const what = until === undefined ? 'is empty' : `holds nothing from before ${writeDateTime(until)}`
        return { say: `The archive of ${owner.address} ${what}.` }
      },
    },
    {
      words: ['archive', 'export'],
      manual:
        'Prints an archive, the oldest message first, as lines of JSON: where it stands, when it was, with whom, in or ' +
        'out, and the message as XML. What does not fit in one answer is for the next: the last line then says after what.',
      arguments: [
        accountArgument,
        { name: 'after', kind: 'number', option: true, optional: true, manual: 'Only what stands after this place.' },
      ],
      async run({ jid, after }) {
        const owner = await accountOf(server, jid)
        const lines: string[] = []
        let length = 0
        let last = Number(after ?? 0)
        if (!Number.isSafeInteger(last) || last < 0) throw new Malformed('A place in the archive is a whole number.')
        for (;;) {
          const entries = await owner.entries({ after: last, archived: true, limit: chunk })
          for (const entry of entries) {
            lines.push(lineOf(entry))
            length += entry.xml.length
            last = entry.id
            if (length > longest) return { say: [...lines, JSON.stringify({ after: last })].join('\n') }
          }
          if (entries.length < chunk) return lines.length === 0 ? {} : { say: lines.join('\n') }
        }
      },
    },
  ]
}

function momentOf(text: string): Date {
  try {
    return text.includes('T') ? readDateTime(text) : readDate(text)
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`"${text}" is no moment. ${error.message}`)
    throw error
  }
}

/** All in ASCII, so that no terminal changes it. */
function lineOf({ id, at, peer, direction, xml }: LogEntry): string {
  const line = JSON.stringify({ place: id, time: writeDateTime(new Date(at)), with: peer, direction, xml })
  return line.replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
