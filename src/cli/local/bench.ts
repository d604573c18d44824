import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Argument } from '../../server/command.ts'
import { UsageError } from '../command-line.ts'
import type { CommandValues } from '../control.ts'
import type { LocalCommand } from '../local.ts'
import type { Surroundings } from '../main.ts'

const option = (name: string, kind: Argument['kind'], manual: string): Argument => ({
  name,
  kind,
  manual,
  optional: true,
  option: true,
})

/** Measures this version on this machine: a server of its own, with data of its own. */
export const bench: LocalCommand = {
  words: ['bench'],
  manual:
    'Measures what work costs on this machine: a new server that listens on loopback only, beside sockets that know no ' +
    'XMPP, and beside Prosody and ejabberd where they are installed. Your own server and its data are not touched; it ' +
    'needs Linux, two processors, openssl and taskset. Without options it takes a minute.',
  arguments: [
    option(
      'scenario',
      'text',
      'What is measured: chat (unless told), archived, people, presence, rate, login, back, roster, idle or workers; several with commas.',
    ),
    option(
      'case',
      'text',
      'Only the cases of the scenario that have this in their names; "TLS, window 4" unless a scenario is given.',
    ),
    option(
      'servers',
      'text',
      'Which servers, of jackdaw, prosody, ejabberd and floor, with commas; all that are there unless told.',
    ),
    option('rounds', 'number', 'How often each is measured; 3 unless told.'),
    option('seconds', 'number', 'How long it is measured each time; 2 unless told.'),
  ],
  local: true,
  async run(values, around, { json }) {
    checkMachine()
    const printed = await measure([...optionsOf(values), ...(json ? ['--json'] : [])], around, json)
    return json ? { rows: rowsOf(printed) } : { text: '' }
  },
}

/** Throws where it cannot be measured here. */
function checkMachine(): void {
  if (process.platform !== 'linux') throw new Error('the bench reads processor time where only Linux has it')
  if (availableParallelism() < 2)
    throw new Error('the bench needs two processors: one for the server, one for the load')
}

function optionsOf(values: CommandValues): string[] {
  const all = values['scenario'] === undefined ? { scenario: 'chat', case: 'TLS, window 4', ...values } : values
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]))
}

/** Runs the bench in a process of its own; what it printed, which is shown at once unless it is JSON. */
function measure(
  options: readonly string[],
  { output, errors, environment }: Surroundings,
  json: boolean,
): Promise<string> {
  const source = fileURLToPath(new URL('../../../bench/run.ts', import.meta.url))
  const published = fileURLToPath(new URL('../../measure/bench/run.js', import.meta.url))
  const program = existsSync(source) ? source : published
  return new Promise((resolve, reject) => {
    // By the channel it knows, too, when we are gone, in whatever way, and ends what it has started.
    const child = spawn(process.execPath, [program, ...options], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const heard: string[] = []
    let refused: string | undefined
    child.on('message', (message: { refused: string }) => (refused = message.refused))
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (json ? heard.push(text) : output.write(text)))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => errors.write(text))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(heard.join(''))
      else if (refused !== undefined) reject(new UsageError(refused))
      else reject(new Error('the bench did not come to a good end: not all could be measured, see above'))
    })
  })
}

/** One row for each run, with its figures. */
function rowsOf(printed: string): Record<string, string | number>[] {
  const found = JSON.parse(printed) as Record<
    string,
    readonly { readonly server: string; readonly label: string; readonly runs: readonly Record<string, unknown>[] }[]
  >
  return Object.entries(found).flatMap(([scenario, rows]) =>
    rows.flatMap(({ server, label, runs }) =>
      runs.map((run, index) => {
        const figures = Object.entries(run).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
        return { scenario, server, case: label, round: index + 1, ...Object.fromEntries(figures) }
      }),
    ),
  )
}
