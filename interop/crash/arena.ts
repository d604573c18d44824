import type { SeededRandom } from '../../src/runtime/simulated-random.ts'
import type { Ledger } from './ledger.ts'

/** Where the actors play: what they share. */
export interface Arena {
  readonly ledger: Ledger
  readonly random: SeededRandom
  /** Whether they write now. */
  writing: boolean
  /** Whether connections are cut now. */
  cutting: boolean
  /** Resolves when the server is there. */
  up: Promise<void>
  /** The run is over. */
  over: boolean
  readonly counts: Counts
}

/** What happened, to show that rare paths were walked. */
export interface Counts {
  /** Connections that clients cut without a word. */
  cut: number
  /** Sessions that went on (`<resumed/>`). */
  resumed: number
  /** Sessions that did not, and the server said how much of what they sent it had (`<failed h=''/>`). */
  failedKnown: number
  /** The same, where it did not say. */
  failedUnknown: number
  /** Messages that were sent again. */
  resent: number
}

/** A client of one account that comes back whenever its connection is gone, and writes while all do. */
export interface Actor {
  readonly name: string
  /** Writes to these, by name. */
  readonly contacts: readonly string[]
  /** Looks again whether it may write. */
  prompt(): void
  readonly connected: boolean
  /** Whether it is connected, and all that it wrote is acknowledged. */
  readonly settled: boolean
  /** What it waits for, for whoever waits for it. */
  readonly state: string
  end(): Promise<void>
}

const words = 'It was the nightingale, and not the lark, that pierced the fearful hollow of thine ear. '

/** A message that nobody has sent: its name, and its XML as a client sends it. */
export function compose(
  arena: Arena,
  from: string,
  contacts: readonly string[],
): { id: string; body: string; to: string } {
  const to = contacts[arena.random.below(contacts.length)]!
  const id = arena.ledger.next(from, to)
  return { id, to, body: `${id} ${words.repeat(2).slice(0, arena.random.below(160))}`.trim() }
}
