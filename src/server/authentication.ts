import type { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { channelBindingFeature, channelBindingNamespace } from '../wire/sasl/channel-binding.ts'
import { challenge, failure, mechanismsFeature, readClientNonza, success } from '../wire/sasl/elements.ts'
import { SaslError, type SaslStep } from '../wire/sasl/server.ts'
import { type Soon, when } from '../wire/sasl/soon.ts'
import { Composed } from './composed.ts'
import { Attempt, announcedMechanisms, offeredBindings } from './login.ts'
import type { Stream } from './stream.ts'
import type { StreamFeature } from './stream-feature.ts'

const offered = new Composed<Element>()
const offeredTypes = new Composed<Element>()

/** SASL in the words of RFC 6120 §6. */
export const authentication: StreamFeature = {
  registers: 'stream-feature',
  namespace: ns.sasl,
  when: ['secure'],
  offer(stream) {
    const mechanisms = announcedMechanisms(stream)
    return mechanisms.length === 0 ? undefined : offered.of([mechanisms], () => mechanismsFeature(mechanisms))
  },
  take(stream, element) {
    const attempt = Attempt.of(stream)
    try {
      const taken = when(stepped(attempt, element), step => answer(stream, attempt, step))
      return taken?.catch(error => refuse(stream, attempt, error))
    } catch (error) {
      return refuse(stream, attempt, error)
    }
  },
}

function stepped(attempt: Attempt, element: Element): Soon<SaslStep> {
  const nonza = readClientNonza(element)
  if (nonza === undefined) throw new StreamError('unsupported-stanza-type')
  if (nonza.name === 'abort') throw new SaslError('aborted')
  if (nonza.name === 'auth') attempt.begin(nonza.mechanism, attempt.context())
  return attempt.step(nonza.data)
}

function answer(stream: Stream, attempt: Attempt, step: SaslStep): Soon<undefined> {
  if ('challenge' in step) {
    stream.write(challenge(step.challenge).xml(ns.client))
    return undefined
  }
  return when(attempt.account(step.success), account => {
    attempt.succeeded(account)
    stream.write(success(step.success.data).xml(ns.client))
    stream.restart()
    return undefined
  })
}

function refuse(stream: Stream, attempt: Attempt, error: unknown): undefined {
  if (error instanceof StreamError) throw error
  stream.write(failure(error).xml(ns.client))
  attempt.failed(error)
}

/** XEP-0440: which channel bindings this connection has. */
export const channelBindings: StreamFeature = {
  registers: 'stream-feature',
  namespace: channelBindingNamespace,
  when: ['secure'],
  offer(stream) {
    const types = offeredBindings(stream)
    return types.length === 0 ? undefined : offeredTypes.of([types], () => channelBindingFeature(types))
  },
  take() {
    throw new StreamError('unsupported-stanza-type')
  },
}
