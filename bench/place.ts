import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

/** The folder of the whole package, from sources as from what is published. */
export const root = upwards(import.meta.dirname)

/** What the files of programs end with here: `.ts` in a checkout, `.js` in the published package. */
export const extension = extname(import.meta.filename)

function upwards(folder: string): string {
  return existsSync(join(folder, 'bin', 'jackdaw.js')) ? folder : upwards(dirname(folder))
}
