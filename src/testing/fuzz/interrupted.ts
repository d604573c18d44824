import { Reader } from '../../wire/reader.ts'
import { tellingInto, wide } from '../reading.ts'
import type { Random } from './random.ts'

/** What all chunks are read into: it is only lent. */
const room = Buffer.alloc(65_536)

/**
 * Reads the same bytes by two readers, cut in pieces, the second one from within the handler of the first; at times the
 * first is paused, there or between pieces, and goes on later. What each told.
 */
export function interrupted(
  first: readonly Buffer[],
  second: readonly Buffer[],
  random: Random,
): readonly (readonly string[])[] {
  const events: [string[], string[]] = [[], []]
  const other = new Reader(tellingInto(events[1]), wide)
  let read = 0
  const meanwhile = () => {
    while (read < second.length && random.once(2)) push(other, second[read++]!)
    if (random.once(6)) reader.pause()
    if (random.once(12)) reader.resume()
  }
  const reader: Reader = new Reader(tellingInto(events[0], meanwhile), wide)
  for (const chunk of first) {
    push(reader, chunk)
    if (random.once(3)) meanwhile()
    if (random.once(3)) reader.resume()
  }
  // Whoever pauses from within goes on again, until nothing is left.
  for (let told = -1; told < events[0].length; ) {
    told = events[0].length
    for (let times = 0; times < 8; times++) reader.resume()
  }
  while (read < second.length) push(other, second[read++]!)
  return events
}

function push(reader: Reader, chunk: Buffer): void {
  if (chunk.length > room.length) {
    reader.push(chunk)
    return
  }
  // Not where the one before was: what is lent may lie anywhere.
  const at = (chunk.length * 7) % (room.length - chunk.length + 1)
  chunk.copy(room, at)
  reader.push(room.subarray(at, at + chunk.length))
  room.fill(0x3f, at, at + chunk.length)
}
