import type { Command } from '../../server/command.ts'
import type { Host } from '../../server/host.ts'
import type { Server } from '../../server/server.ts'
import { put, remove, table } from '../../server/table.ts'
import type { Infer } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { bool, date, jid, list, text, whole } from '../../wire/kinds.ts'
import { report } from './wire.ts'

/** Reports of abuse, kept for the operator; those of a host belong to the host. */
export const reports = table(
  'reports',
  {
    number: whole,
    at: date,
    reporter: jid,
    reported: jid,
    reason: text,
    text,
    messages: list(text),
    reportOrigin: bool,
    thirdParty: bool,
  },
  ['number'],
)

type Report = typeof reports extends { read(row: never): infer R } ? R : never

/** Characters of its reason, of its words and of each message's id that are kept of a report, and how many messages. */
const longest = { reason: 200, text: 2000, id: 200, messages: 50 }

/** The reports of one host: the newest are kept, as many as the setting says. */
export class Reports {
  readonly #host: Host
  readonly #config: { readonly reports: number }
  #numbers: Promise<{ first: number; next: number }> | undefined

  constructor(host: Host, config: { readonly reports: number }) {
    this.#host = host
    this.#config = config
  }

  /**
   * Takes what came beside a blocked address. A report that is not one, or cannot be kept, hinders no block (XEP-0377 §6);
   * resolves when all that can be done is done.
   */
  async take(reporter: Jid, reported: Jid, payloads: readonly Element[]): Promise<void> {
    const { log } = this.#host.shared
    for (const payload of payloads) {
      if (!report.is(payload)) continue
      try {
        const read = report.read(payload)
        const facts = { reporter: reporter.full, reported: reported.full, reason: cut(read.reason, longest.reason) }
        log('info', 'abuse reported', facts)
        await this.#keep(reporter, reported, read)
      } catch (error) {
        const malformed = error instanceof Malformed
        const facts = { reporter: reporter.full, reported: reported.full, reason: String(error) }
        log(
          malformed ? 'info' : 'error',
          malformed ? 'report of abuse is malformed' : 'report of abuse not kept',
          facts,
        )
      }
      // XEP-0377 §7: a report is about one address, and an address has one.
      return
    }
  }

  async #keep(reporter: Jid, reported: Jid, read: Infer<typeof report>): Promise<void> {
    const most = this.#config.reports
    if (most === 0) return
    this.#numbers ??= this.#stored()
    const numbers = await this.#numbers
    const row = {
      number: numbers.next++,
      at: new Date(this.#host.shared.now()),
      reporter,
      reported,
      reason: cut(read.reason, longest.reason),
      text: cut(read.texts.map(one => one.content).join('\n'), longest.text),
      messages: read.messages.slice(0, longest.messages).map(({ by, id }) => `${cut(id, longest.id)} by ${by}`),
      reportOrigin: read.reportOrigin,
      thirdParty: read.thirdParty,
    }
    const gone = []
    while (numbers.next - numbers.first > most) gone.push(remove(reports, { ...row, number: numbers.first++ }))
    await this.#host.service.commit(put(reports, row), ...gone)
  }

  async #stored(): Promise<{ first: number; next: number }> {
    try {
      const numbers = (await this.#host.service.read(reports)).map(row => row.number)
      const first = numbers[0] ?? 1
      return { first, next: (numbers.at(-1) ?? 0) + 1 }
    } catch (error) {
      this.#numbers = undefined
      throw error
    }
  }
}

/** What operators can ask about reports. */
export function reportCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['reports', 'list'],
      manual: 'Lists what users reported as spam or abuse, the oldest first.',
      arguments: [{ name: 'host', kind: 'text', manual: 'Only reports to this host.', optional: true }],
      async run({ host }) {
        const rows = []
        for (const one of hostsOf(server, host)) rows.push(...(await one.service.read(reports)).map(shown))
        return { rows, say: rows.length === 0 ? 'Nobody has reported anything.' : undefined }
      },
    },
  ]
}

function hostsOf(server: Server, name: unknown): readonly Host[] {
  if (name === undefined) return [...server.hosts.values()]
  const host = server.hosts.get(String(name))
  if (host === undefined)
    throw new Error(`${name} is no host of this server. It serves ${[...server.hosts.keys()].join(', ')}.`)
  return [host]
}

function shown(row: Report) {
  return {
    at: row.at.toISOString(),
    reporter: row.reporter.full,
    reported: row.reported.full,
    reason: row.reason,
    text: row.text,
    messages: row.messages.join(', '),
    'may be forwarded to': [row.reportOrigin && 'their server', row.thirdParty && 'third parties']
      .filter(Boolean)
      .join(', '),
  }
}

function cut(words: string, length: number): string {
  return words.length > length ? `${words.slice(0, length - 1)}…` : words
}
