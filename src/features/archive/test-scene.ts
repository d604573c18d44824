import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeRuntime } from '../../runtime/node.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import { openMemory } from '../../storage/memory.ts'
import { openSqlite } from '../../storage/sqlite.ts'
import type { OpenStorage } from '../../storage/storage.ts'
import { answered } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { fin, mam, result } from './wire.ts'

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-archive-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** Every store that an archive must work on. */
export const stores: readonly [name: string, open: () => OpenStorage][] = [
  ['memory', openMemory],
  ['SQLite', () => openSqlite({ path: join(folder, `${count++}.sqlite`), timers: nodeRuntime().timers })],
]

/** Romeo and Juliet, each on a device, and their archives. */
export interface Scene {
  readonly house: TestServer
  readonly romeo: Player
  readonly juliet: Player
  /** The account with this localpart, in memory. */
  owner(local: string): Owner
  /** Romeo says this to Juliet; returns it as it has reached her. */
  says(body: string, attributes?: string): Promise<Element>
  /** Runs a command as an operator would; what it prints. */
  command(words: string, values?: Record<string, string | number>): Promise<string>
}

/** A server on which the scene is set: Juliet is available unless told. */
export async function scene(
  storage: OpenStorage = openMemory(),
  config: Record<string, unknown> = {},
  available = true,
): Promise<Scene> {
  const house = await testServer({ storage, config })
  const juliet = await house.connect('juliet@localhost/balcony')
  const romeo = await house.connect('romeo@localhost/orchard')
  if (available) {
    juliet.send('<presence/>')
    await juliet.receive()
  }
  return {
    house,
    romeo,
    juliet,
    owner: local => house.server.hosts.get('localhost')!.owners.loaded(Jid.parse(`${local}@localhost`))!,
    async says(body, attributes = '') {
      romeo.send(chat('juliet@localhost', body, attributes))
      return juliet.receive()
    },
    async command(words, values = {}) {
      const command = house.server.commands.find(one => one.words.join(' ') === words)!
      return (await command.run(values)).say ?? ''
    },
  }
}

/** A chat message. */
export function chat(to: string, body: string, attributes = ''): string {
  return `<message to="${to}" type="chat" ${attributes}><body>${body}</body></message>`
}

/** The next so many messages that come, whatever else does. */
export async function messages(player: Player, count: number): Promise<readonly Element[]> {
  const came: Element[] = []
  while (came.length < count) {
    const element = await player.receive()
    if (!answered(player, element) && element.name === 'message') came.push(element)
  }
  return came
}

/** The bodies of messages. */
export function bodies(all: readonly Element[]): readonly (string | undefined)[] {
  return all.map(one => one.child('body')?.text)
}

/** An account's log, once it has so many entries. */
export async function logOf(it: Scene, local: string, count: number): Promise<readonly LogEntry[]> {
  for (;;) {
    const entries = await it.owner(local).entries({ limit: 1000 })
    if (entries.length >= count) return entries
    await new Promise(setImmediate)
  }
}

/** What is asked of an archive. */
export interface Asked {
  readonly to?: string
  /** Fields of the form; a list is a field with several values. */
  readonly form?: Readonly<Record<string, string | readonly string[]>>
  /** What is in the `<set/>`. */
  readonly set?: string
  readonly flip?: boolean
  readonly queryid?: string
}

/** What an archive answered. */
export interface Found {
  /** Archived messages, in the order in which they came. */
  readonly results: readonly { readonly id: string; readonly stamp: Date; readonly stanza: Element }[]
  readonly bodies: readonly string[]
  readonly ids: readonly string[]
  readonly complete: boolean
  readonly first: string | undefined
  readonly last: string | undefined
  readonly count: number | undefined
}

let queries = 0

/** The form of a query. */
export function form(fields: Readonly<Record<string, string | readonly string[]>>): string {
  const field = (name: string, values: string | readonly string[]) =>
    `<field var="${name}">${[values]
      .flat()
      .map(value => `<value>${value}</value>`)
      .join('')}</field>`
  const all = Object.entries({ FORM_TYPE: mam, ...fields }).map(([name, values]) => field(name, values))
  return `<x xmlns="jabber:x:data" type="submit">${all.join('')}</x>`
}

/** Asks an archive, and checks that all that comes is what XEP-0313 says. Throws StanzaError where the archive does. */
export async function ask(player: Player, asked: Asked = {}): Promise<Found> {
  const inside =
    (asked.form === undefined ? '' : form(asked.form)) +
    (asked.set === undefined ? '' : `<set xmlns="http://jabber.org/protocol/rsm">${asked.set}</set>`) +
    (asked.flip ? '<flip-page/>' : '')
  return askRaw(player, inside, asked)
}

/** The same with XML of one's own in the query. */
export async function askRaw(player: Player, inside: string, { to, queryid }: Asked = {}): Promise<Found> {
  const id = `query-${++queries}`
  const attributes = `type="set" id="${id}"${to === undefined ? '' : ` to="${to}"`}`
  const named = queryid === undefined ? '' : ` queryid="${queryid}"`
  player.send(`<iq ${attributes}><query xmlns="${mam}"${named}>${inside}</query></iq>`)
  const results: { id: string; stamp: Date; stanza: Element }[] = []
  for (;;) {
    const element = await player.receive()
    if (answered(player, element)) continue
    if (element.name === 'message') {
      const found = result.of(element)
      if (found === undefined) continue
      assert.equal(element.attribute('from'), Jid.parse(player.jid).bare.full)
      assert.equal(found.queryid, queryid)
      results.push({ id: found.id, stamp: found.forwarded.delay!.stamp, stanza: found.forwarded.stanza! })
      continue
    }
    assert.equal(element.attribute('id'), id)
    if (element.attribute('type') === 'error') throw StanzaError.from(element)
    const { complete, set } = fin.of(element)!
    return {
      results,
      bodies: results.map(({ stanza }) => stanza.child('body')?.text ?? ''),
      ids: results.map(one => one.id),
      complete: complete ?? false,
      first: set.first?.id,
      last: set.last,
      count: set.count,
    }
  }
}

/** The condition of the error that this ends in. */
export async function refusal(refused: Promise<unknown>): Promise<string> {
  try {
    await refused
  } catch (error) {
    if (error instanceof StanzaError) return error.condition
    throw error
  }
  throw new Error('it was not refused')
}
