/**
 * Real clients against a real server, each with all that it can do:
 *
 *     npm run interop -- [--server jackdaw|prosody] [--only clients,scripts] [--clients slixmpp,mcabber] [--at-once 2] [--workers N]
 *
 * prints a table of abilities by clients, and plays the scripts of the sources over TCP. A whole run against Jackdaw
 * writes docs/interop.md. Debian packages that are missing are installed where apt-get is at hand and we may. The exit
 * code is 1 when a cell or a script failed. `--server prosody` shows that the checks are fair.
 * `--workers N`: so many threads carry its connections; where missing, as many as the configuration has by itself.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeCertificate, type Peer, user } from '../bench/peers/peer.ts'
import { withFolder } from '../bench/peers/process.ts'
import { startProsody } from '../bench/peers/prosody.ts'
import { announcedBy, tryClient } from './cells.ts'
import type { Kind } from './client.ts'
import { goSendxmpp } from './go-sendxmpp.ts'
import { libstrophe, xmppClient, xmppClientOf } from './libraries.ts'
import { mcabber } from './mcabber.ts'
import { installMissing } from './packages.ts'
import { profanity } from './profanity.ts'
import { aioxmpp, nbxmpp, slixmpp } from './python.ts'
import { type Differences, Report } from './report.ts'
import { accountsOf, allScripts, playAll, rounds } from './scripts.ts'
import { chooseServer, serverOptions, startServer } from './server.ts'
import { abilityTable, type Column, writeDocument } from './table.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'jackdaw' },
    only: { type: 'string', default: 'clients,scripts' },
    clients: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    ...serverOptions,
  },
})
chooseServer(values)
const starters = { jackdaw: startServer, prosody: startProsody }
if (!Object.hasOwn(starters, values.server)) throw new Error(`--server is one of ${Object.keys(starters).join(', ')}`)
const startPeer = starters[values.server as keyof typeof starters]
const parts = values.only.split(',')
const scripts = parts.includes('scripts') ? allScripts() : []

// Where a peer is known to do otherwise than the script, which keeps to the letter.
const differences: Readonly<Record<string, Differences>> = {
  prosody: {
    'rfc6121-3.3.3-unsubscribe.scs': 'Prosody 0.12.3 sends no unavailable presence (RFC 6121 §3.3.3, step 3)',
  },
}

await installMissing()
const begin = performance.now()
const report = new Report(differences[values.server])
const columns = await withFolder('interop', async folder => {
  const [server, other] = [join(folder, 'server'), join(folder, 'other')]
  await Promise.all([mkdir(server), mkdir(other)])
  const otherAuthority = (await makeCertificate(other)).certificate
  const peer = await startPeer({ folder: server })
  console.log(`${peer.name} is up on ${peer.startTls} (STARTTLS) and ${peer.directTls} (direct TLS)`)
  try {
    return parts.includes('clients') ? await tryClients(peer, folder, otherAuthority) : []
  } finally {
    await peer.stop()
  }
})

/**
 * Each round of scripts on a server of its own, because scripts leave traces in their accounts; every second one over
 * direct TLS.
 */
async function playScripts(): Promise<void> {
  for (const plays of rounds(scripts)) {
    await withFolder('scripts', async folder => {
      const peer = await startPeer({ folder })
      try {
        await peer.addUsers(plays.flatMap(({ script }) => accountsOf(script)))
        for (const [half, carrier] of (['starttls', 'tls'] as const).entries()) {
          const some = plays.filter((_, index) => index % 2 === half)
          if (some.length > 0)
            await report.group(`scripts, ${carrier}`, check => playAll(check, peer, carrier, some), true)
        }
      } finally {
        await peer.stop()
      }
    })
  }
}

/** Some at once, each with accounts of its own. */
async function tryClients(peer: Peer, folder: string, otherAuthority: string): Promise<Column[]> {
  const strophe = await libstrophe(folder)
  const kinds: Kind[] = [slixmpp, xmppClient, profanity, mcabber, strophe, nbxmpp, aioxmpp, goSendxmpp]
  const chosen =
    values.clients === undefined ? kinds : kinds.filter(one => values.clients!.split(',').includes(one.name))
  const names = chosen.map((_, index) => [`romeo${index}`, `juliet${index}`, `tybalt${index}`] as const)
  await peer.addUsers(['chorus', ...names.flat()].map(user))
  const announced = await announcedBy(peer, 'chorus', xmppClientOf(peer.authority))
  const found: Column[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < chosen.length; index = next++) {
      const kind = chosen[index]!
      const cells = await tryClient({
        kind,
        peer,
        announced,
        folder: join(folder, `client-${index}`),
        otherAuthority,
        users: names[index]!,
        friend: () => (kind === xmppClient ? strophe.make() : xmppClientOf(peer.authority)),
        say: ({ ability, result, seen }) => console.log(`  ${result.padEnd(7)} ${kind.name}, ${ability}: ${seen}`),
      })
      found[index] = { kind, version: await kind.version(), cells }
    }
  }
  await Promise.all(Array.from({ length: Number(values['at-once']) }, worker))
  return found
}

await playScripts()
if (scripts.length > 0) console.log(`\n${report.summary()}`)
const failed = columns.flatMap(({ kind, cells }) =>
  cells.filter(cell => cell.result === 'failed').map(cell => `${kind.name}, ${cell.ability}: ${cell.seen}`),
)
if (columns.length > 0) console.log(`\n${abilityTable(columns)}`)
if (failed.length > 0) console.log(`\nfailed:\n${failed.join('\n')}`)
if (values.server === 'jackdaw' && parts.includes('clients') && values.clients === undefined) {
  await writeDocument(join(import.meta.dirname, '..', 'docs', 'interop.md'), columns)
  console.log('\ndocs/interop.md is written.')
}
const failures = report.failures + failed.length
const seconds = ((performance.now() - begin) / 1000).toFixed(0)
console.log(`\n${failures === 0 ? 'All is ok' : `${failures} checks are not ok`}, after ${seconds} s.`)
process.exit(failures === 0 ? 0 : 1)
