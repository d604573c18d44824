import { table } from '../bench/measurement.ts'

interface Row {
  readonly group: string
  readonly what: string
  readonly result: 'ok' | 'FAILED' | 'not tried' | 'differs'
  readonly seen: string
}

/** Tries one thing; `look` answers what was seen, and throws where that is wrong. */
export type Check = (what: string, look: () => Promise<string>) => Promise<void>

/** What is known of a server, by the check's name: that it differs from what is expected there, and how. */
export type Differences = Readonly<Record<string, string>>

/** Prints a line for each check as it ends, and a table of all at the end. */
export class Report {
  readonly #rows: Row[] = []
  readonly #known: Differences

  constructor(known: Differences = {}) {
    this.#known = known
  }

  /** Checks that build on each other, unless told: then after a failure the rest of the group is not tried. */
  async group(group: string, body: (check: Check) => Promise<void>, independent = false): Promise<void> {
    console.log(`\n${group}`)
    let failed = false
    const check: Check = async (what, look) => {
      if (failed && !independent) return this.#add({ group, what, result: 'not tried', seen: '' })
      try {
        this.#add({ group, what, result: 'ok', seen: await look() })
      } catch (error) {
        const known = this.#known[what]
        if (known !== undefined) return this.#add({ group, what, result: 'differs', seen: known })
        failed = true
        this.#add({ group, what, result: 'FAILED', seen: error instanceof Error ? error.message : String(error) })
      }
    }
    try {
      await body(check)
    } catch (error) {
      this.#add({
        group,
        what: 'to its end',
        result: 'FAILED',
        seen: error instanceof Error ? (error.stack ?? '') : String(error),
      })
    }
  }

  #add(row: Row): void {
    this.#rows.push(row)
    console.log(`  ${row.result.padEnd(9)} ${row.what}${row.seen ? `: ${row.seen}` : ''}`)
  }

  get failures(): number {
    return this.#rows.filter(row => row.result === 'FAILED' || row.result === 'not tried').length
  }

  /** Everything once more, what was seen cut to one line. */
  summary(): string {
    const cut = (text: string) => (text.length > 70 ? `${text.slice(0, 69)}…` : text).replaceAll(/\s+/g, ' ')
    return table(
      ['clients', 'check', 'result', 'seen'],
      this.#rows.map(row => [row.group, row.what, row.result, cut(row.seen)]),
    )
  }
}
