import { randomBytes, randomFillSync } from 'node:crypto'
import type { Random } from './runtime.ts'

/** Bytes of one identifier: 24 characters of base64url, 144 bits. */
const idBytes = 18
const pool = Buffer.alloc(idBytes * 256)
let used = pool.length

/** The system's random numbers; identifiers are cut from a pool, because each call for a few bytes costs as much as one for many. */
export const nodeRandom: Random = {
  bytes: count => randomBytes(count),
  id() {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const id = pool.toString('base64url', used, used + idBytes)
    pool.fill(0, used, used + idBytes)
    used += idBytes
    return id
  },
}
