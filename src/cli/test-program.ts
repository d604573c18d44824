// For tests: the program as a person runs it, in folders that go when the tests have run.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after } from 'node:test'
import { main } from './main.ts'

const bin = join(import.meta.dirname, '../../bin/jackdaw.js')

/** What became of a run of the program. */
export interface Finished {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** A server in a process of its own. */
export interface StartedProcess {
  readonly child: ChildProcess
  /** What stands on its standard output once it serves. */
  begun(): Promise<string>
  readonly finished: Promise<Finished>
  /** What it has logged so far. */
  log(): string
}

/** The program, for one file of tests. */
export function program(name: string) {
  const top = mkdtempSync(join(tmpdir(), `jackdaw-${name}-`))
  const children = new Set<ChildProcess>()
  after(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(top, { recursive: true })
  })
  return {
    top,
    /** A folder with a configuration whose ports the system chooses. */
    folderOf(
      folderName: string,
      extra = '',
      listen = 'starttls = ["127.0.0.1:0"]\ndirect-tls = ["127.0.0.1:0"]',
    ): string {
      const folder = join(top, folderName)
      mkdirSync(folder)
      writeFileSync(join(folder, 'jackdaw.toml'), `[listen]\n${listen}\n${extra}`)
      return folder
    },
    startProcess: (folder: string, args: string) => startProcess(children, folder, args),
    run,
  }
}

function startProcess(children: Set<ChildProcess>, folder: string, args: string): StartedProcess {
  const child = spawn(process.execPath, [bin, ...args.split(' ')], { cwd: folder, env: { PATH: '' } })
  children.add(child)
  let output = ''
  let errors = ''
  let wake = () => {}
  child.stdout.on('data', chunk => {
    output += chunk
    wake()
  })
  child.stderr.on('data', chunk => (errors += chunk))
  const finished = new Promise<Finished>(resolve => child.on('close', code => resolve({ code, output, errors })))
  void finished.then(() => children.delete(child))
  const begun = async (): Promise<string> => {
    while (!output.includes('\n')) {
      const ended = await Promise.race([finished, new Promise<undefined>(resolve => (wake = () => resolve(undefined)))])
      if (ended) throw new Error(`ended before it began: ${ended.errors}`)
    }
    return output
  }
  return { child, begun, finished, log: () => errors }
}

/** A command line in this process; words in quotes are one argument. */
async function run(cwd: string, args: string, typed = '', isTTY = false): Promise<Finished> {
  let output = ''
  let errors = ''
  const code = await main({
    args: [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(found => found[1] ?? found[2]!),
    cwd,
    environment: { PATH: '' },
    input: Object.assign(Readable.from(typed === '' ? [] : [Buffer.from(typed)]), { isTTY }),
    output: { write: text => (output += text) },
    errors: { write: text => (errors += text) },
  })
  return { code, output, errors }
}
