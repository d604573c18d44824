import { join } from 'node:path'
import { type Peer, password } from '../bench/peers/peer.ts'
import { Agent, type Order } from './agent.ts'
import type { Check } from './report.ts'

/** A kind of client that can be an agent. */
export interface AgentKind {
  readonly name: string
  start(authority: string): Agent
}

export const slixmpp: AgentKind = {
  name: 'slixmpp',
  start: () => new Agent('slixmpp', '/usr/bin/python3', [join(import.meta.dirname, 'slixmpp', 'agent.py')], {}),
}

export const xmppClient: AgentKind = {
  name: '@xmpp/client',
  start: authority =>
    new Agent('@xmpp/client', process.execPath, [join(import.meta.dirname, 'xmpp-client', 'agent.ts')], {
      NODE_EXTRA_CA_CERTS: authority,
      NODE_NO_WARNINGS: '1',
    }),
}

export type Carrier = 'STARTTLS' | 'direct TLS'

/** One side of a conversation: who it is, with which client, over what. */
export interface Side {
  readonly kind: AgentKind
  readonly user: string
  readonly carrier: Carrier
}

function connection(peer: Peer, { user, carrier }: Side, authority: string): Order {
  const port = carrier === 'STARTTLS' ? peer.startTls : peer.directTls
  return {
    do: 'connect',
    jid: `${user}@${peer.host}`,
    password: password(user),
    address: '127.0.0.1',
    port,
    carrier,
    authority,
  }
}

const from = (user: string) => (event: { readonly from: string }) => event.from.startsWith(`${user}@`)

/** A client that does not trust the certificate's authority must not log in. */
export async function refusesStrangers(check: Check, peer: Peer, side: Side, otherAuthority: string): Promise<void> {
  const agent = side.kind.start(otherAuthority)
  try {
    await check(`${side.kind.name} refuses another authority (${side.carrier})`, async () => {
      agent.order(connection(peer, side, otherAuthority))
      const { why } = await agent.expect('refused')
      if (!/certificate|self.signed|unable to get|verif/i.test(why))
        throw new Error(`refused for another reason: ${why}`)
      return why
    })
  } finally {
    await agent.end()
  }
}

/** Two clients from their first login to a message that waited for one of them. */
export async function conversation(check: Check, peer: Peer, one: Side, other: Side): Promise<void> {
  const agents: Agent[] = []
  const start = (side: Side) => {
    const agent = side.kind.start(peer.authority)
    agents.push(agent)
    return agent
  }
  const logIn = async (agent: Agent, side: Side) => {
    agent.order(connection(peer, side, peer.authority))
    const online = await agent.expect('online', () => true, 20)
    if (!online.mechanism.startsWith('SCRAM-')) throw new Error(`logged in by ${online.mechanism}`)
    if (!online.tls) throw new Error('logged in without TLS')
    return `${online.jid}, ${online.mechanism}, ${online.tls}, ${side.carrier}`
  }
  const jid = (side: Side) => `${side.user}@${peer.host}`
  const subscribe = async (a: Agent, from1: Side, b: Agent, to: Side) => {
    a.order({ do: 'subscribe', to: jid(to) })
    await b.expect('subscribe', from(from1.user))
    b.order({ do: 'subscribed', to: jid(from1) })
    await a.expect('subscribed', from(to.user))
    return `${(await a.expect('available', from(to.user))).from} is available`
  }
  const say = async (a: Agent, from1: Side, b: Agent, to: Side, body: string) => {
    a.order({ do: 'say', to: jid(to), body })
    const message = await b.expect('message', from(from1.user))
    if (message.body !== body) throw new Error(`came as ${JSON.stringify(message.body)}`)
    if (message.delay !== null) throw new Error(`came with the delay stamp ${message.delay}`)
    return `${JSON.stringify(message.body)} from ${message.from}`
  }
  const [a, b] = [start(one), start(other)]
  const [nameA, nameB] = [`${one.kind.name} (${one.user})`, `${other.kind.name} (${other.user})`]
  try {
    await check(`${nameA} logs in by SCRAM`, () => logIn(a, one))
    await check(`${nameB} logs in by SCRAM`, () => logIn(b, other))
    await check(`${one.user} subscribes to ${other.user}`, () => subscribe(a, one, b, other))
    await check(`${other.user} subscribes to ${one.user}`, () => subscribe(b, other, a, one))
    await check(`${one.user} says something`, () => say(a, one, b, other, 'But, soft! <what> light & "so"? ☀️'))
    await check(`${other.user} answers`, () => say(b, other, a, one, 'Ay me! Ünicöde 💬'))
    await check(`${other.user} goes offline`, async () => {
      b.order({ do: 'leave' })
      await b.expect('offline')
      return `${(await a.expect('unavailable', from(other.user))).from} is unavailable`
    })
    const waiting = 'Three words, dear Romeo, and good night indeed.'
    await check(`${other.user} comes back and has what was said meanwhile`, async () => {
      a.order({ do: 'say', to: jid(other), body: waiting })
      const again = start(other)
      await logIn(again, other)
      const message = await again.expect('message', from(one.user))
      if (message.body !== waiting) throw new Error(`came as ${JSON.stringify(message.body)}`)
      const age = Date.now() - Date.parse(message.delay ?? '')
      if (!(age > -2000 && age < 60_000)) throw new Error(`came with the delay stamp ${message.delay}`)
      return `${JSON.stringify(message.body)}, delayed since ${message.delay}`
    })
  } finally {
    await Promise.all(agents.map(agent => agent.end()))
  }
}
