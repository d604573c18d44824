/**
 * What it costs to search an archive for words, the first time and later; of one account in SQLite, by a client's queries.
 *
 *     node bench/search.ts [--entries 100000] [--peers 20]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ask } from '../src/features/archive/test-scene.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { openSqlite } from '../src/storage/sqlite.ts'
import type { OpenStorage, Storage, Write } from '../src/storage/storage.ts'
import { testServer } from '../src/testing/server.ts'

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '100000' }, peers: { type: 'string', default: '20' } },
})
const entries = Number(values.entries)
const peers = Number(values.peers)
const begin = 1_600_000_000_000_000
let seed = 1
const field = '{urn:xmpp:fulltext:0}fulltext'

const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'jackdaw-bench-search-'))
const path = join(folder, 'jackdaw.sqlite')
let storage: Storage | undefined
const open: OpenStorage = async shapes => (storage = await openSqlite({ path, timers: nodeRuntime().timers })(shapes))
const house = await testServer({ storage: open })
try {
  const juliet = await house.connect('juliet@localhost/balcony')
  const owner = (await storage!.find('juliet@localhost'))!
  for (let at = 0; at < entries; ) {
    const writes: Write[] = []
    for (; writes.length < 1000 && at < entries; at++) writes.push(message(at))
    await storage!.commit(owner, writes)
  }
  const before = statSync(path).size
  const search = (text: string, form = {}, set = '<max>50</max><before/>') =>
    ask(juliet, { form: { ...form, [field]: text }, set })
  const cpu = { all: process.cpuUsage(), main: process.threadCpuUsage() }
  const start = performance.now()
  await search(word(5))
  const took = performance.now() - start
  const all = process.cpuUsage(cpu.all)
  const main = process.threadCpuUsage(cpu.main)
  const each = ({ user, system }: NodeJS.CpuUsage) => `${((user + system) / entries).toFixed(1)} µs`
  console.log(`the first search of ${entries} messages: ${(took / 1000).toFixed(1)} s`)
  console.log(`CPU for each message: ${each(all)}, of that ${each(main)} on the main thread`)
  console.log(`the database has grown from ${megabytes(before)} to ${megabytes(statSync(path).size)}`)
  await time('a common word', () => search(word(5)))
  await time('a common beginning (3 letters)', () => search(word(700).slice(0, 3)))
  await time('a seldom word', () => search(word(20_000)))
  await time('two common words', () => search(`${word(3)} ${word(5)}`))
  await time('a common word, a seldom peer', () => search(word(5), { with: 'seldom@localhost' }))
  await time('a word that never was', () => search('jackdaws'))
  const middle = await search(word(5), { start: new Date(begin / 1000 + entries * 2500).toISOString() }, '<max>1</max>')
  await time('a common word, from the middle on', () =>
    search(word(5), {}, `<max>50</max><after>${middle.last}</after>`),
  )
} finally {
  await house.stop()
  rmSync(folder, { recursive: true })
}

/** Words are as often as in language: the n-th has about 1/n of what the first has. */
function word(rank: number): string {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz'
  let text = ''
  for (let left = rank * 7 + 30; left > 0; left = Math.floor(left / 26)) text += letters[left % 26]
  return text
}

function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
  return seed / 2 ** 32
}

function message(at: number): Write {
  const id = begin + at * 5_000_000
  const peer = at % 1000 === 7 ? 'seldom@localhost' : `peer${Math.floor(at / 50) % peers}@localhost`
  const words = Array.from({ length: 4 + Math.floor(random() * 16) }, () => word(Math.floor(30_000 ** random()) - 1))
  const xml =
    `<message xmlns="jabber:client" from="${peer}/phone" to="juliet@localhost" type="chat" id="${at}">` +
    `<body>${words.join(' ')}</body><stanza-id xmlns="urn:xmpp:sid:0" by="juliet@localhost" id="0123456789abcdef"/></message>`
  const flags = { direction: 'in', archived: true, undelivered: false } as const
  return { write: 'append', entry: { id, at: Math.floor(id / 1000), peer, xml, ...flags } }
}

/** The mean time of a query, once everything is warm. */
async function time(what: string, query: () => Promise<{ results: readonly unknown[] }>): Promise<void> {
  const tries = 20
  let found = (await query()).results.length
  const start = performance.now()
  for (let count = 0; count < tries; count++) found = (await query()).results.length
  console.log(
    `${what.padEnd(36)} ${String(found).padStart(3)} found  ${((performance.now() - start) / tries).toFixed(1)} ms`,
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
