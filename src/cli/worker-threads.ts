import { availableParallelism } from 'node:os'
import { canMoveConnections, Workers } from '../cluster/workers.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Log } from '../server/log.ts'
import type { Config } from '../server/settings.ts'

/** A runtime, and the threads behind its network. */
export interface WithWorkers {
  readonly runtime: Runtime
  /** What `status` tells of them. */
  figures(): Readonly<Record<string, string>>
  /** Ends them, with what they still carry. */
  close(): Promise<void>
}

/** Processors from which on threads for connections are worth it where nobody says how many there shall be. */
const enough = 4

/** A runtime whose connections are carried by so many threads; with one, by the thread that does everything else. */
export function withWorkers(local: Runtime, wanted: Config['workers'], log: Log): WithWorkers {
  let count = wanted === 'auto' ? automatic(availableParallelism()) : wanted
  if (count > 1 && !canMoveConnections()) {
    if (wanted !== 'auto')
      log('warn', 'connections stay in the main thread: this Node cannot move them', { node: process.version })
    count = 1
  }
  if (count === 1) return { runtime: local, figures: () => ({}), close: () => Promise.resolve() }
  const workers = new Workers({ count, timers: local.timers, log })
  return {
    runtime: { ...local, network: workers.network },
    figures: () => workers.figures(),
    close: () => workers.close(),
  }
}

/** How many threads carry connections on a machine with so many processors: two keep up with a main thread that is busy to the full. */
export function automatic(processors: number): number {
  return processors >= enough ? 2 : 1
}
