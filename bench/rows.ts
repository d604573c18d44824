import { limit, type Measurement, spread } from './measurement.ts'
import type { Figure, Scenario } from './scenario.ts'

/** All runs of one server in one case. */
export interface Row {
  readonly server: string
  readonly label: string
  readonly runs: Measurement[]
}

/** How often and how long something was measured. */
export function roundsText(rounds: number, seconds: number): string {
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s`
}

/** What our server is called in tables. */
export const ours = 'Jackdaw'

const share: readonly Figure[] = [
  { heading: 'server', of: run => run.serverPercent, digits: 0 },
  { heading: 'others', of: run => run.othersPercent, digits: 0 },
  { heading: 'load', of: run => run.generatorPercent, digits: 0 },
]

/** The headings of a scenario's table. */
export function headings({ main, others, paced }: Scenario): string[] {
  const rest = paced ? [] : [...share.map(({ heading }) => heading), 'limited by']
  return ['server', 'case', main.heading, 'times ours', ...others.map(({ heading }) => heading), ...rest, 'lost']
}

/** The median, least and greatest of a figure over all runs that have it. */
export const spreadOf = ({ of }: Figure, { runs }: Row) => spread(runs.map(of))

/** The lines of a scenario's table: medians, and for the main figure the least and the most. */
export function lines({ main, others, paced }: Scenario, rows: readonly Row[]): string[][] {
  return rows.map(row => {
    const { median: middle, least, greatest } = spreadOf(main, row)
    const base = rows.find(one => one.server === ours && one.label === row.label)
    const digits = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(main.digits))
    // What limited the run whose figure is the median.
    const typical = row.runs.toSorted((a, b) => main.of(a) - main.of(b))[row.runs.length >> 1]!
    const limited = limit(typical)
    const rest = paced ? [] : [...share.map(({ of }) => `${of(typical).toFixed(0)} %`), limited]
    return [
      row.server,
      row.label,
      `${digits(middle)} (${digits(least)}-${digits(greatest)})`,
      base ? (middle / spreadOf(main, base).median).toFixed(2) : '',
      ...others.map(figure => {
        const value = spreadOf(figure, row).median
        if (Number.isNaN(value) || (figure.throughput && limited !== 'server')) return ''
        return value.toFixed(figure.digits)
      }),
      ...rest,
      String(row.runs.reduce((sum, one) => sum + one.lost, 0)),
    ]
  })
}

/** Headings and lines of all cases in short: the median of each server, and how many times ours it is. */
export function summary(found: readonly { readonly scenario: Scenario; readonly rows: readonly Row[] }[]): {
  readonly headings: string[]
  readonly lines: string[][]
} {
  const servers = [...new Set(found.flatMap(({ rows }) => rows.map(row => row.server)))]
  const lines = found.flatMap(({ scenario: { name, main, others }, rows }) => {
    const figures = [main, ...others.filter(one => one.inShort)]
    const labels = [...new Set(rows.map(row => row.label))]
    return labels.flatMap(label => figures.map(figure => lineOf(figure, label)))

    function lineOf(figure: Figure, label: string): string[] {
      const of = (server: string) => {
        const row = rows.find(one => one.label === label && one.server === server)
        return row && spreadOf(figure, row).median
      }
      const base = of(ours)
      const cells = servers.map(server => {
        const value = of(server)
        if (value === undefined || Number.isNaN(value)) return ''
        const times = server === ours || !base ? '' : ` (× ${(value / base).toPrecision(2)})`
        return `${value.toFixed(figure.digits)}${times}`
      })
      return [`${name}, ${label}`, figure.heading, ...cells]
    }
  })
  return { headings: ['', 'figure', ...servers], lines }
}
