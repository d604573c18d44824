import { authenticate, readAnswer, readMechanisms, response, sasl2, type UserAgent } from '../features/sasl2/wire.ts'
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { type SaslClient, type SaslClientContext, saslClient } from '../wire/sasl/client.ts'
import type { ClientStream } from './client-stream.ts'
import { announcedIn, chosenMechanism } from './login-mechanism.ts'

/** What a client wants of a login by SASL2. */
export interface Sasl2Wish {
  readonly agent?: Partial<UserAgent>
  /** What stands in `<authenticate/>` beside: `<bind/>`, `<resume/>`, a wish for a token … */
  readonly inline?: readonly Element[]
  /** An exchange of the caller's own, instead of one with the account's password. */
  readonly exchange?: (context: SaslClientContext) => SaslClient
  /** Sends header and login together, as one who knows what is on offer (XEP-0509): with a mechanism that says all at once. */
  readonly pipelined?: boolean
  /** Does a task that the server asks for: its elements are the children of `<next/>`, then of each `<task-data/>`. */
  readonly task?: (stream: ClientStream, name: string) => Promise<void>
}

/** What has become of it. */
export interface Sasl2Done {
  readonly mechanism: string
  readonly offered: Element
  readonly success: Element
}

/** Logs in on a stream that nothing was said on yet. Features of the stream behind it are not read. Rejects with the reason. */
export async function sasl2LogIn(
  stream: ClientStream,
  jid: string,
  context: SaslClientContext,
  wish: Sasl2Wish,
): Promise<Sasl2Done> {
  const domain = jid.slice(jid.indexOf('@') + 1)
  stream.begin(domain, jid)
  const plain = { name: 'PLAIN', binding: 'n' } as const
  if (wish.pipelined) {
    const exchange = wish.exchange?.(context) ?? saslClient(plain, context)
    await sayAll(stream, exchange, wish)
    const offered = await stream.features()
    return { ...(await hear(stream, exchange)), offered }
  }
  const offered = await stream.features()
  const feature = offered.child('authentication', sasl2)
  if (feature === undefined) throw new Error('SASL2 is not offered')
  const announced = announcedIn(offered, readMechanisms(feature))
  const exchange =
    wish.exchange?.(context) ??
    saslClient(chosenMechanism(stream.link, announced, { sasl2: true }), { ...context, announced })
  await sayAll(stream, exchange, wish)
  return { ...(await hear(stream, exchange, wish.task)), offered }
}

async function sayAll(stream: ClientStream, exchange: SaslClient, wish: Sasl2Wish): Promise<void> {
  const agent = wish.agent && { id: undefined, software: undefined, device: undefined, ...wish.agent }
  const request = { mechanism: exchange.mechanism, initial: await exchange.step(), agent }
  stream.send(authenticate(request, wish.inline).xml(ns.client))
}

/** The rest of the exchange, and the tasks, to the success. */
async function hear(
  stream: ClientStream,
  exchange: SaslClient,
  task?: Sasl2Wish['task'],
): Promise<{ mechanism: string; success: Element }> {
  let proven = false
  for (;;) {
    const element = await stream.receive()
    const answer = readAnswer(element)
    if (answer?.name === 'challenge') stream.send(response(await exchange.step(answer.data)).xml(ns.client))
    else if (answer?.name === 'failure') throw answer.error
    else if (answer?.name === 'success' || answer?.name === 'continue') {
      if (!proven) await exchange.success(answer.data)
      proven = true
      if (answer.name === 'success') {
        stream.jid = answer.account
        return { mechanism: exchange.mechanism, success: element }
      }
      if (task === undefined) throw new Error(`the server asks for ${answer.tasks.join(', ')}`)
      await task(stream, answer.tasks[0]!)
    } else throw new Error(`no answer to SASL2: ${element}`)
  }
}
