/**
 * Whether "stored, then answered" is true, seen from outside:
 *
 *     npm run durability -- [--only trace|kill] [--rounds 8] [--workers N]
 *
 * 1. A trace of system calls: no IQ result, no acknowledgement (`<a/>` of XEP-0198) and no delivery of a message is
 *    written to its connection before the sync of its commit has ended. The same test must fail on a server whose SQLite
 *    runs with `synchronous=OFF`.
 * 2. SIGKILL while roster changes and offline messages are written, each followed by an IQ on the same stream: all that
 *    was answered is there after the next start.
 *
 * The exit code is 1 when a check failed.
 * `--workers N`: so many threads carry its connections; where missing, as many as the configuration has by itself.
 */
import { parseArgs } from 'node:util'
import { killRounds } from './kill.ts'
import { Report } from './report.ts'
import { chooseServer, serverOptions } from './server.ts'
import { traceChecks } from './syncs.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'trace,kill' },
    rounds: { type: 'string', default: '8' },
    ...serverOptions,
  },
})
chooseServer(values)
const parts = values.only.split(',')
const begin = performance.now()
const report = new Report()
if (parts.includes('trace')) await report.group('a trace of system calls', traceChecks, true)
if (parts.includes('kill')) await report.group('kill -9', check => killRounds(check, Number(values.rounds)))
console.log(`\n${report.summary()}`)
console.log(`\n${report.failures} checks are not ok, after ${((performance.now() - begin) / 1000).toFixed(0)} s.`)
process.exit(report.failures === 0 ? 0 : 1)
