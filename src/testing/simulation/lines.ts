import type { Log } from '../../server/log.ts'
import type { Counts } from './counts.ts'
import type { Trace } from './trace.ts'

/** Reads what servers log: for the trace, for counts, and for faults, of which there must be none. */
export class Lines {
  /** Bugs that the server has found in itself. */
  readonly faults: string[] = []
  readonly #trace: Trace
  readonly #counts: Counts
  readonly #waiting = new Set<string>()

  constructor(trace: Trace, counts: Counts) {
    this.#trace = trace
    this.#counts = counts
  }

  readonly log: Log = (level, sentence, facts = {}) => {
    const who = String(facts['who'] ?? '')
    const more = Object.entries(facts).filter(([name, value]) => value !== undefined && name !== 'fault')
    this.#trace.add('server', `${level} ${sentence} ${more.map(([name, value]) => `${name}=${value}`).join(' ')}`)
    if (facts['fault'] !== undefined) this.faults.push(`${sentence}: ${facts['fault']}`)
    if (sentence === 'connection dropped' && facts['reason'] === 'slow reader') this.#counts.add('slow readers dropped')
    if (sentence === 'session waits for its client') this.#waiting.add(who)
    // The session leaves a stream that still seems alive; what that had taken is kept first.
    if (facts['condition'] === 'conflict' && String(facts['text']).startsWith('The session goes on'))
      this.#counts.add('resumes of live sessions')
    if (sentence === 'session resumed') {
      this.#counts.add('resumes')
      this.#waiting.delete(who)
    }
    if (sentence === 'session ended' && this.#waiting.delete(who)) this.#counts.add('sessions expired')
  }

  /** The process is gone, and all sessions with it. */
  restarted(): void {
    this.#waiting.clear()
  }
}
