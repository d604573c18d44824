import { randomBytes, randomFillSync } from 'node:crypto'
import type { Random } from './runtime.ts'

/** Bytes of one identifier: 24 characters of base64url, 144 bits. */
const idBytes = 18
/** So many bytes at most are cut from the pool. */
const few = 64
const pool = Buffer.alloc(idBytes * 256)
let used = pool.length

/** The system's random numbers; a few of them are cut from a pool, because each call for few costs as much as one for many. */
export const nodeRandom: Random = {
  bytes(count) {
    if (count > few) return randomBytes(count)
    const at = taken(count)
    const bytes = new Uint8Array(count)
    bytes.set(pool.subarray(at, at + count))
    pool.fill(0, at, at + count)
    return bytes
  },
  id() {
    const at = taken(idBytes)
    const id = pool.toString('base64url', at, at + idBytes)
    pool.fill(0, at, at + idBytes)
    return id
  },
}

/** Where so many bytes stand that nobody has had; whoever takes them wipes them out. */
function taken(count: number): number {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += count
  return at
}
