import { limit, type Measurement, spread } from './measurement.ts'
import type { Figure, Scenario } from './scenarios.ts'

/** All runs of one server in one case. */
export interface Row {
  readonly server: string
  readonly label: string
  readonly runs: Measurement[]
}

const share: readonly Figure[] = [
  { heading: 'server', of: run => run.serverPercent, digits: 0 },
  { heading: 'others', of: run => run.othersPercent, digits: 0 },
  { heading: 'load', of: run => run.generatorPercent, digits: 0 },
]

/** The headings of a scenario's table. */
export function headings({ main, others, fresh }: Scenario): string[] {
  const rest = fresh ? [] : [...share.map(({ heading }) => heading), 'limited by', 'lost']
  return ['server', 'case', main.heading, 'times ours', ...others.map(({ heading }) => heading), ...rest]
}

/** The lines of a scenario's table: medians, and for the main figure the least and the most. */
export function lines({ main, others, fresh }: Scenario, rows: readonly Row[]): string[][] {
  const median = ({ of }: Figure, { runs }: Row) => spread(runs.map(of)).median
  return rows.map(row => {
    const { median: middle, least, greatest } = spread(row.runs.map(main.of))
    const ours = rows.find(one => one.server === 'Jackdaw' && one.label === row.label)
    const digits = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(main.digits))
    // What limited the run whose figure is the median.
    const typical = row.runs.toSorted((a, b) => main.of(a) - main.of(b))[row.runs.length >> 1]!
    const rest = fresh
      ? []
      : [
          ...share.map(({ of }) => `${of(typical).toFixed(0)} %`),
          limit(typical),
          String(row.runs.reduce((sum, one) => sum + one.lost, 0)),
        ]
    return [
      row.server,
      row.label,
      `${digits(middle)} (${digits(least)}-${digits(greatest)})`,
      ours ? (middle / median(main, ours)).toFixed(2) : '',
      ...others.map(figure => {
        const value = median(figure, row)
        return Number.isNaN(value) ? '' : value.toFixed(figure.digits)
      }),
      ...rest,
    ]
  })
}
