/** Where a bar is drawn. */
interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const width = 30

/** A bar on a terminal, and nothing elsewhere. */
export class Progress {
  readonly #terminal: Terminal
  readonly #total: number
  #done = 0
  #drawn = 0

  constructor(terminal: Terminal, total: number) {
    this.#terminal = terminal
    this.#total = total
  }

  /** One more is done; so many have failed so far. */
  step(failed: number): void {
    this.#done++
    const percent = Math.floor((this.#done / this.#total) * 100)
    if (!this.#terminal.isTTY || (percent === this.#drawn && this.#done % 10 !== 0)) return
    this.#drawn = percent
    const full = Math.round((this.#done / this.#total) * width)
    const bar = '█'.repeat(full) + '░'.repeat(width - full)
    this.#terminal.write(`\r${bar} ${this.#done} of ${this.#total} seeds, ${failed} failed`)
  }

  /** Makes room for lines. */
  clear(): void {
    if (this.#terminal.isTTY) this.#terminal.write('\r\u001b[K')
  }

  done(): void {
    this.clear()
  }
}
