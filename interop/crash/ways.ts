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

/** As clients of the last ten years do: SASL, then `<resume/>`, or binding and `<enable/>` (XEP-0198 §3, §5). */
export function oldWay(connect: Connect): Way {
  return async (account, former) => {
    let answer: Element | undefined
    const goOn = async (player: Player) => {
      player.send(resume.write({ previd: former!.id, h: former!.received }).xml('jabber:client'))
      answer = await player.receive()
      return answer.is('resumed', sm) ? former!.jid : undefined
    }
    const player = await connect(account, former && goOn)
    if (former !== undefined && answer?.is('resumed', sm)) return { player, answer, id: undefined, jid: former.jid }
    player.send(enable.write({ resume: true }).xml('jabber:client'))
    let enabled = await player.receive()
    while (!enabled.is('enabled', sm)) enabled = await player.receive()
    return { player, answer, id: enabled.attribute('id')!, jid: player.jid }
  }
}

/** All in one breath: SASL2 with the name of the device, `<resume/>`, Bind 2 and `<enable/>` (XEP-0388, 0386, 0198 §9). */
export function newWay(connect: Connect, device: string): Way {
  return async (account, former) => {
    const again = former && resume.write({ previd: former.id, h: former.received })
    const begin = bind(account.resource, [enable.write({ resume: true })])
    const inline = again ? [again, begin] : [begin]
    const player = await connect(account, undefined, { agent: { id: device, software: 'crash' }, inline })
    const { success } = player
    const answer = success!.child('resumed', sm) ?? success!.child('failed', sm)
    if (answer?.is('resumed', sm)) return { player, answer, id: undefined, jid: player.jid }
    const enabled = success!.child('bound', 'urn:xmpp:bind:0')?.child('enabled', sm)
    if (!enabled) throw new Error(`no session began: ${success}`)
    return { player, answer, id: enabled.attribute('id')!, jid: player.jid }
  }
}
