import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { nodeRuntime } from '../runtime/node.ts'
import { type ControlClient, connectControl } from './control-client.ts'

/** Milliseconds from one look to the next, and how often it is looked: two minutes, in which a large store may be migrated. */
const interval = 100
const looks = 1200

/**
 * Resolves when a server that starts again, in the same process, can be asked again at its control socket. Rejects with
 * a sentence for the operator where the process has ended instead, or nothing comes.
 */
export async function comeBack(path: string, pid: number): Promise<void> {
  const { timers } = nodeRuntime()
  // Timers of the runtime do not keep this process alive; this does.
  const watcher = watch(dirname(path))
  try {
    for (let look = 0; look < looks; look++) {
      const client = await connectControl(path).catch((): ControlClient | undefined => undefined)
      if (client) return client.close()
      if (!isAlive(pid)) throw new Error('the server has ended, and could not start again: its log says why')
      await new Promise<void>(resolve => timers.after(interval, resolve))
    }
    throw new Error('the server has not started again so far: its log says how far it has come')
  } finally {
    watcher.close()
  }
}

/** Whether there is a process of this number, ours or somebody else's. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
