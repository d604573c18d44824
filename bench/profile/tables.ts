import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { table } from '../measurement.ts'
import { root } from '../place.ts'

/** The parts of a V8 profile that are read here. */
interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  readonly startTime: number
  readonly endTime: number
}
interface HeapNode {
  readonly callFrame: Frame
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}

/** What a thread did by itself in each function: microseconds, or bytes. */
type Shares = Map<string, number>

const folder = root + sep

/** Where a function stands, in words. */
function placeOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName || '(anonymous)'
  if (!url) return name
  const file = url.replace('file://', '').replace(folder, '')
  return `${name}  ${file}:${lineNumber + 1}`
}

function add(shares: Shares, key: string, value: number): void {
  shares.set(key, (shares.get(key) ?? 0) + value)
}

/** Microseconds of each function without what it called; time in which the thread did nothing is left out. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Shares {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const shares: Shares = new Map()
  samples.forEach((id, index) => {
    const place = places.get(id)!
    // A sample stands for the time until the next one.
    if (place !== '(idle)') add(shares, place, timeDeltas[index + 1] ?? 0)
  })
  return shares
}

/** Bytes that each function allocated itself, those that have been collected among them. */
export function allocations({ head }: { readonly head: HeapNode }): Shares {
  const shares: Shares = new Map()
  const left: HeapNode[] = [head]
  for (let node = left.pop(); node; node = left.pop()) {
    if (node.selfSize > 0) add(shares, placeOf(node.callFrame), node.selfSize)
    left.push(...node.children)
  }
  return shares
}

/** The functions of all threads that took most by themselves; `units` were done meanwhile. */
function most(
  heading: string,
  threads: ReadonlyMap<string, Shares>,
  { units, digits, rows }: { units: number; digits: number; rows: number },
): string {
  const all = [...threads].flatMap(([thread, shares]) =>
    [...shares].map(([place, value]) => ({ thread, place, value })),
  )
  const whole = all.reduce((sum, { value }) => sum + value, 0)
  const top = all.sort((a, b) => b.value - a.value).slice(0, rows)
  const sums = [...threads].map(([thread, shares]) => ({
    thread,
    place: 'all of this thread',
    value: [...shares.values()].reduce((sum, value) => sum + value, 0),
  }))
  const lines = [...sums, ...top].map(({ thread, place, value }) => [
    thread,
    (value / units).toFixed(digits),
    `${((100 * value) / whole).toFixed(1)} %`,
    place,
  ])
  return table(['thread', heading, 'share', 'function, by itself'], lines)
}

/**
 * The tables of all profiles in a folder: time, and memory, for each unit of the work that was done while either was
 * profiled. What a thread waits for in a system call counts as its time: `exec` of the writer is mostly the disk's sync.
 */
export function profileTables(folder: string, done: number, allocating: number, rows = 40): string {
  const read = <T>(kind: string, share: (profile: T) => Shares) =>
    new Map(
      readdirSync(folder)
        .filter(file => file.endsWith(`.${kind}`))
        .sort()
        .map(file => {
          const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as T
          return [basename(file, `.${kind}`), share(profile)] as const
        }),
    )
  const times = most('µs/unit', read('cpuprofile', selfTimes), { units: done, digits: 2, rows })
  const bytes = most('bytes/unit', read('heapprofile', allocations), { units: allocating, digits: 0, rows })
  return `${times}\n\n${bytes}`
}
