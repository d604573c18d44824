import { attr, body, element, flag, type Infer, many, maybe, one, rest } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { oneOf, text } from '../../wire/kinds.ts'

/** Also the node under which an entity's commands are listed (XEP-0050 §2.2). */
export const commandsNamespace = 'http://jabber.org/protocol/commands'

/** What a requester can want of a command (XEP-0050 §4.1, table 2). */
export const commandActions = ['execute', 'cancel', 'prev', 'next', 'complete'] as const
export type CommandAction = (typeof commandActions)[number]

/** `<command/>` of a requester. Its action is any text here, since an unknown one has its own error; its status does not count. */
export const commandRequest = element(commandsNamespace, 'command', {
  node: attr(text),
  sessionid: attr.maybe(text),
  action: attr.maybe(text),
  lang: attr.maybe(text, 'xml:lang'),
  payload: rest(),
})
export type CommandRequest = Infer<typeof commandRequest>

const actions = element(commandsNamespace, 'actions', {
  execute: attr.maybe(oneOf('prev', 'next', 'complete')),
  prev: flag(),
  next: flag(),
  complete: flag(),
})

const note = element(commandsNamespace, 'note', { type: attr.maybe(oneOf('info', 'warn', 'error')), text: body(text) })
/** A word about how it stands (XEP-0050 §4.3); without a type it is `info`. */
export type Note = Infer<typeof note>

/** `<command/>` of a responder (XEP-0050 §4). */
export const commandAnswer = element(commandsNamespace, 'command', {
  node: attr(text),
  sessionid: attr.maybe(text),
  status: attr(oneOf('executing', 'completed', 'canceled')),
  lang: attr.maybe(text, 'xml:lang'),
  actions: maybe(one(actions)),
  notes: many(note),
  payload: rest(),
})
export type CommandAnswer = Infer<typeof commandAnswer>

/** The conditions of XEP-0050 §4.4, each beside the general one that it goes with. */
const conditions = {
  'malformed-action': 'bad-request',
  'bad-action': 'bad-request',
  'bad-locale': 'bad-request',
  'bad-payload': 'bad-request',
  'bad-sessionid': 'bad-request',
  'session-expired': 'not-allowed',
} as const

/** One of the errors of XEP-0050 §4.4, with a sentence for people. */
export function commandError(condition: keyof typeof conditions, sentence: string): StanzaError {
  const application = new Element(condition, commandsNamespace)
  return new StanzaError(conditions[condition], { text: sentence, application })
}
