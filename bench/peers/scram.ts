import { createHash, createHmac, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'

/** Hashes of the SCRAM mechanisms that all servers know. */
export type ScramHash = 'SHA-1' | 'SHA-256'

const names = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' } as const
const lengths = { 'SHA-1': 20, 'SHA-256': 32 } as const
const stretch = promisify(pbkdf2)

interface Keys {
  readonly client: Buffer
  readonly stored: Buffer
  readonly server: Buffer
}

/**
 * The client's side of SCRAM (RFC 5802) at the least cost for a load: the keys of a password, salt and count are derived
 * once, as RFC 5802 §5.1 lets a client do.
 */
export class ScramKeys {
  readonly #known = new Map<string, Keys>()

  /** The client's last message for the server's first one, and the signature that the server has to answer with. */
  async answer(
    hash: ScramHash,
    password: string,
    first: string,
    challenge: string,
  ): Promise<{ readonly message: string; readonly signature: string }> {
    const [, nonce, salt, count] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(challenge) ?? []
    if (count === undefined) throw new Error(`no SCRAM challenge: ${challenge}`)
    const keys = await this.#keys(hash, password, salt!, Number(count))
    const bare = `c=biws,r=${nonce}`
    const signed = `${first},${challenge},${bare}`
    const signature = createHmac(names[hash], keys.stored).update(signed).digest()
    const proof = Buffer.from(keys.client.map((byte, index) => byte ^ signature[index]!))
    return {
      message: `${bare},p=${proof.toString('base64')}`,
      signature: createHmac(names[hash], keys.server).update(signed).digest('base64'),
    }
  }

  async #keys(hash: ScramHash, password: string, salt: string, count: number): Promise<Keys> {
    const key = `${hash} ${salt} ${count} ${password}`
    const known = this.#known.get(key)
    if (known) return known
    const salted = await stretch(password, Buffer.from(salt, 'base64'), count, lengths[hash], names[hash])
    const client = createHmac(names[hash], salted).update('Client Key').digest()
    const made = {
      client,
      stored: createHash(names[hash]).update(client).digest(),
      server: createHmac(names[hash], salted).update('Server Key').digest(),
    }
    this.#known.set(key, made)
    return made
  }
}
