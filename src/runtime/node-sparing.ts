/** What Node has room for in the first buffer of what TLS has encrypted, in bytes. What does not fit makes it take 16 KiB more, for good. */
export const firstBuffer = 1024

/** What fits there when it is one record: that adds up to 29 bytes (RFC 8446 §5.2, RFC 5288 §3). */
export const portion = firstBuffer - 34

/** So many writes of a connection are written in two: that is a record and a system call more each, and who gets more is not idle. */
export const sparedAtMost = 8

/**
 * A write to a TLS connection in two, where that keeps Node's buffer small: the second part is written when the first is
 * gone. A connection that is idle from then on costs 9 to 16 KiB less. Nothing where it fits as it is, or neither way.
 */
export function halves<T extends string | Uint8Array>(data: T): readonly [T | Uint8Array, T | Uint8Array] | undefined {
  // a character is up to three bytes
  if (data.length * 3 <= portion || data.length > 2 * portion) return undefined
  const bytes = typeof data === 'string' && Buffer.byteLength(data) > data.length ? Buffer.from(data) : data
  if (bytes.length <= portion || bytes.length > 2 * portion) return undefined
  return [bytes.slice(0, portion) as T, bytes.slice(portion) as T]
}
