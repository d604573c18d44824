import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { CrashResult } from './rounds.ts'

/** What the last run of the crash test saw, as rows of a table. */
export function figures(result: CrashResult, rounds: number, seed: number): readonly (readonly [string, string])[] {
  const { verdict, counts, kills, actors, seconds } = result
  const number = (value: number) => value.toLocaleString('en-GB')
  return [
    ['rounds, each ended by `kill -9`', number(rounds)],
    ['messages acknowledged', number(verdict.messages)],
    ['lost: missing in the sender’s or the recipient’s archive', number(verdict.lost)],
    ['doubled in an archive', number(verdict.doubled)],
    ['reordered in an archive, or as they came to a client', number(verdict.reordered)],
    ['never delivered to the recipient’s client', number(verdict.undelivered)],
    ['delivered more than once, under the same id', number(verdict.again)],
    ['complaints of clients: errors, wrong counts, silence', number(result.complaints.length)],
    ['kills while clients wrote, and while they were still coming back', `${kills.writing}, ${kills.early}`],
    ['connections that clients cut', number(counts.cut)],
    ['sessions resumed (`<resumed/>`)', number(counts.resumed)],
    [
      'sessions over, with the server’s count (`<failed h=""/>`), and without',
      `${counts.failedKnown}, ${counts.failedUnknown}`,
    ],
    ['messages and presence that clients sent again', number(counts.resent)],
    ['clients, `@xmpp/client` and slixmpp among them', number(actors.length)],
    ['seed', String(seed)],
    ['when, where, how long', `${date()}, ${machine()}, ${Math.round(seconds / 60)} minutes`],
  ]
}

function date(): string {
  return new Date().toISOString().slice(0, 10)
}

function machine(): string {
  const [first] = cpus()
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${process.platform}, Node ${process.versions.node}`
}

const [begin, end] = ['<!-- crash: written by npm run crash -- --write -->', '<!-- /crash -->']

/** Puts a run's table between the marks of a document. Throws where there are none. */
export function writeFigures(file: string, rows: readonly (readonly [string, string])[]): void {
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table`)
  const table = ['| what | how many |', '| --- | --- |', ...rows.map(([what, how]) => `| ${what} | ${how} |`)].join(
    '\n',
  )
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`)
}
