import { randomUUID } from 'node:crypto'
import { bind } from '../../src/features/bind2/wire.ts'
import { enable, resume } from '../../src/features/stream-management/wire.ts'
import type { connectTcp } from '../../src/testing/connect.ts'
import type { LoggedIn } from '../../src/testing/login.ts'
import type { Account, Player } from '../../src/testing/play.ts'
import type { Element } from '../../src/wire/element.ts'

/** The namespace of XEP-0198. */
export const sm = 'urn:xmpp:sm:3'

export type Connect = ReturnType<typeof connectTcp>

/** A session to go on with: its name, and how many stanzas of it have come. */
export interface Former {
  readonly id: string
  readonly jid: string
  readonly received: number
}

/** How a login ended. */
export interface Begun {
  readonly player: LoggedIn
  /** What the server said to `<resume/>`: `<resumed/>`, or `<failed/>`. */
  readonly answer: Element | undefined
  /** The name of the session that began where none went on. */
  readonly id: string | undefined
  readonly jid: string
}

/** Logs in, and goes on with a session or begins one with stream management. */
export type Way = (account: Account, former: Former | undefined) => Promise<Begun>

/** How a client has what it missed when its session is over: it is sent it, or asks its archive (XEP-0313). */
export interface Habit {
  readonly way: Way
  readonly asks: boolean
}

/** The habits of clients: of the last ten years; of now; of now, with the name of its device and an old binding. */
export function habits(connect: Connect): readonly [Habit, Habit, Habit] {
  return [
    { way: oldWay(connect), asks: false },
    { way: newWay(connect, randomUUID()), asks: true },
    { way: deviceWay(connect, randomUUID()), asks: false },
  ]
}

/** As clients of the last ten years do: SASL, then `<resume/>`, or binding and `<enable/>` (XEP-0198 §3, §5). */
function oldWay(connect: Connect): Way {
  return async (account, former) => {
    let answer: Element | undefined
    const goOn = async (player: Player) => {
      player.send(xml(resume.write({ previd: former!.id, h: former!.received })))
      answer = await player.receive()
      return answer.is('resumed', sm) ? former!.jid : undefined
    }
    const player = await connect(account, former && goOn)
    if (answer?.is('resumed', sm)) return { player, answer, id: undefined, jid: former!.jid }
    return { player, answer, id: await enabled(player), jid: player.jid }
  }
}

/** SASL2 with the name of the device, `<resume/>` in it, and an old binding. */
function deviceWay(connect: Connect, id: string): Way {
  return async (account, former) => {
    const inline = former ? [resume.write({ previd: former.id, h: former.received })] : []
    const player = await connect(account, undefined, { agent: { id, software: 'crash' }, inline })
    const answer = player.success!.child('resumed', sm) ?? player.success!.child('failed', sm)
    if (answer?.is('resumed', sm)) return { player, answer, id: undefined, jid: former!.jid }
    const wish = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${account.resource}</resource></bind>`
    player.send(`<iq type='set' id='bind'>${wish}</iq>`)
    let bound = await player.receive()
    while (bound.attribute('id') !== 'bind') bound = await player.receive()
    const jid = bound.elements[0]?.child('jid')?.text
    if (!jid) throw new Error(`no answer to resource binding: ${bound}`)
    return { player, answer, id: await enabled(player), jid }
  }
}

/** All in one breath: SASL2, `<resume/>`, Bind 2 and `<enable/>` (XEP-0388, 0386, 0198 §9). */
function newWay(connect: Connect, id: string): Way {
  return async (account, former) => {
    const again = former && resume.write({ previd: former.id, h: former.received })
    const begin = bind(account.resource, [enable.write({ resume: true })])
    const inline = again ? [again, begin] : [begin]
    const player = await connect(account, undefined, { agent: { id, software: 'crash' }, inline })
    const { success } = player
    const answer = success!.child('resumed', sm) ?? success!.child('failed', sm)
    if (answer?.is('resumed', sm)) return { player, answer, id: undefined, jid: former!.jid }
    const begun = success!.child('bound', 'urn:xmpp:bind:0')?.child('enabled', sm)
    if (!begun) throw new Error(`no session began: ${success}`)
    return { player, answer, id: begun.attribute('id')!, jid: player.jid }
  }
}

/** Begins stream management on a bound stream; the name for resumption. */
async function enabled(player: Player): Promise<string> {
  player.send(xml(enable.write({ resume: true })))
  let answer = await player.receive()
  while (!answer.is('enabled', sm)) answer = await player.receive()
  return answer.attribute('id')!
}

function xml(element: Element): string {
  return element.xml('jabber:client')
}
