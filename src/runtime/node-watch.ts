import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Network disks tell nothing, and a folder may come later: so we also look every so many milliseconds. */
const interval = 30_000

/**
 * Watches files by their folders: a file that is replaced by a rename, or a link that is turned to another file
 * (certbot, Kubernetes), has no events of its own. What else happens in those folders is not told.
 */
export class FileWatch {
  readonly #paths: readonly string[]
  readonly #changed: () => void
  readonly #quiet: number
  readonly #folders = new Map<string, { watcher: FSWatcher; inode: string }>()
  readonly #poll: NodeJS.Timeout
  #pause: NodeJS.Timeout | undefined
  #told: string
  #seen: string

  /** A burst of changes (key, then chain) is told once, when the files have been the same for `quiet` milliseconds. */
  constructor(paths: readonly string[], changed: () => void, quiet: number) {
    this.#paths = paths
    this.#quiet = quiet
    this.#changed = changed
    this.#told = this.#seen = state(paths)
    this.#follow()
    this.#poll = setInterval(() => this.#look(), interval).unref()
  }

  close(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#pause)
    this.#pause = undefined
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #soon(): void {
    this.#pause ??= setTimeout(() => this.#look(), this.#quiet).unref()
  }

  #look(): void {
    clearTimeout(this.#pause)
    this.#pause = undefined
    this.#follow()
    const now = state(this.#paths)
    if (now !== this.#seen) {
      this.#seen = now
      this.#soon()
    } else if (now !== this.#told) {
      this.#told = now
      this.#changed()
    }
  }

  /** Watches the folders of the paths and of what they point to, as they are now. */
  #follow(): void {
    const wanted = new Map<string, string>()
    for (const path of this.#paths)
      for (const folder of [dirname(path), dirname(realpath(path) ?? path)]) wanted.set(folder, identity(folder))
    for (const [folder, { watcher, inode }] of this.#folders)
      if (wanted.get(folder) !== inode) this.#drop(folder, watcher)
    for (const [folder, inode] of wanted) if (inode !== '' && !this.#folders.has(folder)) this.#add(folder, inode)
  }

  #add(folder: string, inode: string): void {
    try {
      const watcher = watch(folder, { persistent: false })
      watcher.on('change', () => this.#soon())
      watcher.on('error', () => this.#drop(folder, watcher))
      this.#folders.set(folder, { watcher, inode })
    } catch {
      // no watches left, or not for us: the interval looks all the same
    }
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#folders.get(folder)?.watcher === watcher) this.#folders.delete(folder)
  }
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Changes when any of the files does, also by a link to another one. */
function state(paths: readonly string[]): string {
  let all = ''
  for (const path of paths) {
    const file = status(path)
    all += file ? `${file.dev}:${file.ino}:${file.size}:${file.mtimeNs}:${file.ctimeNs} ` : '- '
  }
  return all
}

/** Which folder this is, even where another one took its name; empty where there is none. */
function identity(folder: string): string {
  const found = status(folder)
  return found ? `${found.dev}:${found.ino}` : ''
}

function status(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false, bigint: true })
  } catch {
    return undefined
  }
}
