/**
 * Fuzzes the reader: `npm run fuzz -- [--inputs 1000000] [--seed 1] [--from 0] [--xeps FOLDER]`. Ends at the first
 * input that it reads wrong, with status 1; `--from N --inputs 1` and the same seed and folder reads that one alone.
 */
import { parseArgs } from 'node:util'
import { noFigures, run } from './reader.ts'
import { seeds } from './seeds.ts'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    xeps: { type: 'string' },
  },
})
const [inputs, seed, from] = [Number(values.inputs), Number(values.seed), Number(values.from)]
const list = seeds(values.xeps)
const figures = noFigures()
const start = performance.now()
console.log(`${list.length} examples, ${inputs} inputs, seed ${seed}`)
for (let index = from; index < from + inputs; index++) {
  try {
    run(list, seed, index, figures)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
  if (figures.inputs % 100_000 === 0) console.log(`${figures.inputs} inputs, ${seconds()} s`)
}
const percent = ((figures.wellFormed / figures.inputs) * 100).toFixed(1)
console.log(`${figures.inputs} inputs, ${(figures.bytes / 2 ** 20).toFixed(0)} MiB, ${seconds()} s`)
console.log(`${figures.wellFormed} well-formed (${percent}%)`)
console.log('what became of them:', sorted(figures.outcomes))
console.log('where reader and reference differ, as written down:', sorted(figures.differences))
if (figures.inputs >= 1000 && figures.wellFormed < figures.inputs * 0.4) {
  console.error('fewer than 40% are well-formed')
  process.exit(1)
}

function seconds(): string {
  return ((performance.now() - start) / 1000).toFixed(1)
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort((a, b) => b[1] - a[1]))
}
