import { extensionPoint } from '../../server/feature.ts'
import { errorReply, refusalOf } from '../../server/refusal.ts'
import type { Stream } from '../../server/stream.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'

/** Leave for one stream to make an account, also where registration is closed. */
export interface Permit {
  /** Takes it for the account that is about to be made; durable when the promise resolves. Throws StanzaError where it is used up. */
  take(address: Jid): Promise<void>
  /** The account was made, or was not and the permit may be used again. Never rejects. */
  settle(address: Jid, made: boolean): Promise<void>
}

/** Something that gives leave to register. */
export interface Admission {
  /** Whether there is any leave to be had now: then registration is announced. */
  offered(): boolean
  /** The leave that a stream has shown, or undefined. */
  permit(stream: Stream): Permit | undefined
}

/** Ways to be let in that features add. */
export const admissions = extensionPoint<Admission>('registration admissions')

/** Requests of one stream before login; a person with a form needs a few. */
const requestsAtMost = 20
const requests = new WeakMap<Stream, number>()

type Handle = (type: 'get' | 'set', payload: Element) => Promise<Element | undefined> | Element | undefined

/**
 * Answers a request that a stream makes of its host before it has logged in: what is returned is the payload of the
 * result, what is thrown the error. Throws StreamError for what is no such request, or one too many.
 */
export async function answerBeforeLogin(stream: Stream, iq: Element, handle: Handle): Promise<void> {
  const type = iq.attribute('type')
  const to = iq.attribute('to')
  // RFC 6120 §4.9.3.12: no other stanza is taken before login.
  if (iq.name !== 'iq' || (type !== 'get' && type !== 'set') || (to !== undefined && !isHost(stream, to)))
    throw new StreamError('not-authorized', 'Log in and bind a resource first.')
  const count = (requests.get(stream) ?? 0) + 1
  if (count > requestsAtMost) throw new StreamError('policy-violation', 'Too many requests before login.')
  requests.set(stream, count)
  const id = iq.attribute('id')
  // Who asks has no address yet, whatever it wrote.
  const asked = iq.withAttributes(['to', stream.host!.domain.full, ...(id === undefined ? [] : ['id', id])])
  try {
    if (!id || iq.elements.length !== 1)
      throw new StanzaError('bad-request', { text: 'A request has an id and exactly one payload.' })
    const payload = await handle(type, iq.elements[0]!)
    const attributes = ['from', stream.host!.domain.full, 'type', 'result', 'id', id]
    stream.write(new Element('iq', ns.client, attributes, payload === undefined ? [] : [payload]).xml(ns.client))
  } catch (error) {
    if (error instanceof StreamError) throw error
    const refusal = refusalOf(error, () => stream.fault(error))
    stream.rationed('info', 'request before login refused', {
      namespace: iq.elements[0]?.namespace,
      condition: refusal.condition,
    })
    stream.write(errorReply(asked, refusal).xml(ns.client))
  }
}

/** XEP-0077 §11: a password or token does not travel in the clear where TLS could be had. */
export function isSafe({ link }: Stream): boolean {
  return link.encrypted || !link.upgradable
}

/** Throws StanzaError where the stream is not safe (§3.3, table 2, names the condition). */
export function checkSafe(stream: Stream): void {
  if (!isSafe(stream)) throw new StanzaError('not-authorized', { text: 'Start TLS first.' })
}

function isHost(stream: Stream, to: string): boolean {
  return stream.streams.host(to) === stream.host
}

/** The part of a client's address that counts towards limits: of IPv6 the /64 that any customer has whole, else all of it. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  return `${[...front, ...new Array<string>(missing).fill('0'), ...back].slice(0, 4).join(':')}::/64`
}
