/**
 * Plays scripts against a server:
 *
 *     npm run play -- script.scs … [--host 127.0.0.1] [--port 5222] [--carrier starttls|tls|plain] [--authority ca.pem]
 *         [--patience 5000]
 *
 * The accounts must exist. Certificates are verified for the domain of each JID, against the system's authorities or
 * those of `--authority`. The exit code is 1 when a script fails.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Carrier, carriers, connectTcp, openTcp } from './connect.ts'
import { play } from './play.ts'
import { parseScript, ScriptError } from './scs.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    carrier: { type: 'string', default: 'starttls' },
    authority: { type: 'string' },
    patience: { type: 'string', default: '5000' },
  },
})
const carrier = carriers.find(one => one === values.carrier)
if (!carrier || positionals.length === 0) {
  console.error(`usage: play SCRIPT… [--host HOST] [--port PORT] [--carrier ${carriers.join('|')}] [--authority FILE]`)
  process.exit(2)
}
const usual: Record<Carrier, number> = { starttls: 5222, tls: 5223, plain: 5222 }
const target = {
  host: values.host,
  port: Number(values.port ?? usual[carrier]),
  carrier,
  ...(values.authority !== undefined && { authorities: readFileSync(values.authority, 'utf8') }),
}
const connect = connectTcp(target)
const open = openTcp({ ...target, ports: usual })
let failed = 0
for (const file of positionals) {
  try {
    await play(parseScript(readFileSync(file, 'utf8')), connect, { open, patience: Number(values.patience) })
    console.log(`ok     ${file}`)
  } catch (error) {
    failed++
    console.log(`FAILED ${file}: ${error instanceof ScriptError ? error.message : String(error)}`)
  }
}
process.exit(failed === 0 ? 0 : 1)
