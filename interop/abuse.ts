/**
 * Memory under abuse, on the real process:
 *
 *     npm run abuse -- [--only readers,soak] [--readers 1000] [--logins 50000] [--workers N]
 *
 * 1. Readers that stop reading while others write to them: what waits for them is bounded, for each and in all, and
 *    others are not slowed.
 * 2. Logins and logouts by the thousand: memory is afterwards what it was, and idle accounts are let go.
 *
 * The exit code is 1 when a check failed.
 * `--workers N`: so many threads carry its connections; where missing, as many as the configuration has by itself.
 */
import { parseArgs } from 'node:util'
import { stalledReaders } from './abuse/readers.ts'
import { soak } from './abuse/soak.ts'
import { Report } from './report.ts'
import { chooseServer, serverOptions } from './server.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'readers,soak' },
    readers: { type: 'string', default: '1000' },
    logins: { type: 'string', default: '50000' },
    ...serverOptions,
  },
})
chooseServer(values)
const parts = values.only.split(',')
const begin = performance.now()
const report = new Report()
if (parts.includes('readers'))
  await report.group('readers that do not read', check => stalledReaders(check, Number(values.readers)), true)
if (parts.includes('soak')) await report.group('logins and logouts', check => soak(check, Number(values.logins)), true)
console.log(`\n${report.summary()}`)
console.log(`\n${report.failures} checks are not ok, after ${((performance.now() - begin) / 1000).toFixed(0)} s.`)
process.exit(report.failures === 0 ? 0 : 1)
