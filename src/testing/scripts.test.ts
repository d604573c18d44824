import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { play } from './play.ts'
import { parseScript } from './scs.ts'
import { testServer } from './server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

// Every conversation of the house, on a server in memory; `npm run play` plays the same ones over TCP.
for (const file of globSync('**/*.scs', { cwd: root }).sort()) {
  test(`script ${file}`, async () => {
    const script = parseScript(readFileSync(`${root}/${file}`, 'utf8'))
    const { connect, open, addUser, stop } = await testServer()
    for (const actor of script.cast) await addUser(actor.jid, actor.password).catch(() => {})
    await play(script, account => connect(account.jid, account), { open })
    await stop()
  })
}
