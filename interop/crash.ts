/**
 * The server is killed while many clients write, over and over, and nothing that it acknowledged is lost:
 *
 *     npm run crash -- [--rounds 200] [--seed 1] [--no-libraries] [--workers N] [--write]
 *
 * A real process on a real disk, over TLS: `kill -9` at moments that follow from the seed, the next start on the same
 * folder. The clients keep to XEP-0198: they resume, and where that fails they send again what the server says it has
 * not. At the end each acknowledged message must be in both archives once, in order, and must have come to its
 * recipient. `--write` puts the figures into docs/delivery.md. The exit code is 1 where something was wrong.
 * `--workers N`: so many threads carry its connections; where missing, as many as the configuration has by itself.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from '../bench/measurement.ts'
import { withFolder } from '../bench/peers/process.ts'
import { figures, writeFigures } from './crash/document.ts'
import { crash } from './crash/rounds.ts'
import { installMissing } from './packages.ts'
import { chooseServer, serverOptions } from './server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    libraries: { type: 'boolean', default: true },
    'look-every': { type: 'string', default: '10' },
    write: { type: 'boolean', default: false },
    ...serverOptions,
  },
  allowNegative: true,
})
const [rounds, seed] = [Number(values.rounds), Number(values.seed)]
if (!(rounds > 0 && Number.isSafeInteger(seed))) throw new Error('--rounds and --seed are whole numbers')
chooseServer(values)
if (values.libraries) await installMissing()
const result = await withFolder('crash', folder =>
  crash({
    rounds,
    seed,
    folder,
    libraries: values.libraries,
    lookEvery: Number(values['look-every']),
    say: line => console.log(line),
  }),
)
const rows = figures(result, rounds, seed)
console.log(`\n${table(['what', 'how many'], rows)}`)
const { verdict, complaints, counts } = result
for (const one of [...complaints.slice(0, 10), ...verdict.first.slice(0, 10)]) console.log(one)
const wrong = [verdict.lost, verdict.doubled, verdict.reordered, verdict.undelivered, complaints.length]
// A run in which nothing was resumed or sent again would show nothing.
const unseen = [counts.resumed, counts.failedKnown, counts.resent].some(count => count === 0)
if (unseen)
  console.log('\nToo little happened: no session was resumed, or none ended with a count, or nothing was sent again.')
const ok = wrong.every(count => count === 0) && !unseen
if (values.write) {
  writeFigures(join(import.meta.dirname, '..', 'docs', 'delivery.md'), rows)
  console.log('\ndocs/delivery.md has these figures now.')
}
console.log(`\n${ok ? 'The promise is kept' : 'The promise is broken'}, after ${result.seconds.toFixed(0)} s.`)
process.exit(ok ? 0 : 1)
