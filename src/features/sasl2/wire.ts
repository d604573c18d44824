import { decodeBase64, encodeBase64 } from '../../wire/base64.ts'
import { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError, type SaslFailure, saslFailures } from '../../wire/sasl/errors.ts'

/** The namespace of XEP-0388. */
export const sasl2 = 'urn:xmpp:sasl:2'

/** Characters that a description of a client's software or device may have. */
export const descriptionAtMost = 256

/** What a client says of itself when it logs in (XEP-0388 §2.3). */
export interface UserAgent {
  /** Of this installation, for ever: a UUID, in lower case. */
  readonly id: string | undefined
  readonly software: string | undefined
  readonly device: string | undefined
}

/** What a client begins a login with; other children are in the element. */
export interface Authenticate {
  readonly mechanism: string
  readonly initial: Uint8Array | undefined
  readonly agent: UserAgent | undefined
}

/** The stream feature (§2.1); `more` stands behind the mechanisms, `inline` in `<inline/>`, which is left out where it is empty. */
export function authentication(
  mechanisms: readonly string[],
  inline: readonly Element[] = [],
  more: readonly Element[] = [],
): Element {
  return new Element(
    'authentication',
    sasl2,
    [],
    [
      ...mechanisms.map(name => words('mechanism', name)),
      ...(inline.length === 0 ? [] : [new Element('inline', sasl2, [], [...inline])]),
      ...more,
    ],
  )
}

/** The mechanisms of an `<authentication/>`, in its order. */
export function readMechanisms(feature: Element): string[] {
  return feature.elements.filter(child => child.is('mechanism', sasl2)).map(child => child.text)
}

/** `<authenticate/>` (§2.3); `more` are the features that it asks for. */
export function authenticate({ mechanism, initial, agent }: Authenticate, more: readonly Element[] = []): Element {
  const children: Element[] = []
  if (initial !== undefined) children.push(words('initial-response', encodeBase64(initial)))
  if (agent !== undefined) {
    const said = [agent.software && words('software', agent.software), agent.device && words('device', agent.device)]
    const id = agent.id === undefined ? [] : ['id', agent.id]
    children.push(
      new Element(
        'user-agent',
        sasl2,
        id,
        said.filter(one => one instanceof Element),
      ),
    )
  }
  return new Element('authenticate', sasl2, ['mechanism', mechanism], [...children, ...more])
}

/**
 * Reads `<authenticate/>`. Throws SaslError: `invalid-mechanism` without one (RFC 6120 §6.5.7), `incorrect-encoding` for
 * wrong base64, `malformed-request` for a user agent that breaks §2.3 or our limits.
 */
export function readAuthenticate(element: Element): Authenticate {
  const mechanism = element.attribute('mechanism')
  if (!mechanism) throw new SaslError('invalid-mechanism', 'The mechanism is missing.')
  const initial = onlyChild(element, 'initial-response')
  const agent = onlyChild(element, 'user-agent')
  return {
    mechanism,
    initial: initial && readData(initial),
    agent: agent && {
      id: readId(agent.attribute('id')),
      software: description(onlyChild(agent, 'software')),
      device: description(onlyChild(agent, 'device')),
    },
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** §2.3: "MUST be a UUID v4". */
function readId(text: string | undefined): string | undefined {
  const id = text?.toLowerCase()
  if (id === undefined || uuid.test(id)) return id
  throw new SaslError('malformed-request', 'The id of a user agent is a UUID of version 4.')
}

function description(element: Element | undefined): string | undefined {
  const text = element?.text.trim()
  if (text === undefined || text.length <= descriptionAtMost) return text || undefined
  throw new SaslError('malformed-request', `<${element!.name}/> has more than ${descriptionAtMost} characters.`)
}

function onlyChild(element: Element, name: string): Element | undefined {
  const found = element.elements.filter(child => child.is(name, sasl2))
  if (found.length <= 1) return found[0]
  throw new SaslError('malformed-request', `There is more than one <${name}/>.`)
}

/** The bytes in an element: without any, an empty message (§2.2). Throws SaslError `incorrect-encoding`. */
export function readData(element: Element): Uint8Array {
  try {
    // The examples break their lines.
    return decodeBase64(element.text.trim())
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('incorrect-encoding', error.message) : error
  }
}

/** §2.5 */
export function challenge(data: Uint8Array): Element {
  return words('challenge', encodeBase64(data))
}

/** §2.5 */
export function response(data: Uint8Array): Element {
  return words('response', encodeBase64(data))
}

/** §4.5 */
export function abort(): Element {
  return new Element('abort', sasl2)
}

/** §2.6.1: whose stream it is now, and what became of the features that were asked for. */
export function success(data: Uint8Array | undefined, account: Jid, more: readonly Element[] = []): Element {
  return new Element(
    'success',
    sasl2,
    [],
    [...additional(data), words('authorization-identifier', account.full), ...more],
  )
}

/** §2.6.2; what is no SaslError is a fault of the server's: `temporary-auth-failure`, without its reasons. */
export function failure(error: unknown): Element {
  const { condition, text, application } = error instanceof SaslError ? error : new SaslError('temporary-auth-failure')
  const children = [new Element(condition, ns.sasl)]
  if (application !== undefined) children.push(application)
  if (text) children.push(words('text', text))
  return new Element('failure', sasl2, [], children)
}

/** §2.6.3: who it is is proven, and one of these tasks is to be done. */
export function proceed(data: Uint8Array | undefined, tasks: readonly string[]): Element {
  const names = tasks.map(name => words('task', name))
  return new Element('continue', sasl2, [], [...additional(data), new Element('tasks', sasl2, [], names)])
}

/** The client takes up a task (§2.6.3). */
export function next(task: string, children: readonly Element[] = []): Element {
  return new Element('next', sasl2, ['task', task], [...children])
}

/** What is said about a task that was taken up (§2.6.3). */
export function taskData(children: readonly Element[]): Element {
  return new Element('task-data', sasl2, [], [...children])
}

/** What a server says in these words. */
export type Answer =
  | { readonly name: 'challenge'; readonly data: Uint8Array }
  | {
      readonly name: 'success'
      readonly data: Uint8Array | undefined
      readonly account: string
      readonly element: Element
    }
  | { readonly name: 'failure'; readonly error: SaslError }
  | { readonly name: 'continue'; readonly data: Uint8Array | undefined; readonly tasks: readonly string[] }
  | { readonly name: 'task-data'; readonly element: Element }

/** Reads what a server says; undefined for an element that is none of these. Throws SaslError `incorrect-encoding`. */
export function readAnswer(element: Element): Answer | undefined {
  if (element.namespace !== sasl2) return undefined
  const extra = element.child('additional-data', sasl2)
  const data = extra && readData(extra)
  switch (element.name) {
    case 'challenge':
      return { name: 'challenge', data: readData(element) }
    case 'success':
      return { name: 'success', data, account: element.child('authorization-identifier', sasl2)?.text ?? '', element }
    case 'failure':
      return { name: 'failure', error: readFailure(element) }
    case 'continue': {
      const tasks = element.child('tasks', sasl2)?.elements ?? []
      return { name: 'continue', data, tasks: tasks.map(task => task.text) }
    }
    case 'task-data':
      return { name: 'task-data', element }
    default:
      return undefined
  }
}

/** An unknown condition, or none, counts as `not-authorized` (RFC 6120 §6.5). */
function readFailure(element: Element): SaslError {
  const known = (child: Element) =>
    child.namespace === ns.sasl && (saslFailures as readonly string[]).includes(child.name)
  const condition = element.elements.find(known)?.name as SaslFailure | undefined
  const application = element.elements.find(child => child.namespace !== ns.sasl && child.namespace !== sasl2)
  return new SaslError(condition ?? 'not-authorized', element.child('text', sasl2)?.text || undefined, application)
}

function additional(data: Uint8Array | undefined): Element[] {
  return data === undefined ? [] : [words('additional-data', encodeBase64(data))]
}

function words(name: string, text: string): Element {
  return new Element(name, sasl2, [], text === '' ? [] : [text])
}
