import { frame, type Load, marker, nameOf } from './load.ts'

/** Digits of a message's number in its run. */
const digits = 8
/** What ids of this run begin with: an id of a run before would be taken for a message that is sent again. */
const run = String(Math.floor(Math.random() * 1e6)).padStart(6, '0')
const text = 'It was the nightingale, and not the lark. '

/** What writes so many messages to one client in one piece. */
export type Writer = (count: number) => Buffer

/**
 * Messages to the client of that number, `bytes` long. Those that are not kept are always the same one, to a full
 * address; those that are kept go to the account, and each has an id and an origin-id (XEP-0359) of its own.
 */
export function messagesTo(load: Load, to: number): Writer {
  return load.archived && !load.floor ? different(load, to) : same(load, to)
}

function same({ floor, bytes, target, window }: Load, to: number): Writer {
  const head = `<message to='${nameOf(to)}@${target.host}/bench' type='chat' id='m${to}'><body>`
  const one = floor ? frame(to, bytes) : filled(bytes, head, `~</body><no-store xmlns='urn:xmpp:hints'/></message>`)
  // Made once: what arrives in one piece is answered in one piece.
  const batches = Array.from({ length: window + 1 }, (_, count) => Buffer.concat(Array(count).fill(one)))
  return count => batches[count] ?? Buffer.concat(Array(count).fill(one))
}

function different({ bytes, target, acknowledgeEvery }: Load, to: number): Writer {
  const room = run + '0'.repeat(digits)
  const head = `<message to='${nameOf(to)}@${target.host}' type='chat' id='${room}'><body>`
  const one = filled(bytes, head, `~</body><origin-id xmlns='urn:xmpp:sid:0' id='${room}'/></message>`)
  const [first, second] = [one.indexOf(room), one.lastIndexOf(room)]
  const request = Buffer.from(`<r xmlns='urn:xmpp:sm:3'/>`)
  let number = 0
  return count => {
    const pieces: Buffer[] = []
    for (; count > 0; count--) {
      const made = Buffer.from(one)
      const id = run + String(++number).padStart(digits, '0')
      made.write(id, first, 'latin1')
      made.write(id, second, 'latin1')
      pieces.push(made)
      if (acknowledgeEvery > 0 && number % acknowledgeEvery === 0) pieces.push(request)
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }
}

/** Text between head and tail, so that all is as long as it is to be. */
function filled(bytes: number, head: string, tail: string): Buffer {
  const room = bytes - head.length - tail.length
  if (room < 0) throw new Error(`a message has at least ${bytes - room} bytes`)
  return Buffer.from(head + text.repeat(Math.ceil(room / text.length)).slice(0, room) + tail)
}

/** How many markers some bytes have. */
export function markers(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(marker); at >= 0; at = chunk.indexOf(marker, at + 1)) count++
  return count
}
