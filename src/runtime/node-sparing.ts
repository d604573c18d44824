/** What Node has room for in the first buffer of what TLS has encrypted, in bytes. What does not fit makes it take 16 KiB more, for good. */
export const firstBuffer = 1024

/** What fits there when it is one record: that adds up to 29 bytes (RFC 8446 §5.2, RFC 5288 §3). */
export const portion = firstBuffer - 34

/** So many writes of a connection are looked at: who gets more of that length is not idle. */
export const sparedAtMost = 16

const encoder = new TextEncoder()

/** Whether it has to be counted how many bytes a write has: a character is up to three. */
export function mayNeedTwo({ length }: string | Uint8Array): boolean {
  return length * 3 > portion && length <= 2 * portion
}

/**
 * A write to a TLS connection in two, where that keeps Node's buffer small: the second part is written when the first is
 * gone. A connection that is idle from then on costs 9 to 16 KiB less. Nothing where it fits as it is, or neither way.
 */
export function halves(data: string | Uint8Array): readonly [string | Uint8Array, Uint8Array] | undefined {
  const bytes = typeof data === 'string' && Buffer.byteLength(data) === data.length ? undefined : bytesOf(data)
  const length = bytes?.length ?? data.length
  if (length <= portion || length > 2 * portion) return undefined
  if (bytes !== undefined) return [bytes.subarray(0, portion), bytes.subarray(portion)]
  // what has to wait must not be a slice of a text that may be much longer
  return [data.slice(0, portion), bytesOf(data.slice(portion))]
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : data
}
