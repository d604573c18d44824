import type { TextStream } from '../peers/stream.ts'
import { answering } from './answers.ts'
import { markers } from './message.ts'

/** A client's side of stream management (XEP-0198). */
export interface Acknowledging {
  /** Takes all that comes. */
  readonly take: (chunk: Buffer) => void
  /** Tells the server unasked how much has come. */
  readonly acknowledge: () => void
}

/** Counts messages as they come, and answers each request for an acknowledgement with the number of all stanzas. */
export function acknowledging(stream: TextStream, arrived: (count: number) => void): Acknowledging {
  let all = 0
  let rest = Buffer.alloc(0)
  const acknowledge = () => void stream.socket.write(`<a xmlns='urn:xmpp:sm:3' h='${all}'/>`)
  const take = answering(stream, (chunk, requests) => {
    const count = markers(chunk)
    all += count + requests
    // A request may be cut in two.
    const text = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (asks(text)) {
      acknowledge()
      rest = Buffer.alloc(0)
    } else rest = Buffer.from(text.subarray(-2))
    if (count > 0) arrived(count)
  })
  return { take, acknowledge }
}

/** Whether an `<r/>` is among them, however it is written. Nothing else here has a name that short. */
function asks(text: Buffer): boolean {
  for (let at = text.indexOf('<r'); at >= 0; at = text.indexOf('<r', at + 1)) {
    const next = text[at + 2]
    if (next === 0x20 || next === 0x2f || next === 0x3e) return true
  }
  return false
}
