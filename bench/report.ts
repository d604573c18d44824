import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { peerVersion } from './peers/all.ts'
import { root } from './place.ts'
import { type Group, plot } from './plot.ts'
import { headings, lines, type Row, spreadOf } from './rows.ts'
import { type Scenario, scenarios, type Wishes } from './scenarios.ts'

/** How a run was made, for those who read of it. */
export interface Run {
  readonly date: Date
  readonly rounds: number
  readonly seconds: number
  readonly warm: number
  readonly wishes: Wishes
  /** What was found, by the scenario's key. */
  readonly found: Readonly<Record<string, readonly Row[]>>
}

/** Writes docs/performance.md, and a plot for each scenario in docs/plots. */
export function writeReport(run: Run): void {
  const plots = join(root, 'docs', 'plots')
  rmSync(plots, { recursive: true, force: true })
  mkdirSync(plots, { recursive: true })
  const parts = [introduction(run)]
  for (const [key, rows] of Object.entries(run.found)) {
    const scenario = scenarios[key]!
    writeFileSync(join(plots, `${key}.svg`), plotOf(scenario, rows))
    const table = markdown(headings(scenario), lines(scenario, rows))
    const title = scenario.title(run.wishes)
    const picture = `![${scenario.name}: ${scenario.main.heading}](plots/${key}.svg)`
    parts.push(`## ${scenario.name}\n\n${title[0]!.toUpperCase()}${title.slice(1)}.\n\n${picture}\n\n${table}`)
  }
  writeFileSync(join(root, 'docs', 'performance.md'), `${parts.join('\n\n')}\n`)
}

function plotOf({ main }: Scenario, rows: readonly Row[]): string {
  const labels = [...new Set(rows.map(({ label }) => label))]
  const groups = labels.map((label): Group => {
    const bars = rows
      .filter(row => row.label === label)
      .map(row => {
        const { median, least, greatest } = spreadOf(main, row)
        return { label: row.server, value: median, least, greatest, ours: row.server === 'Jackdaw' }
      })
    return { heading: label, bars }
  })
  return plot(main.heading, groups, main.digits)
}

function introduction({ date, rounds, seconds, warm }: Run): string {
  const [processor] = cpus()
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1] ?? process.platform
  const memory = Math.round(totalmem() / 2 ** 30)
  return `# What it costs

Written by \`npm run bench -- --write\` on ${date.toISOString().slice(0, 10)}; all figures are of that one run. They drift with the
machine; what counts is the ratio of two of them.

## How it is measured

- **Machine**: ${cpus().length} processors (${processor?.model.trim()}), ${memory} GiB, Linux ${release()}, ${system}.
- **Versions**: Jackdaw ${version()} on Node.js ${process.versions.node} (OpenSSL ${process.versions.openssl}), Prosody ${
    peerVersion('prosody') ?? '–'
  }, ejabberd ${peerVersion('ejabberd') ?? '–'} (Debian's packages).
- **Server CPU per unit** is the figure to compare: user and system time of the server's processes and threads, by the kernel's
  accounting, divided by what was done meanwhile. The server has one processor to itself, the load the other; both are on
  loopback. What loopback does for the receiver inside the sender's system call is counted for the sender.
- ${rounds} rounds, in each of which all servers are measured in turn for ${seconds} s, after ${warm} s that are not counted. The table
  has medians, in brackets the least and the greatest; "times ours" is the ratio of the medians.
- **What limited a run** is said: the server's processor, the load's, or that others used more than a seventh of the server's. Where it was not the
  server, "per second" is left out, and CPU per unit alone is told.
- TLS is 1.3 with a certificate on ECDSA P-256 and full handshakes. The load verifies the certificate; it reads no XML, sends what was
  made before, and counts what arrives.
- Jackdaw runs with all of its features and its one store: SQLite, WAL, synchronous=FULL; only its limits on connections from one address
  are raised. "Prosody" keeps its data in files of
  its own, which it does not sync; "SQLite" is either with that as its store, synchronous=FULL by SQLite's default. Their
  configurations are in \`bench/peers\`: the modules of a usual server, no rate limits, archives on for everybody; Prosody with the generational
  garbage collection that it is at its best with, ejabberd without busy waiting. "Bare Node sockets" is a server of 90 lines
  (\`bench/floor.ts\`) that moves framed bytes and knows no XML: the floor under any server on Node.`
}

/** The version of ours, and the commit that it was measured at. */
function version(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  try {
    return `${version} (${execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()})`
  } catch {
    return version
  }
}

function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = titles.map((title, index) => (index < 2 || title === 'limited by' ? '---' : '--:'))
  return [line(titles), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')
}
