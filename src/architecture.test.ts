import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { breaches } from './testing/architecture.ts'
import { readSources } from './testing/sources.ts'

const top = join(import.meta.dirname, '..')

test('the house is in order: who imports whom, no long files, no clock but the runtime', () => {
  const found = breaches(readSources(top, ['src', 'bench', 'interop']))
  assert.equal(found.length, 0, `\n${found.join('\n')}\n`)
})

/** What is found in a house of these files. */
function planted(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'jackdaw-house-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return breaches(readSources(folder, ['src']))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('what is allowed is allowed', () => {
  const files = {
    'src/wire/jid.ts': `import { precis } from './precis.ts'`,
    'src/runtime/node-tls.ts': `import { connect } from 'node:tls'\nimport type { Socket } from './runtime.ts'\nsetTimeout(f, 1); Date.now()`,
    'src/runtime/node-certificate.ts': `await import('@peculiar/x509')`,
    'src/runtime/simulated.ts': `import type { Runtime } from './runtime.ts'`,
    'src/link/tcp.ts': `import { Element } from '../wire/element.ts'\nimport type { Timer } from '../runtime/runtime.ts'`,
    'src/storage/sqlite.ts': `import { DatabaseSync } from 'node:sqlite'\nimport { group } from './group.ts'\nnew Worker(new URL('./sqlite-writer.ts', import.meta.url))`,
    'src/server/server.ts': `import { x } from '../storage/storage.ts'\n// setTimeout(), Date.now()\nconst s = 'Math.random'; timers.setTimeout(1); new Date(5)`,
    'src/features/index.ts': `import mam from './mam/server.ts'\nimport type { Feature } from '../server/feature.ts'`,
    'src/features/mam/server.ts': `import { seen } from './seen.ts'\nimport { q } from './wire.ts'\nimport { f } from '../forward/wire.ts'\nimport { r } from '../roster/exports.ts'\nimport { s } from '../../server/feature.ts'`,
    'src/features/mam/seen.ts': `import { Element } from '../../wire/element.ts'`,
    'src/features/mam/wire.ts': `import { f } from '../forward/wire.ts'`,
    'src/features/mam/client.ts': `import { f } from '../forward/client.ts'\nimport { c } from '../../client/client.ts'`,
    'src/features/mam/mam.test.ts': `import { test } from 'node:test'\nimport { x } from '../../storage/sqlite.ts'\nsetTimeout(f)`,
    'src/cli/start.ts': `import { features } from '../features/index.ts'\nimport { parse } from 'smol-toml'`,
    'src/index.ts': `export { createServer } from './server/server.ts'`,
  }
  assert.deepEqual(planted(files), [])
})

/** One file, what stands in it, and what must be said about it. */
const wrong: [path: string, text: string, message: RegExp][] = [
  ['src/wire/a.ts', `import { x } from '../runtime/runtime.ts'`, /wire may import only wire, and that is runtime/],
  ['src/wire/a.ts', `import 'node:fs'`, /only drivers may import node:/],
  ['src/wire/a.ts', `export * from 'ltx'`, /wire has no packages of that name/],
  ['src/runtime/runtime.ts', `import type { Jid } from '../wire/jid.ts'`, /runtime may import only runtime/],
  ['src/runtime/node.ts', `import { openSqlite } from '../storage/sqlite.ts'`, /that is storage driver/],
  ['src/runtime/simulated.ts', `import { join } from 'node:path'`, /only drivers/],
  [
    'src/link/tcp.ts',
    `import { Server } from '../server/server.ts'`,
    /link may import only link, wire, runtime, and that is server/,
  ],
  ['src/link/tcp.ts', `import { n } from '../runtime/node.ts'`, /that is runtime driver/],
  ['src/storage/group.ts', `import { Worker } from 'node:worker_threads'`, /only drivers/],
  ['src/storage/group.ts', `import { s } from './sqlite.ts'`, /that is storage driver/],
  ['src/storage/sqlite.ts', `import { s } from '../server/log.ts'`, /that is server/],
  ['src/server/server.ts', `const n = await import('../runtime/node.ts')`, /that is runtime driver/],
  ['src/server/server.ts', `import { roster } from '../features/roster/exports.ts'`, /that is feature exports/],
  ['src/server/server.ts', `import { features } from '../features/index.ts'`, /that is feature list/],
  [
    'src/server/server.ts',
    `import { main } from '../cli/main.ts'`,
    /only tests, the command line and entry points may/,
  ],
  ['src/server/server.ts', `import { EventEmitter } from "node:events"`, /only drivers/],
  ['src/server/server.ts', 'const now = Date.now()', /uses Date\.now: time and chance/],
  ['src/server/server.ts', 'globalThis.setTimeout(f, 5)', /uses setTimeout/],
  ['src/server/server.ts', 'const at = new Date()', /uses new Date\(\)/],
  ['src/cli/main.ts', 'Math.random()', /uses Math\.random/],
  [
    'src/client/client.ts',
    `import { Session } from '../server/session.ts'`,
    /client may import only client, wire, link, runtime/,
  ],
  ['src/component/bot.ts', `import { tcp } from '../link/tcp.ts'`, /component may import only/],
  ['src/cluster/alone.ts', `import { s } from '../server/server.ts'`, /that is server/],
  ['src/features/a/wire.ts', `import { s } from '../../server/feature.ts'`, /feature wire may import only/],
  ['src/features/a/server.ts', `import b from '../b/server.ts'`, /that is another feature's server/],
  ['src/features/a/server.ts', `import b from '../b/inner.ts'`, /that is another feature's server/],
  ['src/features/a/server.ts', `import { c } from './client.ts'`, /that is feature client/],
  ['src/features/a/server.ts', `import { s } from '../../storage/sqlite.ts'`, /that is storage driver/],
  ['src/features/a/client.ts', `import { s } from './server.ts'`, /that is feature server/],
  ['src/features/a/client.ts', `import { s } from '../../server/feature.ts'`, /that is server/],
  ['src/features/index.ts', `import { a } from './a/exports.ts'`, /that is .*feature exports/],
  ['src/helpers/a.ts', '', /src\/helpers\/a\.ts is in no room/],
  ['src/wire/a.ts', 'line\n'.repeat(401), /has 401 lines: split it/],
]

for (const [path, text, message] of wrong) {
  test(`a breach is found: ${path}: ${text.split('\n')[0]}`, () => {
    const found = planted({ [path]: text })
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0]!, message)
    assert.ok(found[0]!.startsWith(path))
  })
}

test('features that import each other in a circle are found', () => {
  const found = planted({
    'src/features/a/exports.ts': `import { b } from './b.ts'`,
    'src/features/a/b.ts': `import { b } from '../b/exports.ts'`,
    'src/features/b/exports.ts': `import { a } from '../a/exports.ts'`,
    'src/features/b/server.ts': `import { a } from '../a/exports.ts'`,
  })
  assert.equal(found.length, 1)
  assert.match(found[0]!, /in a circle: .*a\/exports\.ts > .*b\/exports\.ts|in a circle: .*b\/exports\.ts > /)
})
