import type { TextStream } from '../peers/stream.ts'
import { type Load, pause } from './load.ts'

const begin = Buffer.from('<iq')
const lessThan = 0x3c
/** Seconds without a byte, after which no more is expected. */
const quiet = 0.3
/** Seconds after which nobody is waited for. */
const patience = 20

/**
 * Answers what a server asks its client (RFC 6120 §8.2.3): ours asks behind a backlog whether it has arrived, others ping.
 * The rest goes to `take` as it comes, with the number of requests in it. Where there is none it costs one look at the
 * bytes; an answer is an error, which every client may give.
 */
export function answering(
  { socket }: Pick<TextStream, 'socket'>,
  take: (chunk: Buffer, asked: number) => void,
): (chunk: Buffer) => void {
  /** The beginning of a request that was cut in two. */
  let rest = ''
  return chunk => {
    if (rest === '' && chunk.indexOf(begin) < 0 && !endsWithBeginning(chunk)) return take(chunk, 0)
    const text = rest + chunk.toString('latin1')
    let asked = 0
    for (const [head] of text.matchAll(/<iq\s[^>]*>/g)) {
      if (!/\stype=['"](get|set)['"]/.test(head)) continue
      asked++
      socket.write(refusal(head))
    }
    rest = /<(i(q(\s[^>]*)?)?)?$/.exec(text)?.[0] ?? ''
    take(chunk, asked)
  }
}

function endsWithBeginning(chunk: Buffer): boolean {
  const { length } = chunk
  return chunk[length - 1] === lessThan || (chunk[length - 2] === lessThan && chunk[length - 1] === begin[1])
}

function refusal(head: string): string {
  const value = (name: string) => new RegExp(`\\s${name}=(?:'([^']*)'|"([^"]*)")`).exec(head)
  const attribute = (name: string, as: string) => {
    const [, single, double] = value(name) ?? []
    const text = single ?? double
    return text === undefined ? '' : ` ${as}='${text.replaceAll(`'`, '&apos;')}'`
  }
  const error = `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`
  return `<iq type='error'${attribute('id', 'id')}${attribute('from', 'to')}>${error}</iq>`
}

/**
 * Reads and answers on all streams until nothing comes any more: what was left from a run before, and presence, is over
 * then, and what is counted from here on is this run's.
 */
export async function calm({ floor }: Load, streams: readonly TextStream[]): Promise<void> {
  if (floor) return
  let last = performance.now()
  const came = () => {
    last = performance.now()
  }
  for (const stream of streams) {
    const answer = answering(stream, came)
    answer(Buffer.from(stream.fetched, 'latin1'))
    stream.divert(answer)
  }
  const deadline = performance.now() + patience * 1000
  for (let now = last; now - last < quiet * 1000; now = performance.now()) {
    if (now > deadline) throw new Error(`streams were not quiet within ${patience} s`)
    await pause(0.05)
  }
  for (const stream of streams) stream.onData = undefined
}
