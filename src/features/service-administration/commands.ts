import { AccountError } from '../../server/accounts.ts'
import type { Answer, Argument, Command } from '../../server/command.ts'
import type { Host } from '../../server/host.ts'
import type { Server } from '../../server/server.ts'
import { sendable, tellAll } from './announcing.ts'
import type { MessageOfTheDay } from './motd.ts'

const host: Argument = {
  name: 'host',
  kind: 'text',
  manual: 'Only on this host; on all hosts unless told.',
  optional: true,
  option: true,
}
const text: Argument = { name: 'text', kind: 'input', manual: 'What it says.' }

/** Telling everybody something, once or until it is taken back. */
export function announcingCommands(server: Server, dayOf: (host: Host) => MessageOfTheDay): readonly Command[] {
  const onEach = async (name: unknown, step: (day: MessageOfTheDay) => Promise<void>, say: string): Promise<Answer> => {
    for (const one of chosen(server, name)) await step(dayOf(one))
    return { say }
  }
  return [
    {
      words: ['announce'],
      manual: 'Tells all who are connected something. What it says is standard input.',
      arguments: [text, host],
      run(values) {
        const said = sendable(values['text'])
        let count = 0
        for (const one of chosen(server, values['host'])) count += tellAll(one, said)
        return { say: `Sent to ${count === 1 ? 'one session' : `${count} sessions`}.` }
      },
    },
    {
      words: ['motd', 'set'],
      manual:
        'Sets the message of the day: every account gets it once, now or when it is there next. What it says is ' +
        'standard input.',
      arguments: [text, host],
      run: values =>
        onEach(values['host'], day => day.set(values['text']), 'Who is there has it; the others get it as they come.'),
    },
    {
      words: ['motd', 'edit'],
      manual: 'Corrects the message of the day. Who has got it does not get it again.',
      arguments: [text, host],
      run: values => onEach(values['host'], day => day.edit(values['text']), 'The message of the day is corrected.'),
    },
    {
      words: ['motd', 'show'],
      manual: 'Shows the message of the day of each host that has one.',
      arguments: [host],
      async run(values) {
        const rows = []
        for (const one of chosen(server, values['host'])) {
          const message = await dayOf(one).current()
          if (message !== undefined) rows.push({ host: one.domain.full, message })
        }
        return { rows, say: rows.length === 0 ? 'There is no message of the day.' : undefined }
      },
    },
    {
      words: ['motd', 'delete'],
      manual: 'Takes the message of the day back: nobody gets it any more.',
      arguments: [host],
      run: values => onEach(values['host'], day => day.delete(), 'There is no message of the day any more.'),
    },
  ]
}

function chosen(server: Server, name: unknown): readonly Host[] {
  if (name === undefined) return [...server.hosts.values()]
  const found = server.hosts.get(String(name))
  if (found !== undefined) return [found]
  const known = [...server.hosts.keys()].join(', ')
  throw new AccountError(`${name} is no host of this server. It serves ${known}.`, 'item-not-found')
}
