import { Malformed } from '../errors.ts'
import type { SaslClientContext, SaslClientSide } from './client.ts'
import { SaslError } from './errors.ts'
import { type HashedTokenMechanism, initiatorProof, responderProof, writeInitiatorMessage } from './hashed-token.ts'

/** The client's side of a HT mechanism (draft-schmaus-kitten-sasl-ht-09). */
export class HashedTokenClient implements SaslClientSide {
  readonly #context: SaslClientContext
  readonly #token: string
  readonly #data: Uint8Array | undefined
  #verified = false

  /** Throws SaslError where there is no token, or the connection does not have the channel binding. */
  constructor({ binding }: HashedTokenMechanism, context: SaslClientContext) {
    const { token } = context
    if (!token) throw new SaslError('credentials-expired', 'There is no token')
    const data = binding === undefined ? undefined : context.channelBinding(binding)
    if (binding !== undefined && !data?.length)
      throw new SaslError('not-authorized', 'The connection does not have this channel binding')
    this.#context = context
    this.#token = token
    this.#data = data
  }

  get verified(): boolean {
    return this.#verified
  }

  async initial(): Promise<Uint8Array> {
    const { crypto, username } = this.#context
    const proof = await initiatorProof(crypto, this.#token, this.#data)
    return writeInitiatorMessage({ username, extra: undefined, proof })
  }

  async respond(): Promise<Uint8Array> {
    throw new Malformed('The server asks for more than the mechanism has')
  }

  /** §3.3: the server must prove that it knows the token. */
  async success(data: Uint8Array | undefined): Promise<void> {
    const { crypto } = this.#context
    const expected = await responderProof(crypto, this.#token, this.#data)
    if (data === undefined || !crypto.equal(data, expected))
      throw new SaslError('not-authorized', 'The server does not know the token')
    this.#verified = true
  }
}
