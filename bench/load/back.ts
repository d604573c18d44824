import { createHmac, randomUUID } from 'node:crypto'
import type { Measurement } from '../measurement.ts'
import { password } from '../peers/peer.ts'
import { ScramKeys } from '../peers/scram.ts'
import { connection, logInByScram, provenByScram, streamHeader, TextStream } from '../peers/stream.ts'
import { enter, type Load, many, nameOf, tlsOf } from './load.ts'
import { loop } from './login.ts'

/** What a client keeps for the time when it comes back. */
interface Device {
  /** Name of its session (XEP-0198 §5). */
  readonly session: string
  /** Its user agent's id and its token (XEP-0484). */
  readonly agent: string
  token: string
}

const management = 'urn:xmpp:sm:3'
const mechanism = 'HT-SHA-256-NONE'
const fast = 'urn:xmpp:fast:0'

/**
 * Clients whose connection was cut come back to their sessions: TCP, TLS with a full handshake, login, resumption; then
 * they are cut again. With a token (XEP-0484) all is asked for in one go behind TLS, by SCRAM in the way of old clients.
 */
export async function back(load: Load): Promise<Measurement> {
  const keys = new ScramKeys()
  let tls = ''
  const seen = (stream: TextStream) => {
    tls ||= tlsOf(stream)
    stream.onData = () => {}
    stream.socket.destroy()
  }
  const devices = await many(load.clients, load.atOnce, async index => {
    const stream = load.floor
      ? await enter(load, index)
      : load.token
        ? await firstLogin(load, index)
        : await logInByScram(load.target, nameOf(index), load.hash, keys)
    if (load.floor) {
      seen(stream)
      return undefined
    }
    if (!load.token)
      stream.fetched =
        (await stream.ask(`<enable xmlns='${management}' resume='true'/>`, '<enabled', '<failed')) +
        (await stream.ask('', '>'))
    const device = {
      session: found(stream, /<enabled [^>]*\bid=['"]([^'"]+)/),
      agent: agentOf(index),
      token: load.token ? found(stream, tokenPattern) : '',
    }
    seen(stream)
    return device
  })
  const once = async (index: number) => {
    const device = devices[index]
    seen(
      device === undefined
        ? await enter(load, index)
        : await (load.token ? byToken(load, index, device) : byScram(load, index, device, keys)),
    )
  }
  return loop(load, once, () => tls)
}

const tokenPattern = /<token [^>]*\btoken=['"]([^'"]+)/

function found({ fetched }: TextStream, pattern: RegExp): string {
  const [, text] = pattern.exec(fetched) ?? []
  if (text === undefined) throw new Error(`no ${pattern} in ${fetched.slice(-500)}`)
  return text
}

const agents: string[] = []
const agentOf = (index: number) => (agents[index] ??= randomUUID())
const agentElement = (index: number) => `<user-agent id='${agentOf(index)}'><software>bench</software></user-agent>`

/** Logs in with a password, gets a session that can be resumed (XEP-0386) and a token. */
async function firstLogin({ target }: Load, index: number): Promise<TextStream> {
  const stream = new TextStream(await connection(target, 'xmpp-client'))
  const name = nameOf(index)
  const response = Buffer.from(`\0${name}\0${password(name)}`).toString('base64')
  const bind = `<bind xmlns='urn:xmpp:bind:0'><tag>bench</tag><enable xmlns='${management}' resume='true'/></bind>`
  const token = `<request-token xmlns='${fast}' mechanism='${mechanism}'/>`
  await authenticate(
    stream,
    target.host,
    'PLAIN',
    `<initial-response>${response}</initial-response>${agentElement(index)}${bind}${token}`,
  )
  return stream
}

async function byToken({ target }: Load, index: number, device: Device): Promise<TextStream> {
  const stream = new TextStream(await connection(target, 'xmpp-client'))
  const proof = createHmac('sha256', device.token).update('Initiator').digest()
  const response = Buffer.concat([Buffer.from(`${nameOf(index)}\0`), proof]).toString('base64')
  const resume = `<resume xmlns='${management}' previd='${device.session}' h='0'/>`
  await authenticate(
    stream,
    target.host,
    mechanism,
    `<initial-response>${response}</initial-response>${agentElement(index)}${resume}<fast xmlns='${fast}'/>`,
  )
  if (!stream.fetched.includes('<resumed')) throw new Error(`not resumed: ${stream.fetched}`)
  const signature = createHmac('sha256', device.token).update('Responder').digest('base64')
  if (!stream.fetched.includes(`>${signature}<`)) throw new Error(`the server's signature is wrong: ${stream.fetched}`)
  device.token = tokenPattern.exec(stream.fetched)?.[1] ?? device.token
  return stream
}

/** Header and login in one go (XEP-0509); `fetched` is then what the server says to it. */
async function authenticate(stream: TextStream, host: string, mechanism: string, inside: string): Promise<void> {
  const request = `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'>${inside}</authenticate>`
  stream.fetched = await stream.ask(`${streamHeader(host)}${request}`, '</success>', '</failure>')
  if (!stream.fetched.endsWith('</success>')) throw new Error(stream.fetched.slice(-500))
}

async function byScram({ target, hash }: Load, index: number, device: Device, keys: ScramKeys): Promise<TextStream> {
  const stream = await provenByScram(target, nameOf(index), hash, keys)
  await stream.ask(`<resume xmlns='${management}' previd='${device.session}' h='0'/>`, '<resumed')
  return stream
}
