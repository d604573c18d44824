import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { reason } from '../runtime/node-disk.ts'
import type { GlobalOptions } from './command-line.ts'
import { UsageError } from './command-line.ts'
import { dataOf } from './config/config.ts'

/** Which server is meant: its configuration file, where there is one, and its data directory. */
export interface Where {
  readonly config: { readonly path: string; readonly text: string } | undefined
  /** Folder against which a default data directory is meant. */
  readonly folder: string
  /** Absolute path of the data directory, where the options or the file name one that can be read. */
  data(): string
  /** The options that mean the same server, for a command line that we tell people to type; starts with a space or is empty. */
  readonly options: string
}

/** Looks for `--config`, else for `jackdaw.toml` in the current folder. Throws `UsageError` where a named file cannot be read. */
export function where(options: GlobalOptions, cwd: string): Where {
  const path = options.config === undefined ? resolve(cwd, 'jackdaw.toml') : resolve(cwd, options.config)
  const config = options.config !== undefined || existsSync(path) ? { path, text: textOf(path) } : undefined
  const data = options.data === undefined ? undefined : resolve(cwd, options.data)
  return {
    config,
    folder: config ? dirname(config.path) : cwd,
    data: () => data ?? (config ? dataOf(config.text, config.path) : resolve(cwd, 'jackdaw-data')),
    options:
      (options.config === undefined ? '' : ` --config ${shown(path, cwd)}`) +
      (data === undefined ? '' : ` --data ${shown(data, cwd)}`),
  }
}

/** A path as a person would type it from here: relative where that is shorter, quoted where the shell needs it. */
export function shown(path: string, cwd: string): string {
  const near = relative(cwd, path)
  const short = near !== '' && near.length < path.length && !near.startsWith('..') ? near : path
  return /^[\w./@:+-]+$/.test(short) ? short : `'${short.replaceAll("'", "'\\''")}'`
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the configuration file ${path}: ${reason(error)}`)
  }
}
