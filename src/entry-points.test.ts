import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const top = join(import.meta.dirname, '..')
const { exports: entries } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { 'jackdaw-source': string; types: string; default: string }>
}

test('each entry point names its source, and what the build makes of it', () => {
  for (const [name, entry] of Object.entries(entries)) {
    if (typeof entry === 'string') continue
    const source = entry['jackdaw-source']
    assert.ok(existsSync(join(top, source)), `${name}: there is no ${source}`)
    const built = source.replace('./src/', './dist/').replace(/\.ts$/, '')
    assert.deepEqual([entry.types, entry.default], [`${built}.d.ts`, `${built}.js`], name)
    // The first condition that fits wins: ours must stand before the ones that everybody has.
    assert.equal(Object.keys(entry)[0], 'jackdaw-source')
  }
})

test('a program in a checkout imports the sources by the name of the package', () => {
  const program = `
    const { Jid } = await import('jackdaw')
    const { createServer } = await import('jackdaw/server')
    const { testServer, cases } = await import('jackdaw/testing')
    console.log(Jid.parse('Romeo@Example.org').full, typeof createServer, typeof testServer, typeof cases)
  `
  const args = ['--conditions=jackdaw-source', '--input-type=module', '--eval', program]
  const output = execFileSync(process.execPath, args, { cwd: top, encoding: 'utf8' })
  assert.equal(output, 'romeo@example.org function function function\n')
})
