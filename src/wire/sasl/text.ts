import { Malformed } from '../errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The longest message that either side reads, in bytes. */
export const maximumMessage = 4096

/** UTF-8 of the text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text of strict UTF-8; a byte order mark stays, because hashes are made of it. Throws `Malformed`. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Malformed('The message is not UTF-8')
  }
}
