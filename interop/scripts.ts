import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Peer, User } from '../bench/peers/peer.ts'
import { type Carrier, connectTcp, openTcp } from '../src/testing/connect.ts'
import { play } from '../src/testing/play.ts'
import { parseScript, type Script } from '../src/testing/scs.ts'
import type { Check } from './report.ts'

export interface Play {
  readonly file: string
  readonly script: Script
}

/** Every script of the sources. */
export function allScripts(): readonly Play[] {
  const folder = join(import.meta.dirname, '..', 'src')
  return globSync('**/*.scs', { cwd: folder })
    .sort()
    .map(file => ({ file: basename(file), script: parseScript(readFileSync(join(folder, file), 'utf8')) }))
}

/** The accounts that a script's cast logs in with, each once. */
export function accountsOf(script: Script): readonly User[] {
  const byName = new Map<string, string>()
  for (const { jid, password } of script.cast) byName.set(jid.slice(0, jid.indexOf('@')), password)
  return [...byName].map(([name, password]) => ({ name, password }))
}

/** Scripts in rounds: those of one round have no account in common, so they can be played on one server. */
export function rounds(plays: readonly Play[]): readonly (readonly Play[])[] {
  const found: { readonly taken: Set<string>; readonly plays: Play[] }[] = []
  for (const one of plays) {
    const names = accountsOf(one.script).map(({ name }) => name)
    let round = found.find(({ taken }) => !names.some(name => taken.has(name)))
    if (!round) found.push((round = { taken: new Set(), plays: [] }))
    for (const name of names) round.taken.add(name)
    round.plays.push(one)
  }
  return found.map(({ plays: some }) => some)
}

/** Plays scripts over TCP; each needs accounts that nobody has used. */
export async function playAll(check: Check, peer: Peer, carrier: Carrier, plays: readonly Play[]): Promise<void> {
  const target = {
    host: '127.0.0.1',
    port: carrier === 'tls' ? peer.directTls : peer.startTls,
    carrier,
    authorities: readFileSync(peer.authority, 'utf8'),
  }
  const connect = connectTcp(target)
  const open = openTcp({ ...target, ports: { starttls: peer.startTls, tls: peer.directTls } })
  for (const { file, script } of plays) {
    await check(file, async () => {
      await play(script, account => connect(account), { open })
      return script.title
    })
  }
}
