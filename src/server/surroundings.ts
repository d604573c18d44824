import type { Host } from './host.ts'
import type { Storage } from './owner.ts'
import type { Refusals } from './refusals.ts'
import type { Requests } from './requests.ts'

/** What the road needs of the server that it leads through. */
export interface Surroundings {
  /** The host of a domain served here, or undefined. */
  host(domain: string): Host | undefined
  readonly requests: Requests
  readonly refusals: Refusals
  readonly storage: Storage
}
