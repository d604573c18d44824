import { AccountError } from '../../server/accounts.ts'
import type { Host } from '../../server/host.ts'
import type { Session } from '../../server/session.ts'
import { Element } from '../../wire/element.ts'
import { forbiddenCharacter } from '../../wire/names.ts'
import { ns } from '../../wire/namespaces.ts'

const longest = 10_000

/** The text as it can be sent. Throws AccountError where there is none, or it cannot. */
export function sendable(input: unknown): string {
  const text = String(input).trim()
  if (text === '') throw new AccountError('There is nothing to send: the text is empty.')
  if (text.length > longest) throw new AccountError(`The text is longer than ${longest} characters.`)
  if (forbiddenCharacter(text) >= 0) throw new AccountError('The text has a character that XML cannot carry.')
  return text
}

/**
 * Tells one session something in the host's name, as a headline (RFC 6121 §5.2.2): kept for nobody, copied to nobody,
 * and not to be answered.
 */
export function tell(host: Host, { jid }: Session, text: string): void {
  const attributes = ['type', 'headline', 'id', host.shared.id()]
  host.send(host.service, host.domain, jid, 'message', attributes, [new Element('body', ns.client, [], [text])])
}

/** Tells all sessions of a host; returns how many. */
export function tellAll(host: Host, text: string): number {
  let count = 0
  for (const owner of host.owners.all()) {
    for (const session of owner.sessions) {
      tell(host, session, text)
      count++
    }
  }
  return count
}
