import { Workers } from '../cluster/workers.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Log } from '../server/log.ts'

/** A runtime, and the threads behind its network. */
export interface WithWorkers {
  readonly runtime: Runtime
  /** What `status` tells of them. */
  figures(): Readonly<Record<string, string>>
  /** Ends them, with what they still carry. */
  close(): Promise<void>
}

/** A runtime whose connections are carried by so many threads; with one, by the thread that does everything else. */
export function withWorkers(local: Runtime, count: number, log: Log): WithWorkers {
  if (count === 1) return { runtime: local, figures: () => ({}), close: () => Promise.resolve() }
  const workers = new Workers({ count, timers: local.timers, log })
  return {
    runtime: { ...local, network: workers.network },
    figures: () => workers.figures(),
    close: () => workers.close(),
  }
}
