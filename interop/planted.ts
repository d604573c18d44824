/**
 * The server of the command line without its comforts, with SQLite's `synchronous` as told: to show that the test of
 * durability sees the difference.
 *
 *     node interop/planted.ts FOLDER PORT off|full NAME=PASSWORD …
 */
import { join } from 'node:path'
import { features } from '../src/features/index.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { configOf } from '../src/server/check-config.ts'
import { createServer } from '../src/server/server.ts'
import { openSqlite } from '../src/storage/sqlite.ts'
import { Jid } from '../src/wire/jid.ts'

const [folder, port, synchronous, ...users] = process.argv.slice(2)
if (!folder || !port || !synchronous) throw new Error('usage: planted.ts FOLDER PORT off|full NAME=PASSWORD …')
const listen = { starttls: [], 'direct-tls': [], plain: [`127.0.0.1:${port}`] }
const runtime = nodeRuntime()
const server = await createServer({
  runtime,
  config: configOf({ data: folder, hosts: { localhost: {} }, listen }, features),
  features,
  storage: openSqlite({ path: join(folder, 'jackdaw.db'), timers: runtime.timers, planted: { synchronous } }),
  log: (level, sentence, facts) => level === 'error' && console.error(sentence, facts),
})
for (const user of users) {
  const [name, password] = user.split('=') as [string, string]
  await server.hosts.get('localhost')!.accounts.create(Jid.of(name, 'localhost'), password)
}
await server.start()
process.on('SIGTERM', () => server.stop().then(() => process.exit(0)))
