import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { feature } from '../../server/feature.ts'
import { parse } from '../../wire/reader.ts'
import { allCommands } from '../all-commands.ts'
import { usage } from '../command-line.ts'
import { documents, stale } from './documents.ts'
import { doapDocument, implemented, xepsDocument } from './xeps.ts'

const top = fileURLToPath(new URL('../../..', import.meta.url))

test('the documents in the repository are what the code declares (else: npm run docs)', () => {
  assert.deepEqual(stale(top), [])
})

test('the manual of commands shows each as it is typed', () => {
  const text = documents().get('docs/cli.md')!
  for (const command of allCommands()) assert.ok(text.includes(`\`\`\`\n${usage(command)}\n\`\`\``), usage(command))
})

/** The files of this repository that a document links to, as paths from the top. */
function linked(document: string): string[] {
  const links = readFileSync(join(top, document), 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)
  return [...links]
    .map(([, link]) => link!)
    .filter(link => !link.includes(':'))
    .map(link => join(dirname(document), link))
}

test('what documents link to is there, and is published with those that are', () => {
  const all = ['.', 'docs'].flatMap(folder => readdirSync(join(top, folder)).map(name => join(folder, name)))
  const { files } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as { files: string[] }
  const isPublished = (path: string) => files.some(one => path === one || path.startsWith(`${one}/`))
  for (const document of all.filter(name => name.endsWith('.md')))
    for (const path of linked(document)) {
      assert.ok(existsSync(join(top, path)), `${document} links to ${path}`)
      if (isPublished(document)) assert.ok(isPublished(path), `${document} is published, ${path} is not`)
    }
})

test('a document that is missing is stale', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jackdaw-documents-'))
  assert.deepEqual(stale(folder), [...documents().keys()])
  rmSync(folder, { recursive: true })
})

test('a XEP without a title, or in two versions, is not written', () => {
  const declaring = (number: number, version: string) =>
    feature({ name: 'planted', xeps: [{ number, version }], start: () => [] })
  assert.throws(() => implemented([declaring(9999, '1.0')]), /XEP-9999 has no title/)
  assert.throws(
    () => implemented([declaring(199, '1.0'), declaring(199, '2.0')]),
    /XEP-0199 is declared in version 1.0 and in 2.0/,
  )
})

test('features are named beside what they implement, and the DOAP file is XML', () => {
  const ping = feature({ name: 'ping', xeps: [{ number: 199, version: '2.0.1' }], start: () => [] })
  assert.match(xepsDocument([ping]), /\| XEP-0199 \| XMPP Ping \| 2\.0\.1 \| ping \|/)
  const doap = parse(doapDocument([ping]).replace(/^<\?xml[^>]*\?>\n/, ''))
  assert.equal(doap.name, 'RDF')
  assert.match(doap.toString(), /xep-0199\.html/)
})
