import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { RawClient } from '../../testing/raw.ts'
import type { TestServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import {
  hashedTokenMechanism,
  initiatorProof,
  responderProof,
  writeInitiatorMessage,
} from '../../wire/sasl/hashed-token.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import { tokenElement } from './wire.ts'

export const none = 'HT-SHA-256-NONE'
export const exporter = 'HT-SHA-256-EXPR'
export const endPoint = 'HT-SHA-256-ENDP'

/** What became of a login. */
export interface Outcome {
  readonly client: RawClient
  /** `<success/>` or `<failure/>`. */
  readonly answer: Element
  /** The condition of a failure. */
  readonly failure: string | undefined
  /** The token that came with success, which the device uses from then on. */
  readonly token: { readonly token: string; readonly expiry: Date } | undefined
}

/** How one login differs from what a client does that keeps to the text. */
export interface Ways {
  readonly mechanism?: string
  readonly token?: string
  /** Attributes of `<fast/>`; undefined leaves the element out. */
  readonly fast?: string | undefined
  /** Further children of `<authenticate/>`. */
  readonly more?: string
  readonly id?: string | undefined
  readonly username?: string
  /** What was said before, byte by byte. */
  readonly message?: Uint8Array
  /** Without a check of what the server proves. */
  readonly unchecked?: boolean
  readonly encrypted?: boolean
}

/** One installation of a client: it has an id, and keeps its newest token. */
export class Device {
  readonly #house: TestServer
  readonly account: Jid
  readonly id: string
  token = ''
  mechanism = none

  constructor(house: TestServer, id: string, account = 'juliet@localhost') {
    this.#house = house
    this.id = id
    this.account = Jid.parse(account)
  }

  /** Logs in with the password and asks for a token. */
  async password(mechanism: string | undefined, { more = '', id = this.id }: Ways = {}): Promise<Outcome> {
    const client = await this.#opened()
    const wish = mechanism === undefined ? '' : `<request-token xmlns='urn:xmpp:fast:0' mechanism='${mechanism}'/>`
    const message = utf8(`\0${this.account.local}\0secret`)
    if (mechanism !== undefined) this.mechanism = mechanism
    return this.#answered(client, authenticate('PLAIN', message, id, wish + more))
  }

  /** Logs in with the token that it has. */
  async fast(ways: Ways = {}): Promise<Outcome> {
    const { mechanism = this.mechanism, token = this.token, more = '', username = this.account.local } = ways
    const client = await this.#opened(ways)
    const binding = hashedTokenMechanism(mechanism)?.binding
    const data = binding === undefined ? undefined : client.links.client.channelBinding(binding as 'tls-exporter')
    const proof = await initiatorProof(nodeCrypto, token, data)
    const message = ways.message ?? writeInitiatorMessage({ username, extra: undefined, proof })
    const attributes = 'fast' in ways ? ways.fast : ''
    const element = attributes === undefined ? '' : `<fast xmlns='urn:xmpp:fast:0' ${attributes}/>`
    const id = 'id' in ways ? ways.id : this.id
    const outcome = await this.#answered(client, authenticate(mechanism, message, id, element + more))
    if (outcome.failure !== undefined || ways.unchecked) return outcome
    const said = outcome.answer.child('additional-data')?.text
    const expected = encodeBase64(await responderProof(nodeCrypto, token, data))
    if (said !== expected) throw new Error(`the server does not prove that it knows the token: ${outcome.answer}`)
    return outcome
  }

  async #opened({ encrypted = true }: Ways = {}): Promise<RawClient> {
    const client = new RawClient(this.#house.link({ encrypted }))
    await client.open(this.account.domain)
    return client
  }

  async #answered(client: RawClient, say: string): Promise<Outcome> {
    const from = client.received.length
    client.send(say)
    const end = /<\/success>|<\/failure>/
    await client.until(() => end.test(client.received.slice(from)) || client.over)
    const text = client.received.slice(from)
    const found = end.exec(text)
    if (found === null) throw new Error(`no answer, but: ${text}`)
    const answer = parse(text.slice(0, found.index + found[0].length))
    const token = tokenElement.of(answer)
    if (token !== undefined) this.token = token.token
    return { client, answer, failure: answer.name === 'failure' ? answer.elements[0]!.name : undefined, token }
  }
}

function authenticate(mechanism: string, message: Uint8Array, id: string | undefined, more: string): string {
  const agent =
    id === undefined
      ? ''
      : `<user-agent id='${id}'><software>AwesomeXMPP</software><device>Her phone</device></user-agent>`
  return (
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'>` +
    `<initial-response>${encodeBase64(message)}</initial-response>${agent}${more}</authenticate>`
  )
}
