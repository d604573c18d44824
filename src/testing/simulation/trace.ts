import { createHash, type Hash } from 'node:crypto'

/** What happened in a run, line by line; its hash is the same whenever the seed is. */
export class Trace {
  readonly #hash: Hash = createHash('sha256')
  /** What is not in the hash yet: few updates cost less than many. */
  #lines = ''
  readonly #elapsed: () => number
  readonly #show: ((line: string) => void) | undefined

  /** `elapsed`: virtual milliseconds since the run began. Lines are only shown where somebody wants to see them. */
  constructor(elapsed: () => number, show?: (line: string) => void) {
    this.#elapsed = elapsed
    this.#show = show
  }

  add(who: string, what: string): void {
    const time = (this.#elapsed() / 1000).toFixed(3)
    const line = `${time} ${who} ${what}`
    this.#lines += line
    if (this.#lines.length > 4096) this.#flush()
    this.#show?.(`${time.padStart(9)}  ${who.padEnd(22)} ${what}`)
  }

  digest(): string {
    this.#flush()
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  #flush(): void {
    this.#hash.update(this.#lines)
    this.#lines = ''
  }
}
