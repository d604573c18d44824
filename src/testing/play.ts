import { encodeBase64 } from '../wire/base64.ts'
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { utf8 } from '../wire/sasl/text.ts'
import { isOptional, mismatch } from './match.ts'
import { answerTo } from './questions.ts'
import { type Actor, type Script, ScriptError, type Step } from './scs.ts'
import { indented, readXml } from './scs-xml.ts'

/** Who logs in, and with what. */
export type Account = Pick<Actor, 'jid' | 'password' | 'resource'>

/** A bound client stream, as a script sees it. */
export interface Player {
  /** The full JID that the server bound. */
  readonly jid: string
  /** Sends first-level XML whose default namespace is `jabber:client`. */
  send(xml: string): void
  /** The next first-level element, stream errors included; rejects when the stream is over and nothing is left. */
  receive(): Promise<Element>
  /** Ends the stream in good order. Harmless where it is over. */
  disconnect(): Promise<void>
}

/** Logs in and binds: in memory, over TCP, to any server. */
export type Connect = (account: Account) => Promise<Player>

/** A connection that a script drives from its first stream header. */
export interface Beginner extends Player {
  /** Sends the header of a stream: the first, or the next on the same connection. */
  begin(): void
  /** TLS begins: the server has said that it may. */
  secure(): Promise<void>
}

/** Gives an actor a connection on which nothing was said, by its carrier where it has one. */
export type Open = (actor: Actor) => Promise<Beginner>

export interface PlayOptions {
  /** For scripts in which somebody opens a stream. */
  readonly open?: Open
  /** How long to wait for a stanza or a login, in milliseconds. */
  readonly patience?: number
}

/** Plays a script from its first line to its last; throws `ScriptError` at the line where it goes otherwise. */
export async function play(script: Script, connect: Connect, options: PlayOptions = {}): Promise<void> {
  const stage = new Stage(connect, options.open, options.patience ?? 5000)
  try {
    for (const step of script.steps) await stage.act(step)
  } finally {
    await stage.clear()
  }
}

/** A connected actor: what has come and was not read by the script yet is kept. */
class Part {
  readonly player: Player
  readonly #patience: number
  readonly #kept: Element[] = []
  #pings = 0

  constructor(player: Player, patience: number) {
    this.player = player
    this.#patience = patience
  }

  /** The next element, or undefined when none came in time. */
  async next(): Promise<Element | undefined> {
    return this.#kept.shift() ?? (await within(this.#patience, this.player.receive()))
  }

  /** Answers what the server asks only to hear from its client, as every client does, and says whether it was that. */
  answered(element: Element): boolean {
    const answer = answerTo(element)
    if (answer !== undefined) this.player.send(answer)
    return answer !== undefined
  }

  /** Waits until the server has worked off all that was sent here; answers what came meanwhile and was not read. */
  async settle(): Promise<readonly Element[] | undefined> {
    const id = `settled-${++this.#pings}`
    const domain = this.player.jid.replace(/^[^@/]*@/, '').replace(/\/.*$/s, '')
    this.player.send(`<iq type="get" id="${id}" to="${domain}"><ping xmlns="urn:xmpp:ping"/></iq>`)
    for (;;) {
      const element = await within(this.#patience, this.player.receive())
      if (element === undefined) return undefined
      if (element.is('iq', ns.client) && element.attribute('id') === id) return this.#kept
      if (!this.answered(element)) this.#kept.push(element)
    }
  }
}

class Stage {
  readonly #connect: Connect
  readonly #open: Open | undefined
  readonly #patience: number
  readonly #parts = new Map<Actor, Part>()
  /** Connections that the script drives itself. */
  readonly #beginners = new Map<Actor, Beginner>()
  readonly #values = new Map<string, string>()

  constructor(connect: Connect, open: Open | undefined, patience: number) {
    this.#connect = connect
    this.#open = open
    this.#patience = patience
  }

  async act(step: Step): Promise<void> {
    const { actor, line } = step
    if (step.action === 'connects') return this.#enter(step, this.#connect)
    if (step.action === 'opens a stream') return this.#openStream(step)
    const part = this.#parts.get(actor)
    if (!part) throw new ScriptError(line, `${actor.name} is not connected`)
    switch (step.action) {
      case 'starts TLS':
        return this.#startTls(step)
      case 'disconnects':
        this.#beginners.delete(actor)
        this.#parts.delete(actor)
        return part.player.disconnect()
      case 'sends':
        for (const element of this.#read(step)) part.player.send(element.xml(ns.client))
        return
      case 'receives':
        return this.#receives(step, part)
      case 'receives nothing':
        return this.#receivesNothing(step, part)
    }
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#parts.values()].map(part => part.player.disconnect()))
    this.#parts.clear()
  }

  async #enter({ actor, line }: Step, connect: (actor: Actor) => Promise<Player>): Promise<void> {
    if (this.#parts.has(actor)) throw new ScriptError(line, `${actor.name} is connected already`)
    const why = (reason: string) => new ScriptError(line, `${actor.name} (${actor.jid}) does not connect: ${reason}`)
    let player: Player | undefined
    try {
      const connecting = connect(actor)
      player = await within(this.#patience, connecting)
      // Who comes too late is sent home.
      if (!player) connecting.then(late => late.disconnect()).catch(() => {})
    } catch (error) {
      throw why(error instanceof Error ? error.message : String(error))
    }
    if (!player) throw why(`not within ${this.#patience} ms`)
    this.#parts.set(actor, new Part(player, this.#patience))
    this.#note(actor, player)
  }

  /** The connection comes with the first stream. */
  async #openStream(step: Step): Promise<void> {
    const { actor, line } = step
    const open = this.#open
    if (open === undefined) throw new ScriptError(line, 'streams cannot be opened one by one here')
    if (!this.#parts.has(actor)) {
      await this.#enter(step, async () => {
        const beginner = await open(actor)
        this.#beginners.set(actor, beginner)
        return beginner
      })
    }
    this.#beginner(step).begin()
  }

  async #startTls(step: Step): Promise<void> {
    try {
      await this.#beginner(step).secure()
    } catch (error) {
      throw new ScriptError(step.line, `TLS does not start: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #beginner({ actor, line, action }: Step): Beginner {
    const beginner = this.#beginners.get(actor)
    if (beginner === undefined) throw new ScriptError(line, `who connects is beyond "${action}"`)
    return beginner
  }

  #note({ name, jid, password }: Actor, player: Player): void {
    this.#values.set(`${name}'s full JID`, player.jid)
    this.#values.set(`${name}'s JID`, player.jid.replace(/\/.*$/s, ''))
    this.#values.set(`${name}'s PLAIN`, encodeBase64(utf8(`\0${jid.replace(/@.*$/s, '')}\0${password}`)))
  }

  #read(step: Step & { xml: string }): readonly Element[] {
    for (const [actor, beginner] of this.#beginners) this.#note(actor, beginner)
    return readXml(step, name => this.#values.get(name))
  }

  async #receives(step: Step & { xml: string }, part: Part): Promise<void> {
    const wanted = [...this.#read(step)]
    while (!wanted.every(isOptional)) {
      const received = await this.#next(step, part, wanted)
      const reasons = wanted.map(one => mismatch(one, received))
      const found = reasons.indexOf(undefined)
      if (found < 0 && part.answered(received)) continue
      if (found < 0)
        throw differs(step, wanted.length === 1 ? reasons[0]! : 'none of what is expected', wanted, received)
      wanted.splice(found, 1)
    }
  }

  async #next(step: Step, part: Part, wanted: readonly Element[]): Promise<Element> {
    let why = `nothing came within ${this.#patience} ms`
    try {
      const received = await part.next()
      if (received) return received
    } catch (error) {
      why = `nothing more comes: ${error instanceof Error ? error.message : String(error)}`
    }
    throw differs(step, why, wanted, undefined)
  }

  async #receivesNothing(step: Step, part: Part): Promise<void> {
    // First everybody else: what they sent has then been delivered before this one's own answer comes.
    for (const other of this.#parts.values()) if (other !== part) await other.settle().catch(() => {})
    let came: readonly Element[] | undefined
    try {
      came = await part.settle()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ScriptError(step.line, `${step.actor.name}'s stream is over: ${reason}`)
    }
    if (came === undefined)
      throw new ScriptError(step.line, `${step.actor.name}'s ping had no answer within ${this.#patience} ms`)
    if (came.length > 0) throw differs(step, 'something came', [], came[0])
  }
}

function differs(step: Step, why: string, wanted: readonly Element[], received: Element | undefined): ScriptError {
  const expected = wanted.map(element => indented(element, ns.client, '    ')).join('\n') || '    nothing'
  const found = received ? indented(received, ns.client, '    ') : '    nothing'
  const told = `${step.actor.name} ${step.action}: ${why}\n  expected:\n${expected}\n  received:\n${found}`
  return new ScriptError(step.line, told)
}

/** What a promise resolves with, or undefined when it takes longer. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
