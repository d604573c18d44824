import { Element } from '../../wire/element.ts'
import { type StanzaError, StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { parse } from '../../wire/reader.ts'
import { AccountError } from '../accounts.ts'
import type { Command } from '../command.ts'
import { envelope } from '../envelope.ts'
import type { Server } from '../server.ts'
import { accountOf, addressed } from './finding.ts'

/** A message in somebody's name. */
export function sendCommand(server: Server): Command {
  return {
    words: ['send'],
    manual:
      'Sends a chat message in the name of an account or of a host. What it says is standard input: everybody on the ' +
      'machine can read a command line.',
    arguments: [
      { name: 'from', kind: 'jid', manual: 'An account of this server, or one of its hosts.' },
      { name: 'to', kind: 'jid', manual: 'Whom it is for.' },
      { name: 'text', kind: 'input', manual: 'What it says.' },
    ],
    async run({ from, to, text }) {
      const receiver = Jid.parse(String(to))
      await send(server, String(from), receiver, String(text).replace(/\r?\n$/, ''))
      return { say: `Sent to ${receiver}.` }
    },
  }
}

async function send(server: Server, from: string, to: Jid, text: string): Promise<void> {
  const { host, address } = addressed(server, from)
  if (text.trim() === '') throw new AccountError('There is nothing to send: the text is empty.')
  const { road, id } = host.shared
  const attributes = ['from', address.full, 'to', to.full, 'type', 'chat', 'id', id()]
  const stanza = new Element('message', ns.client, attributes, [new Element('body', ns.client, [], [text])])
  checkSendable(stanza, server.config.limits.stanza)
  let refused: StanzaError | undefined
  const unwatch = server.refusals.watch(attributes.at(-1)!, error => (refused = error))
  try {
    // A host has no rules for what it sends; an account's are those that its clients have.
    if (address.full === address.domain) await road.route(envelope(stanza, address, to, host.service))
    else await road.send(envelope(stanza, address, to, await accountOf(server, from)))
  } finally {
    unwatch()
  }
  if (refused !== undefined) throw new AccountError(`The message was refused: ${refused.message}`)
}

/** What no client could have sent must not reach one either. */
function checkSendable(stanza: Element, most: number): void {
  const xml = stanza.toString()
  if (xml.length > most)
    throw new AccountError(`The message is longer than a stanza may be (limits.stanza: ${most} bytes).`)
  try {
    parse(xml)
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    throw new AccountError('The text has a character that XML cannot carry.')
  }
}
