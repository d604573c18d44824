import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { typedCommand } from './invocation.ts'

const bin = fileURLToPath(new URL('../../bin/jackdaw.js', import.meta.url))
const top = mkdtempSync(join(tmpdir(), 'jackdaw-invocation-'))
after(() => rmSync(top, { recursive: true }))
const inner = join(top, 'installed', 'deeper')
const binaries = join(top, 'installed', 'node_modules', '.bin')
for (const folder of [inner, binaries, join(top, 'bare')]) mkdirSync(folder, { recursive: true })
symlinkSync(bin, join(binaries, 'jackdaw'))

test('what npx finds from here is told to be typed with npx: a checkout, an installed package, a folder inside', () => {
  for (const cwd of [dirname(dirname(bin)), dirname(dirname(binaries)), inner])
    for (const environment of [{}, { npm_command: 'exec', npm_lifecycle_event: 'npx' }])
      assert.equal(typedCommand({ cwd, environment }), 'npx jackdaw', cwd)
})

test('elsewhere it is the whole command, and the short one where the shell finds that', () => {
  const cwd = join(top, 'bare')
  assert.match(typedCommand({ cwd, environment: {} }), /jackdaw\.js$/)
  assert.equal(typedCommand({ cwd, environment: { PATH: binaries } }), 'jackdaw')
  assert.match(typedCommand({ cwd, environment: { PATH: binaries, npm_command: 'exec' } }), /jackdaw\.js$/)
})
