import { addressText } from './config.ts'
import type { Host } from './host.ts'
import type { LastMinute } from './last-minute.ts'
import type { Listening } from './listeners.ts'
import type { Streams } from './streams.ts'
import { version } from './version.ts'

/** What is counted for the last minute. */
export type Counted = 'messages' | 'logins' | 'refusals'

/** A running server, as far as its figures go. */
export interface Figured {
  /** Milliseconds since it began. */
  readonly uptime: number
  readonly listening: readonly Listening[]
  readonly hosts: ReadonlyMap<string, Host>
  readonly streams: Streams
  readonly lastMinute: LastMinute<Counted>
}

/** What an operator wants to know of a running server, by its names for people. */
export function figuresOf({ uptime, listening, hosts, streams, lastMinute }: Figured): Record<string, string | number> {
  let accounts = 0
  let sessions = 0
  for (const host of hosts.values()) {
    accounts += host.owners.size
    for (const owner of host.owners.all()) sessions += owner.sessions.length
  }
  const names = [...hosts].map(([name, { served }]) => (served ? name : `${name} (disabled)`))
  return {
    version,
    uptime: duration(uptime),
    hosts: names.join(', '),
    listening: listening.map(({ carrier, address }) => `${carrier} ${addressText(address)}`).join(', '),
    connections: streams.size,
    sessions,
    'bytes that wait for readers': streams.unsent.bytes,
    'accounts in memory': accounts,
    'messages in the last minute': lastMinute.growth('messages'),
    'logins in the last minute': lastMinute.growth('logins'),
    'refusals in the last minute': lastMinute.growth('refusals'),
  }
}

/** The two greatest units of a time in milliseconds. */
function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  return parts
    .slice(first < 0 ? 3 : first)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
