import type { Timer, Timers } from '../runtime/runtime.ts'
import type { Answers, Driver, Outcome, Query, QueryName, Unit } from './driver.ts'
import type { Applied } from './sqlite-apply.ts'
import { pack } from './sqlite-packing.ts'
import type { Selected } from './sqlite-queries.ts'
import { SqliteQueries } from './sqlite-queries.ts'
import type { ReaderMessage } from './sqlite-reader.ts'
import type { Reply } from './sqlite-serve.ts'
import type { Thread } from './sqlite-thread.ts'
import type { WriterMessage } from './sqlite-writer.ts'
import { StorageError } from './storage.ts'
import type { Tables } from './tables.ts'

interface Reading {
  readonly query: Query
  readonly resolve: (answer: Answers[QueryName]) => void
  readonly reject: (error: unknown) => void
}

/** Reads that may wait for the reader. */
const mostReadings = 50_000

/** Milliseconds between two steps of clearing, in which others write; and after one that failed. */
const shortPause = 20
const longPause = 60_000

/** Says that writing has begun to fail, with the reason, or works again. */
export type Health = (reason: string | undefined) => void

/** SQLite behind the verbs of a driver: one worker writes, one reads. */
export class SqliteDriver implements Driver {
  readonly #tables: Tables
  readonly #queries: SqliteQueries
  readonly #writer: Thread<WriterMessage>
  readonly #reader: Thread<ReaderMessage>
  readonly #timers: Timers
  readonly #health: Health
  #failing: string | undefined
  #clearing = false
  #pause: Timer | undefined
  #closed = false
  /** Queries that go to the reader together. */
  #readings: Reading[] = []
  #reading = false

  constructor(
    tables: Tables,
    threads: { writer: Thread<WriterMessage>; reader: Thread<ReaderMessage> },
    timers: Timers,
    health: Health,
  ) {
    this.#tables = tables
    this.#queries = new SqliteQueries(tables)
    this.#writer = threads.writer
    this.#reader = threads.reader
    this.#timers = timers
    this.#health = health
  }

  /** Keeps nothing of the units while it waits: they are as much as a second of messages. */
  apply(units: readonly Unit[]): Promise<Outcome> {
    const isRemoving = units.some(({ unit }) => unit === 'remove')
    return this.#writer.call({ ask: 'apply', ...pack(units, this.#tables) }).then(
      applied => {
        this.#say(undefined)
        if (isRemoving) this.clear()
        return outcome(applied as Applied)
      },
      error => {
        this.#say(error instanceof Error ? error.message : String(error))
        throw error
      },
    )
  }

  read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    return new Promise<Answers[QueryName]>((resolve, reject) => {
      if (this.#readings.length >= mostReadings)
        throw new StorageError('Too many reads wait for the disk. Try again later.')
      this.#readings.push({ query, resolve, reject })
      if (this.#readings.length === 1 && !this.#reading) this.#timers.turn(this.#send)
    }) as Promise<Answers[N]>
  }

  /** Begins to take away what removed owners have left, bit by bit, where that has not begun. */
  clear(): void {
    if (this.#clearing) return
    this.#clearing = true
    void this.#clearSome()
  }

  async #clearSome(): Promise<void> {
    let pause = longPause
    try {
      const isMore = await this.#writer.call({ ask: 'clear' })
      if (!isMore) {
        this.#clearing = false
        return
      }
      pause = shortPause
    } catch {
      // What writes next says why.
    }
    if (this.#closed) return
    this.#pause = this.#timers.after(pause, () => void this.#clearSome())
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timers.cancel(this.#pause)
    this.#send()
    await this.#reader.close({ ask: 'close' })
    // The last connection to go tidies up: it must be the one that may write.
    await this.#writer.close({ ask: 'close' })
  }

  /** Hands over what was collected; more collects until the reader has answered. */
  readonly #send = (): void => {
    const readings = this.#readings
    if (readings.length === 0) return
    this.#readings = []
    this.#reading = true
    const queries = readings.map(({ query }) => this.#queries.selects(query))
    this.#reader
      .call({ ask: 'read', queries })
      .then(
        replies => this.#answered(readings, replies as readonly Reply<readonly Selected[]>[]),
        error => {
          for (const { reject } of readings) reject(error)
        },
      )
      .finally(() => {
        this.#reading = false
        this.#send()
      })
  }

  #answered(readings: readonly Reading[], replies: readonly Reply<readonly Selected[]>[]): void {
    for (const [place, { query, resolve, reject }] of readings.entries()) {
      const reply = replies[place]!
      try {
        if ('refused' in reply) reject(new StorageError(reply.refused))
        else resolve(this.#queries.answer(query, reply.answer))
      } catch (error) {
        reject(error)
      }
    }
  }

  #say(reason: string | undefined): void {
    if (this.#failing === reason) return
    this.#failing = reason
    this.#health(reason)
  }
}

function outcome({ failures, created }: Applied): Outcome {
  return {
    failures: new Map(
      failures.map(([place, { refused, uncertain }]) => [place, new StorageError(refused, { uncertain })]),
    ),
    created: new Map(created),
  }
}
