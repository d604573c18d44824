/**
 * What a page of an archive costs, wherever it is: a million messages of one account (or --entries), in SQLite.
 *
 *     node bench/archive.ts [--entries 1000000] [--seconds-between 5] [--peers 20]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nodeRuntime } from '../src/runtime/node.ts'
import { openSqlite } from '../src/storage/sqlite.ts'
import type { LogRange, OwnerId, Storage, Write } from '../src/storage/storage.ts'

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    'seconds-between': { type: 'string', default: '5' },
    peers: { type: 'string', default: '20' },
  },
})
const entries = Number(values.entries)
const between = Number(values['seconds-between']) * 1_000_000
const peers = Number(values.peers)
/** One message in so many is of somebody who is seldom heard of. */
const seldom = 1000
const begin = 1_700_000_000_000_000
const pageLength = 100
const tries = 50

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-bench-archive-'))
try {
  const storage = await openSqlite({ path: join(folder, 'jackdaw.sqlite'), timers: nodeRuntime().timers })([])
  const owner = await storage.create('juliet@localhost', 'account')
  await fill(storage, owner)
  const pageOf = (range: LogRange) => storage.log(owner, range)
  const place = (page: number) => begin + page * pageLength * between - 1
  const pages = Math.floor(entries / pageLength)
  await time(pageOf, 'page 1', { after: 0 })
  await time(pageOf, `page ${pages - 1}`, { after: place(pages - 2) })
  await time(pageOf, 'the last page, from its end', { last: true })
  for (const [name, peer] of [
    ['a conversation', 'peer3@localhost'],
    ['a seldom one', 'seldom@localhost'],
    ['one that never was', 'nobody@localhost'],
  ] as const) {
    await time(pageOf, `${name}: page 1`, { after: 0, peer })
    await time(pageOf, `${name}: in the middle`, { after: place(Math.floor(pages / 2)), peer })
    await time(pageOf, `${name}: the last page`, { last: true, peer })
  }
  await storage.close()
} finally {
  rmSync(folder, { recursive: true })
}

async function fill(storage: Storage, owner: OwnerId): Promise<void> {
  const cpu = process.cpuUsage()
  for (let at = 0; at < entries; ) {
    const writes: Write[] = []
    for (; writes.length < 1000 && at < entries; at++) writes.push(message(at))
    await storage.commit(owner, writes)
  }
  const { user, system } = process.cpuUsage(cpu)
  console.log(`${entries} messages, ${((user + system) / entries).toFixed(1)} µs of CPU each, a thousand a commit`)
}

function message(at: number): Write {
  const id = begin + at * between
  const peer = at % seldom === 7 ? 'seldom@localhost' : `peer${Math.floor(at / 50) % peers}@localhost`
  const xml =
    `<message xmlns="jabber:client" from="${peer}/phone" to="juliet@localhost" type="chat" id="${at}">` +
    `<body>${'x'.repeat(120)}</body></message>`
  const flags = { direction: 'in', archived: true, undelivered: false } as const
  return { write: 'append', entry: { id, at: Math.floor(id / 1000), peer, xml, ...flags } }
}

/** The mean time of a page, once everything is warm. */
async function time(
  read: (range: LogRange) => Promise<readonly unknown[]>,
  what: string,
  range: Omit<LogRange, 'limit'>,
): Promise<void> {
  const whole = { ...range, archived: true, limit: pageLength + 1 }
  let found = (await read(whole)).length
  const start = performance.now()
  for (let count = 0; count < tries; count++) found = (await read(whole)).length
  const milliseconds = (performance.now() - start) / tries
  console.log(`${what.padEnd(36)} ${String(found).padStart(4)} entries  ${milliseconds.toFixed(2)} ms`)
}
