import type { Timer, Timers } from '../runtime/runtime.ts'
import type { Log, LogLevel } from './log.ts'

/** How long a ration must last, in milliseconds. */
const minute = 60_000
/** Lines of one sentence in a minute: about one party, and in all. */
const perParty = 60
const inAll = 300

/** What was given of one sentence in this minute. */
interface Given {
  readonly level: LogLevel
  lines: number
  leftOut: number
  readonly parties: Map<string, number>
}

/**
 * Lines that others can provoke as often as they like (refusals, faults that they have found) are rationed, so that
 * nobody can fill the disk: what is left out is counted, and the count is a line at the end of the minute.
 */
export class Rations {
  readonly #timers: Pick<Timers, 'after' | 'cancel'>
  readonly #log: Log
  readonly #given = new Map<string, Given>()
  #timer: Timer | undefined
  /** How often anybody has asked for a line, given or not. */
  asked = 0

  constructor(timers: Pick<Timers, 'after' | 'cancel'>, log: Log) {
    this.#timers = timers
    this.#log = log
  }

  /** Whether a line of this sentence may be written now; `party` is who provoked it. */
  grants(level: LogLevel, sentence: string, party: string): boolean {
    this.asked++
    let given = this.#given.get(sentence)
    if (given === undefined) {
      given = { level, lines: 0, leftOut: 0, parties: new Map() }
      this.#given.set(sentence, given)
      this.#timer ??= this.#timers.after(minute, () => this.#end())
    }
    const count = given.lines < inAll ? (given.parties.get(party) ?? 0) : perParty
    if (count >= perParty) {
      given.leftOut++
      return false
    }
    given.lines++
    given.parties.set(party, count + 1)
    return true
  }

  /** Says at once what was left out: the server is stopping. */
  stop(): void {
    this.#timers.cancel(this.#timer)
    this.#end()
  }

  #end(): void {
    this.#timer = undefined
    for (const [of, { level, leftOut }] of this.#given) {
      if (leftOut > 0) this.#log(level, 'lines left out', { of, count: leftOut, seconds: minute / 1000 })
    }
    this.#given.clear()
  }
}
