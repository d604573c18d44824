import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FileWatch } from './node-watch.ts'
import type { Disk } from './runtime.ts'

/** The real disk. One write a path at a time, so that the last one asked for is the one that stays. */
export class NodeDisk implements Disk {
  readonly #writing = new Map<string, Promise<void>>()
  readonly #quiet: number

  /** `quiet`: how long watched files must have been the same before a change is told, in milliseconds. */
  constructor(quiet = 200) {
    this.#quiet = quiet
  }

  async read(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if (code(error) === 'ENOENT') return undefined
      throw new Error(`Cannot read ${path}: ${reason(error)}.`, { cause: error })
    }
  }

  async write(path: string, text: string, options?: { mode?: number }): Promise<void> {
    const before = this.#writing.get(path)
    const mine = (before ? before.catch(() => {}) : Promise.resolve()).then(() => replace(path, text, options?.mode))
    this.#writing.set(path, mine)
    try {
      await mine
    } catch (error) {
      throw new Error(`Cannot write ${path}: ${reason(error)}.`, { cause: error })
    } finally {
      if (this.#writing.get(path) === mine) this.#writing.delete(path)
    }
  }

  watch(paths: readonly string[], changed: () => void): () => void {
    const watch = new FileWatch(paths, changed, this.#quiet)
    return () => watch.close()
  }
}

/** Everything is on the disk when this is done: first the text, then its name. */
async function replace(path: string, text: string, mode: number | undefined): Promise<void> {
  // a link stays a link: what it points to is replaced
  const target = await realpath(path).catch(() => path)
  const folder = dirname(target)
  await mkdir(folder, { recursive: true })
  const draft = `${target}.${randomUUID()}.tmp`
  try {
    const file = await open(draft, 'wx', mode ?? 0o644)
    try {
      if (mode !== undefined) await file.chmod(mode) // whatever the umask took away
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(folder)
}

/** The new name itself survives a power cut only when the folder is synced; Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const file = await open(folder, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function code(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}

const sentences: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  ENOENT: 'it is not there',
}

/** Why the system refused, in a few words; the message of any other error. */
export function reason(error: unknown): string {
  return sentences[code(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))
}
