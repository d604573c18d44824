import type { Soon } from './soon.ts'

/** The hashes of the SCRAM mechanisms. */
export type ScramHash = 'sha-1' | 'sha-256' | 'sha-512'

/** The arithmetic that whoever runs an exchange brings along; a browser answers with promises, Node mostly at once. */
export interface SaslCrypto {
  hash(name: ScramHash, data: Uint8Array): Soon<Uint8Array>
  hmac(name: ScramHash, key: Uint8Array, data: Uint8Array): Soon<Uint8Array>
  /** Takes milliseconds: off the main loop where there is one. */
  pbkdf2(
    name: ScramHash,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array>
  /** Equal or not, in a time that does not tell where they differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean
}
