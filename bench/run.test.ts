import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const measures =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  ['openssl', 'taskset'].every(tool => spawnSync(tool, ['--version']).error === undefined)

test('ends with whoever has started it, and leaves nothing behind', { skip: !measures }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jackdaw-leaving-'))
  const args = ['--servers=floor', '--scenario=chat', '--case=TLS, window 4', '--seconds=600']
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  try {
    let output = ''
    for await (const text of child.stdout!) if ((output += text).includes('accounts after')) break
    assert.notEqual(readdirSync(folder).length, 0)
    child.disconnect()
    if (child.exitCode === null) await once(child, 'exit')
    assert.equal(child.exitCode, 1)
    assert.deepEqual(readdirSync(folder), [])
  } finally {
    child.kill()
    rmSync(folder, { recursive: true })
  }
})
