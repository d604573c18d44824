import type { Disk, Timers } from './runtime.ts'

/** How long after a change it is told, in milliseconds. */
const quiet = 200

/** Files in memory. */
export class SimulatedDisk implements Disk {
  readonly files = new Map<string, string>()
  /** While there is one, every write fails with it. */
  fault: Error | undefined
  readonly #timers: Timers
  readonly #watches = new Set<{ paths: readonly string[]; changed: () => void; waiting: boolean }>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  async read(path: string): Promise<string | undefined> {
    return this.files.get(path)
  }

  async write(path: string, text: string): Promise<void> {
    if (this.fault) throw new Error(`Cannot write ${path}: ${this.fault.message}.`, { cause: this.fault })
    this.files.set(path, text)
    for (const watch of this.#watches) {
      if (watch.waiting || !watch.paths.includes(path)) continue
      watch.waiting = true
      this.#timers.after(quiet, () => {
        watch.waiting = false
        if (this.#watches.has(watch)) watch.changed()
      })
    }
  }

  watch(paths: readonly string[], changed: () => void): () => void {
    const watch = { paths, changed, waiting: false }
    this.#watches.add(watch)
    return () => this.#watches.delete(watch)
  }
}
