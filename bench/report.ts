import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { type CaseFigures, type Conditions, disturbed, type Figures } from './figures.ts'
import { root } from './place.ts'
import { type Group, plot } from './plot.ts'
import { headings, lines, ours, type Row, roundsText, spreadOf, summary } from './rows.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'

/** Writes docs/performance.md, and a plot for each scenario in docs/plots, of all that is known. */
export function writeReport(figures: Figures): void {
  const plots = join(root, 'docs', 'plots')
  mkdirSync(plots, { recursive: true })
  const known = Object.entries(figures).filter(([key]) => scenarios[key] !== undefined)
  const found = known.map(([key, cases]) => ({ scenario: scenarios[key]!, rows: cases.flatMap(one => one.rows) }))
  const short = summary(found)
  const parts = [introduction(), `## In short\n\n${inShort}\n\n${markdown(short.headings, short.lines)}`]
  for (const [key, cases] of known) {
    const scenario = scenarios[key]!
    const rows = cases.flatMap(one => one.rows)
    writeFileSync(join(plots, `${key}.svg`), plotOf(scenario, rows))
    const title = [...new Set(cases.map(one => one.conditions.title))].join('; ')
    const picture = `![${scenario.name}: ${scenario.main.heading}](plots/${key}.svg)`
    const table = markdown(headings(scenario), lines(scenario, rows))
    parts.push(`## ${scenario.name}\n\n${title[0]!.toUpperCase()}${title.slice(1)}.\n\n${picture}\n\n${table}`)
    parts.push(notes(cases))
  }
  writeFileSync(join(root, 'docs', 'performance.md'), `${parts.join('\n\n')}\n`)
}

const inShort = 'Medians; in brackets how many times that of Jackdaw in the same run.'

function plotOf({ main }: Scenario, rows: readonly Row[]): string {
  const labels = [...new Set(rows.map(({ label }) => label))]
  const groups = labels.map((label): Group => {
    const bars = rows
      .filter(row => row.label === label)
      .map(row => {
        const { median, least, greatest } = spreadOf(main, row)
        return { label: row.server, value: median, least, greatest, ours: row.server === ours }
      })
    return { heading: label, bars }
  })
  return plot(main.heading, groups, main.digits)
}

/** When and with what a scenario was measured: one sentence for all cases that have it in common. */
function notes(cases: readonly CaseFigures[]): string {
  const day = ({ conditions: { date, ...others } }: CaseFigures) =>
    JSON.stringify({ ...others, title: '', date: date.slice(0, 10) })
  const told = [...Map.groupBy(cases, day).values()].map(same => {
    const [{ conditions }] = same as [CaseFigures, ...CaseFigures[]]
    const rows = same.flatMap(one => one.rows)
    const { runs, disturbed: busy } = disturbed(rows)
    const tls = [...new Set(rows.flatMap(row => row.runs.map(run => run.tls)))].join(', ')
    const which = same.length === cases.length ? '' : `${same.map(one => one.label).join('; ')}: `
    return `${which}${measured(conditions)}; others disturbed ${busy} of ${runs} runs. ${tls}.`
  })
  return told.join('\n\n')
}

function measured({ date, rounds, seconds, warm, load, jackdaw, node, prosody, ejabberd }: Conditions): string {
  const versions = `Jackdaw ${jackdaw} on Node.js ${node}, Prosody ${prosody}, ejabberd ${ejabberd}`
  return `Measured on ${date} UTC: ${roundsText(rounds, seconds)} after ${warm} s, load average ${load} before; ${versions}`
}

function introduction(): string {
  const [processor] = cpus()
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1] ?? process.platform
  const memory = Math.round(totalmem() / 2 ** 30)
  return `# What it costs

Written by \`npm run bench -- --write\`; under each table stands when it was measured, and with what. All rows of a case are of one run.
Figures drift with the machine; what counts is the ratio of two of them. Where it is virtual and its neighbours are busy, all servers
and the bare sockets cost up to some three times as much, and ratios shrink where sockets are most of the price: in such hours of
2026-11-21 both peers cost 3.8 to 5.2 times ours with one message in flight, and 7.7 to 14 times with four.

## How it is measured

- **Machine**: ${cpus().length} processors (${processor?.model.trim()}), ${memory} GiB, Linux ${release()}, ${system}.
- **Server CPU per unit** is the figure to compare: user and system time of all of the server's processes and threads, by the
  kernel's accounting, divided by what was done meanwhile. The server has one processor to itself, the load the other; both
  are on loopback. What loopback does for the receiver inside the sender's system call is counted for the sender.
- Each round takes all servers in turn. The tables have medians, in brackets the least and the greatest; "times ours" is the ratio of
  the medians.
- **What limited a run** is said: the server's processor, the load's, a disk that the server's processor had to wait for,
  that others used more than a seventh of that processor ("machine busy"), or none of them ("waiting": each waited for the other). Where it was
  not the server, "per second" is left out, and CPU per unit alone is told. "server", "others" and "load" are shares of one processor.
- TLS is 1.3 with a certificate on ECDSA P-256 and full handshakes; under each table stands which cipher it was, for all of
  them. The load verifies the certificate; it reads no XML, sends what was made before, counts what arrives, answers what a server asks,
  and acknowledges what it has got.
- Jackdaw runs with all of its features and its one store: SQLite, WAL, synchronous=FULL; only its limits on connections from one address
  are raised. "Prosody" and "ejabberd" keep their data in files of their own (Mnesia), which they do not sync for each message;
  "SQLite" is either with that as its store, as it sets it up: a rollback journal, and synchronous=FULL by SQLite's default. Their
  configurations are in \`bench/peers\`: the modules of a usual server, no rate limits, archives on for everybody; Prosody with the generational
  garbage collection that it is at its best with, ejabberd without busy waiting. They are Debian's packages. "Bare Node sockets" is a server of 90 lines
  (\`bench/floor.ts\`) that moves framed bytes and knows no XML: the floor under any server on Node.`
}

function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = titles.map((title, index) => (index < 2 || title === 'limited by' ? '---' : '--:'))
  return [line(titles), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')
}
