import { accessSync, constants, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shown } from './where.ts'

/** What is read of the surroundings to know how this program was called. */
export interface Called {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The plain JavaScript that starts this program. */
const bin = fileURLToPath(new URL('../../bin/jackdaw.js', import.meta.url))

/**
 * How a person types this program from the folder they stand in: `jackdaw` where the shell finds it, `npx jackdaw` in
 * a checkout and where npm has installed the package, else the whole command.
 */
export function typedCommand({ cwd, environment }: Called): string {
  // npm changes to the package's folder and puts node_modules/.bin in front of the path; the person's shell did neither.
  const from = environment['INIT_CWD'] ?? cwd
  const underNpm = environment['npm_lifecycle_event'] !== undefined || environment['npm_command'] !== undefined
  if (!underNpm && onPath('jackdaw', environment['PATH'] ?? '')) return 'jackdaw'
  if (cwd === from && (from === dirname(dirname(bin)) || installedAbove(from))) return 'npx jackdaw'
  return `${shown(process.execPath, cwd)} ${shown(bin, cwd)}`
}

/** Whether this is the program that npx finds from a folder: in the nearest `node_modules` upwards that has one. */
function installedAbove(folder: string): boolean {
  const above = dirname(folder)
  return isBin(join(folder, 'node_modules', '.bin', 'jackdaw')) || (above !== folder && installedAbove(above))
}

function onPath(name: string, path: string): boolean {
  return path.split(delimiter).some(folder => folder !== '' && isBin(join(folder, name)))
}

function isBin(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return realpathSync(file) === bin
  } catch {
    return false
  }
}

/** The version in package.json. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
