// What a row of a log costs in the store, by the size of the batch: `node bench/storage.ts [rows]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Timer } from '../src/runtime/runtime.ts'
import { openSqlite } from '../src/storage/sqlite.ts'
import type { Storage, Write } from '../src/storage/storage.ts'

const rows = Number(process.argv[2] ?? 20_000)
const owners = 200
const xml = `<message type='chat' id='a1b2c3d4' to='romeo@example.net' from='juliet@example.com/balcony'><body>${'x'.repeat(100)}</body></message>`

const timers = {
  after: () => ({}) as Timer,
  cancel: () => {},
  turn: (fn: () => void) => void setImmediate(fn),
}

/** One row of each unit, and now and then what moves a cursor over it. */
const works: Readonly<Record<string, (id: number) => readonly Write[]>> = {
  'archived row': id => [append(id, true)],
  'archived row + cursor': id => [append(id, true), { write: 'cursor', cursor: 'phone', to: id }],
  'passing row + cursor': id => [append(id, false), { write: 'cursor', cursor: 'phone', to: id }],
}

const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'jackdaw-bench-'))
try {
  console.log('| unit | units per batch | CPU µs/unit, main thread | CPU µs/unit, workers | ms per batch |')
  console.log('|---|--:|--:|--:|--:|')
  for (const [work, writes] of Object.entries(works)) {
    for (const batch of [20, 200, 2000]) {
      const storage = await openSqlite({ path: join(folder, `${work}-${batch}`, 'jackdaw.sqlite'), timers })([])
      await measure(storage, work, batch, writes)
      await storage.close()
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

async function measure(
  storage: Storage,
  work: string,
  batch: number,
  writes: (id: number) => readonly Write[],
): Promise<void> {
  const numbers = await Promise.all(
    Array.from({ length: owners }, (_, number) => storage.create(`user${number}@example.com`, 'account')),
  )
  let id = 1_700_000_000_000_000
  const run = async (batches: number) => {
    for (let done = 0; done < batches; done++) {
      const settled: (Promise<void> | undefined)[] = []
      for (let unit = 0; unit < batch; unit++) settled.push(storage.commit(numbers[unit % owners]!, writes((id += 10))))
      await Promise.all(settled)
    }
  }
  const batches = Math.max(5, Math.ceil(rows / batch))
  await run(Math.ceil(batches / 10))
  const before = { whole: process.cpuUsage(), main: process.threadCpuUsage(), time: performance.now() }
  await run(batches)
  const whole = process.cpuUsage(before.whole)
  const main = process.threadCpuUsage(before.main)
  const per = (microseconds: number) => (microseconds / (batches * batch)).toFixed(1)
  const mainTime = main.user + main.system
  const took = ((performance.now() - before.time) / batches).toFixed(2)
  console.log(`| ${work} | ${batch} | ${per(mainTime)} | ${per(whole.user + whole.system - mainTime)} | ${took} |`)
}

function append(id: number, archived: boolean): Write {
  const entry = {
    id,
    at: Math.trunc(id / 1000),
    peer: 'romeo@example.net',
    direction: 'in',
    archived,
    undelivered: true,
    xml,
  } as const
  return { write: 'append', entry }
}
