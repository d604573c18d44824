import { readFileSync } from 'node:fs'
import type { Jackdaw } from '../../bench/peers/jackdaw.ts'
import { password, user } from '../../bench/peers/peer.ts'
import { until } from '../../bench/peers/process.ts'
import { SeededRandom } from '../../src/runtime/simulated-random.ts'
import { connectTcp } from '../../src/testing/connect.ts'
import { startServer } from '../server.ts'
import { readArchive } from './archive.ts'
import type { Actor, Arena, Counts } from './arena.ts'
import { Ledger, type Name, type Verdict } from './ledger.ts'
import { startLibraries } from './libraries.ts'
import { OwnActor } from './own.ts'
import { type Connect, habits } from './ways.ts'

export interface CrashOptions {
  readonly rounds: number
  readonly seed: number
  readonly folder: string
  /** Whether `@xmpp/client` and slixmpp are among the clients. */
  readonly libraries: boolean
  /** Rounds after which the archives are read, beside the end. */
  readonly lookEvery: number
  readonly say: (line: string) => void
}

export interface CrashResult {
  readonly verdict: Verdict
  readonly counts: Counts
  readonly complaints: readonly string[]
  readonly actors: readonly string[]
  /** Kills while clients were still coming back, and while they wrote. */
  readonly kills: { readonly early: number; readonly writing: number }
  readonly pages: number
  readonly seconds: number
}

const ownNames = [
  'romeo',
  'juliet',
  'mercutio',
  'benvolio',
  'tybalt',
  'nurse',
  'friar',
  'paris',
  'rosaline',
  'balthasar',
]

/** A login of @xmpp/client that is cut short can spoil its next one: that must not shut out all others of this address. */
const patient = ['[login]', 'failures-per-address = 1000000', 'failures-per-account = 1000000']

/**
 * No limit but the disk's: a refusal would end the load. @xmpp/client loses count of what it was writing when a connection
 * breaks, and sends it again, which the server must recognise behind all that came for it meanwhile.
 */
const roomy = ['[offline]', 'maximum = 1000000', '[resent]', 'remembered = 10000', ...patient]

/** Writes, kills and starts again, so many times; then compares what was acknowledged with what is there. */
export async function crash(options: CrashOptions): Promise<CrashResult> {
  const run = new Run(options, await startServer({ folder: options.folder, settings: roomy }))
  try {
    return await run.play()
  } finally {
    await run.end()
  }
}

class Run {
  readonly #options: CrashOptions
  readonly #random: SeededRandom
  readonly #arena: Arena
  readonly #actors: Actor[] = []
  readonly #connects: readonly [Connect, Connect]
  readonly #kills = { early: 0, writing: 0 }
  /** What was read of each archive so far, and the last entry of that. */
  readonly #read = new Map<string, { names: Name[]; last: string | undefined }>()
  #server: Jackdaw
  #isUp = () => {}

  constructor(options: CrashOptions, server: Jackdaw) {
    this.#options = options
    this.#server = server
    this.#random = new SeededRandom(options.seed)
    this.#arena = {
      ledger: new Ledger(),
      random: new SeededRandom(options.seed + 1),
      writing: false,
      cutting: false,
      up: Promise.resolve(),
      over: false,
      counts: { cut: 0, resumed: 0, failedKnown: 0, failedUnknown: 0, resent: 0 },
    }
    const place = { host: '127.0.0.1', authorities: readFileSync(server.authority, 'utf8') }
    this.#connects = [
      connectTcp({ ...place, port: server.startTls, carrier: 'starttls' }),
      connectTcp({ ...place, port: server.directTls, carrier: 'tls' }),
    ]
  }

  async play(): Promise<CrashResult> {
    const begin = performance.now()
    const { rounds, lookEvery, say } = this.#options
    await this.#enter()
    await until('all clients are there', 60, () => this.#actors.every(actor => actor.settled))
    for (let round = 1; round <= rounds; round++) {
      await this.#round()
      if (round % lookEvery !== 0 || round === rounds) continue
      await this.#settle()
      const verdict = await this.#look()
      const minutes = ((performance.now() - begin) / 60_000).toFixed(1)
      say(`round ${round} of ${rounds}, ${minutes} min: ${tell(verdict)}`)
    }
    await this.#settle()
    // All of it once more, from the first entry on: what was there must be there still.
    this.#read.clear()
    const verdict = await this.#look()
    return {
      verdict,
      counts: this.#arena.counts,
      complaints: this.#arena.ledger.complaints,
      actors: this.#actors.map(({ name }) => name),
      kills: this.#kills,
      pages: [...this.#read.values()].reduce((sum, { names }) => sum + Math.ceil(names.length / 250), 0),
      seconds: (performance.now() - begin) / 1000,
    }
  }

  async #enter(): Promise<void> {
    const names = [...ownNames, ...(this.#options.libraries ? ['xmppjs', 'slixmpp'] : [])]
    await this.#server.addUsers(names.map(user))
    // Everybody writes to the next three, so everybody hears from three.
    const contactsOf = (index: number) => [1, 2, 3].map(step => names[(index + step) % names.length]!)
    ownNames.forEach((name, index) => {
      const account = { jid: `${name}@localhost`, password: password(name), resource: 'own' }
      // Each habit on STARTTLS and on direct TLS.
      const habit = habits(this.#connects[index % 2]!)[index % 3]!
      this.#actors.push(new OwnActor(this.#arena, account, contactsOf(index), habit))
    })
    if (!this.#options.libraries) return
    const libraries = startLibraries(this.#arena, this.#server)
    for (const [index, start] of libraries.entries())
      this.#actors.push(await start(names[ownNames.length + index]!, contactsOf(ownNames.length + index)))
  }

  /** Writes up to the moment that chance has chosen, kills, and starts again. */
  async #round(): Promise<void> {
    const arena = this.#arena
    arena.cutting = true
    this.#write()
    if (this.#random.below(5) === 0) {
      // While they log in, resume, and take what waits for them.
      this.#kills.early++
      await new Promise(resolve => setTimeout(resolve, this.#random.below(250)))
    } else {
      this.#kills.writing++
      const goal = arena.ledger.acknowledged + 600 + this.#random.below(1500)
      await until(`${goal} acknowledged`, 60, () => arena.ledger.acknowledged >= goal).catch(error => {
        throw new Error(`${(error as Error).message}; ${this.#states()}`)
      })
      // Whoever is slow to come back would hardly ever be there; but nobody is waited for long.
      arena.writing = false
      await until('all are back', 3, () => this.#actors.every(actor => actor.connected)).catch(() => {})
      this.#write()
      await new Promise(resolve => setTimeout(resolve, this.#random.below(100)))
    }
    arena.up = new Promise(resolve => {
      this.#isUp = resolve
    })
    await this.#server.kill()
    this.#server = await this.#server.again()
    this.#isUp()
  }

  #write(): void {
    this.#arena.writing = true
    for (const actor of this.#actors) actor.prompt()
  }

  /** Until nothing is on its way. */
  async #settle(): Promise<void> {
    const arena = this.#arena
    arena.writing = arena.cutting = false
    await until('all is acknowledged', 30, () => this.#actors.every(actor => actor.settled)).catch(() => {
      arena.ledger.complaints.push(`not all was acknowledged within 30 s: ${this.#states()}`)
    })
    // What has not come, and does not come for two seconds, is counted as not delivered.
    let left = arena.ledger.undelivered
    for (let still = 0; left > 0 && still < 20; still++) {
      await new Promise(resolve => setTimeout(resolve, 100))
      if (arena.ledger.undelivered < left) still = 0
      left = arena.ledger.undelivered
    }
  }

  #states(): string {
    return this.#actors
      .filter(actor => !actor.settled)
      .map(actor => `${actor.name} ${actor.state}`)
      .join('; ')
  }

  /** Reads what is new in all archives, and judges. */
  async #look(): Promise<Verdict> {
    for (const { name } of this.#actors) {
      const known = this.#read.get(name) ?? { names: [], last: undefined }
      const account = { jid: `${name}@localhost`, password: password(name), resource: 'look' }
      const player = await this.#connects[1](account)
      const { names, last } = await readArchive(player, known.last)
      await player.disconnect()
      for (const one of names) known.names.push(one)
      this.#read.set(name, { names: known.names, last })
    }
    return this.#arena.ledger.judge(new Map([...this.#read].map(([name, { names }]) => [name, names])))
  }

  async end(): Promise<void> {
    this.#arena.over = true
    this.#isUp()
    await Promise.all(this.#actors.map(actor => actor.end()))
    await this.#server.stop()
  }
}

/** A verdict in a line. */
export function tell({ messages, lost, doubled, reordered, undelivered, again, first }: Verdict): string {
  const wrong = first.length === 0 ? '' : `\n  ${first.slice(0, 5).join('\n  ')}`
  const faults = `${lost} lost, ${doubled} doubled, ${reordered} reordered, ${undelivered} not delivered`
  return `${messages} acknowledged, ${faults} (${again} came again)${wrong}`
}
