/**
 * Loaded before a server (`node --import hook.ts`), in each of its threads: SIGUSR2 begins a CPU profile, a second one ends
 * it and begins an allocation profile, a third one ends that. They are left in the folder JACKDAW_PROFILES, as
 * `THREAD.cpuprofile` and `THREAD.heapprofile`.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { BroadcastChannel, isMainThread, threadId, threadName } from 'node:worker_threads'

/** Microseconds between two looks at the stack. */
const interval = 200
/** Bytes between two allocations that are looked at, in the mean. */
const allocated = 16_384

const folder = process.env['JACKDAW_PROFILES']
const channel = new BroadcastChannel('jackdaw-profile')
const session = new Session()
session.connect()
const thread = isMainThread ? 'main' : `${threadName || 'worker'}-${threadId}`.replaceAll(/[^\w-]/g, '-')
let step = 0

async function next(): Promise<void> {
  step++
  if (step === 1) {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval })
    await session.post('Profiler.start')
  } else if (step === 2) {
    const { profile } = await session.post('Profiler.stop')
    leave('cpuprofile', profile)
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: allocated,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as object)
  } else if (step === 3) {
    const { profile } = await session.post('HeapProfiler.stopSampling')
    leave('heapprofile', profile)
  }
}

function leave(kind: string, profile: object): void {
  writeFileSync(join(folder!, `${thread}.${kind}`), JSON.stringify(profile))
}

if (folder) {
  channel.onmessage = () => void next()
  if (isMainThread)
    process.on('SIGUSR2', () => {
      channel.postMessage('next')
      void next()
    })
}
// Nothing here keeps a thread alive.
channel.unref()
