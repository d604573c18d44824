import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { features } from '../../features/index.ts'
import { manualDocument } from './manual.ts'
import { settingsDocument } from './settings.ts'
import { doapDocument, xepsDocument } from './xeps.ts'

/** All documents that are made from the code: their paths from the top of the repository, and their texts. */
export function documents(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/xeps.md', xepsDocument(features)],
    ['docs/settings.md', settingsDocument()],
    ['docs/cli.md', manualDocument()],
    ['jackdaw.doap', doapDocument(features)],
  ])
}

/** Those that are missing below this folder, or are not what the code says now. */
export function stale(root: string): readonly string[] {
  return [...documents()]
    .filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text)
    .map(([path]) => path)
}
