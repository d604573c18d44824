/**
 * Real clients against a real server: slixmpp, npm's @xmpp/client and profanity.
 *
 *     npm run interop -- [--server jackdaw|prosody] [--only agents|profanity|scripts]
 *
 * Debian packages that are missing are installed where apt-get is at hand and we may. The exit code is 1 when a check
 * failed. `--server prosody` shows that the checks are fair.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startJackdaw } from '../bench/peers/jackdaw.ts'
import { makeCertificate, user } from '../bench/peers/peer.ts'
import { run, withFolder } from '../bench/peers/process.ts'
import { startProsody } from '../bench/peers/prosody.ts'
import { conversation, refusesStrangers, type Side, slixmpp, xmppClient } from './agents.ts'
import { twoProfanities } from './profanity.ts'
import { type Differences, Report } from './report.ts'
import { accountsOf, allScripts, playAll } from './scripts.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'jackdaw' },
    only: { type: 'string', default: 'agents,profanity,scripts' },
  },
})
const starters = { jackdaw: startJackdaw, prosody: startProsody }
if (!Object.hasOwn(starters, values.server)) throw new Error(`--server is one of ${Object.keys(starters).join(', ')}`)
const parts = values.only.split(',')

const programs: Readonly<Record<string, string>> = {
  'python3-slixmpp': '/usr/lib/python3/dist-packages/slixmpp',
  profanity: '/usr/bin/profanity',
  tmux: '/usr/bin/tmux',
}
const missing = Object.keys(programs).filter(name => !existsSync(programs[name]!))
if (missing.length > 0) {
  if (!existsSync('/usr/bin/apt-get')) throw new Error(`please install ${missing.join(' ')}`)
  console.log(`installing ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], { env, seconds: 300 })
}

const scripts = parts.includes('scripts') ? allScripts() : []
const begin = performance.now()
// Where a peer is known to do otherwise than the script, which keeps to the letter.
const differences: Readonly<Record<string, Differences>> = {
  prosody: {
    'rfc6121-3.3.3-unsubscribe.scs': 'Prosody 0.12.3 sends no unavailable presence (RFC 6121 §3.3.3, step 3)',
  },
}
const report = new Report(differences[values.server])
await withFolder('interop', async folder => {
  const [server, other] = [join(folder, 'server'), join(folder, 'other')]
  await Promise.all([mkdir(server), mkdir(other)])
  const stranger = (await makeCertificate(other)).certificate
  const peer = await starters[values.server as keyof typeof starters]({ folder: server })
  try {
    await peer.addUsers(['romeo', 'juliet', 'benvolio', 'rosaline', 'mercutio', 'tybalt'].map(user))
    console.log(`${peer.name} is up on ${peer.startTls} (STARTTLS) and ${peer.directTls} (direct TLS)`)
    if (parts.includes('agents')) {
      const pairs: [Side, Side][] = [
        [
          { kind: slixmpp, user: 'romeo', carrier: 'STARTTLS' },
          { kind: xmppClient, user: 'juliet', carrier: 'direct TLS' },
        ],
        [
          { kind: xmppClient, user: 'benvolio', carrier: 'STARTTLS' },
          { kind: slixmpp, user: 'rosaline', carrier: 'direct TLS' },
        ],
      ]
      for (const [one, two] of pairs) {
        await report.group(`${one.kind.name} and ${two.kind.name}`, async check => {
          await refusesStrangers(check, peer, one, stranger)
          await refusesStrangers(check, peer, two, stranger)
          await conversation(check, peer, one, two)
        })
      }
    }
    if (parts.includes('profanity')) {
      const home = join(folder, 'profanity')
      await report.group('profanity and profanity', check =>
        twoProfanities(check, peer, home, stranger, ['mercutio', 'tybalt']),
      )
    }
    if (parts.includes('scripts')) {
      await peer.addUsers(scripts.flatMap(({ script }) => accountsOf(script)))
      await report.group('scripts of scansion, STARTTLS', check => playAll(check, peer, 'starttls', scripts), true)
      // Scripts leave traces in their accounts: only those that do not mind are played twice.
      const again = scripts.filter(({ file }) => /ping|disco|refusals/.test(file))
      await report.group('scripts of scansion, direct TLS', check => playAll(check, peer, 'tls', again), true)
    }
  } finally {
    await peer.stop()
  }
})
console.log(`\n${report.summary()}`)
const seconds = ((performance.now() - begin) / 1000).toFixed(0)
console.log(
  `\n${report.failures === 0 ? 'All checks are ok' : `${report.failures} checks are not ok`}, after ${seconds} s.`,
)
process.exit(report.failures === 0 ? 0 : 1)
