/**
 * Writes the documents that are made from the code, or with `--check` fails where one is stale:
 *
 *     npm run docs [-- --check]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documents, stale } from './documents.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

if (process.argv.includes('--check')) {
  const old = stale(root)
  if (old.length > 0) {
    console.error(`Not what the code declares: ${old.join(', ')}. Write them anew with: npm run docs`)
    process.exitCode = 1
  }
} else {
  for (const [path, text] of documents()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(path)
  }
}
