/**
 * Runs seeds of the simulation: `npm run simulate -- --seeds N [--from K] [--nodes M]`. `--seed K --trace` runs one again and shows
 * all that happens in it. Status 1 where the promise was broken, where the same seed went two ways, or where of what
 * must happen in many seeds something never did.
 */
import { parseArgs } from 'node:util'
import { Counts } from './counts.ts'
import { Progress } from './progress.ts'
import { run } from './run.ts'

/** In so many seeds everything happens. */
const many = 200
/** Seeds that are shown when they fail; the others are counted. */
const shown = 20

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
})
const one = values.seed !== undefined
const from = Number(values.seed ?? values.from)
const seeds = one ? 1 : Number(values.seeds)
const nodes = Number(values.nodes)
if (![from, seeds, nodes].every(number => Number.isSafeInteger(number) && number >= 0)) {
  console.error('--seeds, --from, --seed and --nodes are whole numbers, such as --seeds 1000 --from 1')
  process.exit(2)
}
const counts = new Counts()
const progress = new Progress(process.stderr, seeds)
const failed: number[] = []
let messages = 0
const begun = performance.now()
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await run(seed, { nodes, ...(values.trace && { show: (line: string) => console.log(line) }) })
  counts.addAll(outcome.counts)
  messages += outcome.messages
  if (outcome.failures.length > 0) report(seed, outcome.failures)
  if (one) console.log(`trace hash ${outcome.hash}`)
  progress.step(failed.length)
}
progress.done()
console.log(counts.table())
const seconds = (performance.now() - begun) / 1000
console.log(`${seeds} seeds from ${from}, ${messages} messages, ${seconds.toFixed(1)} s; ${failed.length} seeds failed`)
const never = counts.missing().filter(what => what !== 'nodes died' || nodes > 1)
if (seeds >= many && never.length > 0) console.error(`never happened: ${never.join(', ')}`)
if (failed.length > 0 || (seeds >= many && never.length > 0)) process.exitCode = 1

function report(seed: number, failures: readonly string[]): void {
  failed.push(seed)
  if (failed.length > shown) return
  progress.clear()
  console.log(`seed ${seed}: (npm run simulate -- --seed ${seed}${nodes > 1 ? ` --nodes ${nodes}` : ''} --trace)`)
  for (const failure of failures.slice(0, 5)) console.log(`  ${failure}`)
  if (failures.length > 5) console.log(`  and ${failures.length - 5} more`)
}
