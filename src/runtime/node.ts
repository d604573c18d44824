import { nodeCrypto } from './node-crypto.ts'
import { NodeDisk } from './node-disk.ts'
import { nodeNetwork } from './node-network.ts'
import { nodeRandom } from './node-random.ts'
import { NodeTimers, nodeClock } from './node-timers.ts'
import type { Runtime } from './runtime.ts'

/** The real thing: this machine's clock, randomness, network and disk. */
export function nodeRuntime(): Runtime {
  return {
    clock: nodeClock,
    timers: new NodeTimers(),
    random: nodeRandom,
    crypto: nodeCrypto,
    network: nodeNetwork,
    disk: new NodeDisk(),
  }
}
