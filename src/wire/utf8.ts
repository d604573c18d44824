/** Decodes whole sequences; refuses what is not UTF-8, and a U+FEFF stays what it is (RFC 6120 §11.6). */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What Node's buffers can do beyond a `Uint8Array`; a third of the decoder's price for a small chunk. */
interface Latin1 {
  latin1Slice?(start: number, end: number): string
}

/**
 * Bytes to text, strictly: overlong forms, surrogates, what lies over U+10FFFF and stray or missing continuation bytes
 * are refused (RFC 3629 §3, §4). A sequence may be split over any number of chunks.
 */
export class Utf8Decoder {
  /** Whether the last text is ASCII: one byte a character. */
  ascii = true
  /** Whether the last text is ASCII without control characters, so that its only white space is the space. */
  plain = true
  /** Whether the bytes behind the last text cannot be UTF-8. Nothing can be decoded after them. */
  broken = false
  #partial: Uint8Array | undefined

  /** The text of what is complete; the begin of a sequence at the end is kept for the next chunk. */
  decode(chunk: Uint8Array): string {
    if (this.#partial === undefined && isPlain(chunk)) {
      this.ascii = this.plain = true
      const buffer = chunk as Latin1
      return buffer.latin1Slice !== undefined ? buffer.latin1Slice(0, chunk.length) : decoder.decode(chunk)
    }
    this.plain = false
    const bytes = this.#partial === undefined ? chunk : joined(this.#partial, chunk)
    this.#partial = undefined
    const end = completeLength(bytes)
    if (end < bytes.length) {
      if (sequence(bytes, end) === 0) this.broken = true
      else this.#partial = new Uint8Array(bytes.subarray(end))
    }
    const text = this.#text(bytes.subarray(0, end))
    this.ascii = text.length === end
    return text
  }

  /** Whether the begin of a sequence is kept. */
  get unfinished(): boolean {
    return this.#partial !== undefined
  }

  /** Forgets the begin of a sequence. */
  reset(): void {
    this.#partial = undefined
    this.broken = false
  }

  #text(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes)
    } catch {
      let end = 0
      for (let length = 0; (length = sequence(bytes, end)) > 0; ) end += length
      this.broken = true
      this.#partial = undefined
      return decoder.decode(bytes.subarray(0, end))
    }
  }
}

/** Bytes that a text takes as UTF-8, from one index to another; each half of a surrogate pair counts as two. */
export function utf8Length(text: string, from: number, to: number): number {
  let bytes = to - from
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  return bytes
}

/**
 * Whether all bytes are printable ASCII (or DEL). Sixteen bytes a step: a loop over bytes takes four times as long,
 * which would be a tenth of all the work on a stanza.
 */
function isPlain(bytes: Uint8Array): boolean {
  const length = bytes.length
  let i = 0
  let bad = 0
  for (const head = Math.min(-bytes.byteOffset & 3, length); i < head; i++) bad |= bytes[i]! | (bytes[i]! - 0x20)
  const words = (length - i) >> 4
  if (words > 0) {
    const view = new Int32Array(bytes.buffer, bytes.byteOffset + i, words << 2)
    for (let k = 0; k < view.length; k += 4) {
      const a = view[k]!
      const b = view[k + 1]!
      const c = view[k + 2]!
      const d = view[k + 3]!
      // The high bit of a byte is left set where the byte has it or is less than 0x20.
      bad |= a | ((a - 0x20202020) & ~a) | b | ((b - 0x20202020) & ~b)
      bad |= c | ((c - 0x20202020) & ~c) | d | ((d - 0x20202020) & ~d)
    }
    i += words << 4
    if ((bad & 0x80808080) !== 0) return false
    bad = 0
  }
  for (; i < length; i++) bad |= bytes[i]! | (bytes[i]! - 0x20)
  return (bad & 0x80) === 0
}

/** Where an unfinished sequence at the end begins; the length where there is none. */
function completeLength(bytes: Uint8Array): number {
  const length = bytes.length
  for (let i = length - 1; i >= 0 && i >= length - 3; i--) {
    const byte = bytes[i]!
    if (byte < 0x80) return length
    if (byte >= 0xc0) return i + (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > length ? i : length
  }
  return length
}

/**
 * Length of the sequence that begins at `at`: 0 where none can begin so or the bytes are at their end, negative where
 * it is right as far as it goes (Unicode's table 3-7).
 */
function sequence(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first === undefined) return 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return -length
    const low = i > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    const high = i > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    if (byte < low || byte > high) return 0
  }
  return length
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
