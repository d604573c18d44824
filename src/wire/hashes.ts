import { attr, body, checked, element, type Infer } from './codec.ts'
import { Malformed } from './errors.ts'
import { base64, name } from './kinds.ts'

export const hashesNamespace = 'urn:xmpp:hashes:2'

/** Bytes of the digest of each algorithm that IANA or XEP-0300 §3 names. Others may come, and are passed on unchecked. */
export const hashAlgorithms = {
  md5: 16,
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
  'sha3-224': 28,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64,
  'blake2b-256': 32,
  'blake2b-512': 64,
} as const

export type HashAlgorithm = keyof typeof hashAlgorithms

/** A digest with the name of its algorithm (XEP-0300 §3). A digest of another length than its algorithm's is refused. */
export const hash = checked(
  element(hashesNamespace, 'hash', { algorithm: attr(name, 'algo'), digest: body(base64) }),
  ({ algorithm, digest }) => {
    const length = isHashAlgorithm(algorithm) ? hashAlgorithms[algorithm] : undefined
    if (digest.length === 0 || (length !== undefined && digest.length !== length))
      throw new Malformed(
        `<hash xmlns="${hashesNamespace}"/>: a digest of ${algorithm} does not have ${digest.length} bytes`,
      )
  },
)
export type Hash = Infer<typeof hash>

/** The algorithm of a digest that comes later (XEP-0300 §3). */
export const hashUsed = element(hashesNamespace, 'hash-used', { algorithm: attr(name, 'algo') })
export type HashUsed = Infer<typeof hashUsed>

/** Whether this algorithm is one of those whose digests we know by length. */
export function isHashAlgorithm(algorithm: string): algorithm is HashAlgorithm {
  return Object.hasOwn(hashAlgorithms, algorithm)
}

/** The disco feature that says an algorithm is supported (XEP-0300 §5), beside `hashesNamespace` itself. */
export function hashFeature(algorithm: HashAlgorithm): string {
  return `urn:xmpp:hash-function-text-names:${algorithm}`
}
