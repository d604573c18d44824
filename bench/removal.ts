/**
 * How long others' commits take while an owner with a long log is removed, in SQLite.
 *
 *     node bench/removal.ts [--entries 1000000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nodeRuntime } from '../src/runtime/node.ts'
import { openSqlite } from '../src/storage/sqlite.ts'
import type { Write } from '../src/storage/storage.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } })
const entries = Number(values.entries)
/** Milliseconds in which others are looked at. */
const span = 3000
const begin = 1_600_000_000_000_000

const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'jackdaw-bench-removal-'))
try {
  const storage = await openSqlite({ path: join(folder, 'jackdaw.sqlite'), timers: nodeRuntime().timers })([])
  const gone = await storage.create('juliet@localhost', 'account')
  const stays = await storage.create('romeo@localhost', 'account')
  let id = begin
  const append = (peer: string): Write => {
    id += 5_000_000
    const xml = `<message><body>${'x'.repeat(300)}</body></message>`
    const flags = { direction: 'in', archived: true, undelivered: false } as const
    return { write: 'append', entry: { id, at: Math.floor(id / 1000), peer, xml, ...flags } }
  }
  for (let at = 0; at < entries; at += 1000)
    await storage.commit(
      gone,
      Array.from({ length: 1000 }, (_, more) => append(`p${(at + more) % 20}@localhost`)),
    )

  const one = async () => {
    const start = performance.now()
    await storage.commit(stays, [append('a@localhost')])
    return performance.now() - start
  }
  const many = async (what: string) => {
    const times: number[] = []
    for (const start = performance.now(); performance.now() - start < span; ) times.push(await one())
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor((times.length - 1) * part)]!.toFixed(1)
    console.log(`${what}: a commit takes ${at(0.5)} ms, 99 of 100 less than ${at(0.99)} ms, the slowest ${at(1)} ms`)
  }
  await many('before')
  const start = performance.now()
  const removed = storage.remove(gone, 0)
  const others = many('meanwhile')
  await removed
  console.log(`the removal of ${entries} entries is answered after ${(performance.now() - start).toFixed(0)} ms`)
  await others
  await storage.close()
} finally {
  rmSync(folder, { recursive: true })
}
