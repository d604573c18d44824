import { getHashes, hash as hashOnce, pbkdf2 as stretch, timingSafeEqual } from 'node:crypto'
import type { Crypto, HashName } from './runtime.ts'

/** OpenSSL's names. */
const names: Readonly<Record<HashName, string>> = {
  'sha-1': 'sha1',
  'sha-256': 'sha256',
  'sha-512': 'sha512',
  'sha3-256': 'sha3-256',
  'sha3-512': 'sha3-512',
  // OpenSSL has BLAKE2b at its full length only; cutting its value would not be BLAKE2b-256 (RFC 7693 §2.5).
  'blake2b-256': 'blake2b256',
  'blake2b-512': 'blake2b512',
}

/** Bytes that each hash takes in at a time: what HMAC pads its key to (RFC 2104 §2; FIPS 202 §7 for SHA-3). */
const blocks: Readonly<Record<HashName, number>> = {
  'sha-1': 64,
  'sha-256': 64,
  'sha-512': 128,
  'sha3-256': 136,
  'sha3-512': 72,
  'blake2b-256': 128,
  'blake2b-512': 128,
}

const available = new Set(getHashes())

/** Whether this Node's OpenSSL can compute the hash; `blake2b-256` is the one that it usually cannot. */
export function hashAvailable(name: HashName): boolean {
  return available.has(names[name])
}

/** The arithmetic of Node: hashes and HMACs at once, PBKDF2 on its thread pool. A hash that OpenSSL does not have throws a sentence. */
export const nodeCrypto: Crypto = { hash, hmac, pbkdf2, equal }

function hash(name: HashName, data: Uint8Array): Uint8Array {
  return bytes(hashOnce(openssl(name), data, 'buffer'))
}

/**
 * RFC 2104 from two hashes: OpenSSL 3 looks its HMAC up anew for each `createHmac` (measured: 35 µs against 6), and a
 * login makes several.
 */
function hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = blocks[name]
  const short = key.length > block ? hash(name, key) : key
  const inner = new Uint8Array(block + data.length).fill(0x36, 0, block)
  for (let i = 0; i < short.length; i++) inner[i]! ^= short[i]!
  inner.set(data, block)
  const middle = hash(name, inner)
  const outer = new Uint8Array(block + middle.length).fill(0x5c, 0, block)
  for (let i = 0; i < short.length; i++) outer[i]! ^= short[i]!
  outer.set(middle, block)
  return hash(name, outer)
}

function pbkdf2(
  name: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    stretch(password, salt, iterations, length, openssl(name), (error, key) =>
      error ? reject(error) : resolve(bytes(key)),
    )
  })
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function openssl(name: HashName): string {
  if (!hashAvailable(name)) throw new Error(`This Node's OpenSSL (${process.versions.openssl}) cannot compute ${name}`)
  return names[name]
}

/** A Buffer is a Uint8Array whose `slice` shares memory: nobody beyond this file should meet one. */
function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
