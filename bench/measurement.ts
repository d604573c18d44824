/** What one run of the load saw. */
export interface Measurement {
  readonly seconds: number
  /** Units of work that were done: messages delivered, copies of presence, logins. */
  readonly done: number
  readonly perSecond: number
  /** Processor time (user and system) of the server for each unit, in microseconds. */
  readonly serverMicroseconds: number
  /** How much of one processor the server used. */
  readonly serverPercent: number
  readonly generatorPercent: number
  /** How much of one processor each of the server's threads used that carry connections; none where it has one thread. */
  readonly workersPercent: readonly number[]
  /** How much of the server's processor others used. */
  readonly othersPercent: number
  /** For how much of the time the server's processor had nothing to do but to wait for a disk. */
  readonly diskPercent: number
  /** Units that were begun and not done within ten seconds after the last. */
  readonly lost: number
  readonly tls: string
  /** Bytes of what is sent, or fetched, once. */
  readonly bytes?: number
  /** Half of the units took at most so long, in milliseconds. */
  readonly medianMilliseconds?: number
  /** 99 of 100 units took at most so long, in milliseconds. */
  readonly slowestMilliseconds?: number
  /** Units that were done while allocations were profiled. */
  readonly allocating?: number
  /** Memory of the server in MiB: before, and with all connections. */
  readonly memory?: { readonly before: number; readonly after: number }
}

/** Median, least and greatest. */
export function spread(values: readonly number[]): { median: number; least: number; greatest: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, least: sorted[0]!, greatest: sorted.at(-1)! }
}

/** The value that so great a part of all is not above; not a number where there are none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

/** How much of the server's processor others may use in a run that is called undisturbed, in percent. */
const disturbance = 15

/** What kept the throughput from being higher: a processor that was busy to the end, a disk, or that each waits for the other. */
export type Limit = 'server' | 'load' | 'disk' | 'machine busy' | 'waiting'

/** What limited a run. */
export function limit({ serverPercent, generatorPercent, othersPercent, diskPercent }: Measurement): Limit {
  if (othersPercent >= disturbance) return 'machine busy'
  if (serverPercent >= 85) return 'server'
  if (generatorPercent >= 85) return 'load'
  return diskPercent >= 20 ? 'disk' : 'waiting'
}

/** How busy the least busy thread is, in percent of the busiest one; not a number where there are fewer than two. */
export function balance(percents: readonly number[]): number {
  return percents.length < 2 ? Number.NaN : (100 * Math.min(...percents)) / Math.max(...percents)
}

const numeric = /^(-?\d+(\.\d+)?( %| \([^)]*\))?)?$/

/** Rows as text under their headings, columns of numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map(row => row[column]!.length)))
  const right = headings.map((_, column) => rows.every(row => numeric.test(row[column]!)))
  const pad = (cell: string, column: number) =>
    right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
  const line = (row: readonly string[]) => row.map(pad).join('  ').trimEnd()
  return [line(headings), widths.map(width => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
