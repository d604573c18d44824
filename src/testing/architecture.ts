/** A source file, as far as the rules about it go. */
export interface Source {
  /** From the top of the repository, with `/`. */
  readonly path: string
  /** What it imports: paths from the top of the repository, or names of packages and of `node:` modules. */
  readonly imports: readonly string[]
  readonly lines: number
  /** Uses of the clock, of timers and of chance that come from nowhere: `Date.now`, `setTimeout` … */
  readonly ambient: readonly string[]
}

/**
 * Who may import whom: each room, and the rooms it may import (itself and its like always). This table is the
 * architecture; ARCHITECTURE.md explains it.
 */
const mayImport = {
  wire: [],
  runtime: [],
  'runtime driver': ['runtime', 'wire'],
  simulator: ['runtime', 'wire'],
  link: ['wire', 'runtime'],
  storage: ['wire', 'runtime'],
  'storage driver': ['storage', 'runtime', 'wire'],
  cluster: ['wire', 'runtime'],
  'cluster driver': ['cluster', 'runtime', 'wire'],
  server: ['wire', 'link', 'storage', 'cluster', 'runtime'],
  client: ['wire', 'link', 'runtime'],
  component: ['client', 'wire'],
  'feature wire': ['wire'],
  'feature exports': ['server', 'wire', 'feature wire'],
  'feature server': ['server', 'wire', 'feature wire', 'feature exports'],
  'feature client': ['client', 'wire', 'feature wire'],
  'feature list': ['server', 'feature server'],
  anything: 'anything',
} as const satisfies Record<string, readonly string[] | 'anything'>

type Room = keyof typeof mayImport

/** Rooms that may import `node:` modules, and the packages that are theirs. Everything else is pure. */
const outside: Partial<Record<Room, readonly string[]>> = {
  'runtime driver': ['@peculiar/x509', 'reflect-metadata'],
  'storage driver': ['pg'],
  'cluster driver': ['@nats-io/transport-node', '@nats-io/jetstream', '@nats-io/kv'],
}

/** First match wins. */
const rooms: readonly [RegExp, Room][] = [
  [/\.test\.ts$/, 'anything'],
  [/^src\/(cli|testing)\//, 'anything'],
  // Entry points.
  [/^src\/(index|(client|server|component)\/index)\.ts$/, 'anything'],
  [/^src\/wire\//, 'wire'],
  [/^src\/runtime\/node[^/]*$/, 'runtime driver'],
  [/^src\/runtime\/(simulated|socket-pair)[^/]*$/, 'simulator'],
  [/^src\/runtime\/runtime\.ts$/, 'runtime'],
  [/^src\/link\//, 'link'],
  [/^src\/storage\/(sqlite|postgres)[^/]*$/, 'storage driver'],
  [/^src\/storage\//, 'storage'],
  [/^src\/cluster\/(workers|nats)[^/]*$/, 'cluster driver'],
  [/^src\/cluster\//, 'cluster'],
  [/^src\/server\//, 'server'],
  [/^src\/client\//, 'client'],
  [/^src\/component\//, 'component'],
  [/^src\/features\/index\.ts$/, 'feature list'],
  [/^src\/features\/[^/]+\/wire[^/]*$/, 'feature wire'],
  [/^src\/features\/[^/]+\/exports\.ts$/, 'feature exports'],
  [/^src\/features\/[^/]+\/client[^/]*$/, 'feature client'],
  [/^src\/features\/[^/]+\/[^/]+$/, 'feature server'],
]

const longest = 400

/** Every breach of the rules, a sentence each; empty where the house is in order. */
export function breaches(sources: readonly Source[]): string[] {
  return [...sources.flatMap(breachesOf), ...cycles(sources)]
}

function breachesOf(source: Source): string[] {
  const found: string[] = []
  if (source.lines > longest) found.push(`${source.path} has ${source.lines} lines: split it, ${longest} are the most`)
  if (!source.path.startsWith('src/')) return found
  const room = roomOf(source.path)
  if (!room) return [...found, `${source.path} is in no room: see ARCHITECTURE.md`]
  for (const target of source.imports) {
    const reason = isPath(target) ? pathBreach(source.path, room, target) : packageBreach(room, target)
    if (reason !== undefined) found.push(`${source.path} imports ${target}: ${reason}`)
  }
  if (room !== 'runtime driver' && !isTest(source.path)) {
    for (const use of source.ambient) found.push(`${source.path} uses ${use}: time and chance come through the runtime`)
  }
  return found
}

function pathBreach(path: string, room: Room, target: string): string | undefined {
  const allowed: readonly string[] | 'anything' = mayImport[room]
  if (allowed === 'anything') return undefined
  const other = roomOf(target)
  if (other === undefined) return 'that is in no room'
  if (other === 'anything') return 'only tests, the command line and entry points may'
  const isOwn = featureOf(path) === featureOf(target)
  // A feature's server side is one room each, and so is its wire; another's is seen by way of `exports.ts`.
  if (room === other && (isOwn || other !== 'feature server')) return undefined
  if (allowed.includes(other) && (isOwn || room === 'feature list' || other !== 'feature server')) return undefined
  return `${room} may import only ${[room, ...allowed].join(', ')}, and that is ${isOwn ? '' : "another feature's "}${other}`.replace(
    /another feature's (?!feature)/,
    '',
  )
}

function packageBreach(room: Room, target: string): string | undefined {
  if (room === 'anything') return undefined
  const packages = outside[room]
  if (target.startsWith('node:')) return packages ? undefined : 'only drivers may import node: modules'
  return packages?.includes(target) ? undefined : `${room} has no packages of that name`
}

/** Features build on each other by `exports.ts`, and never in a circle. */
function cycles(sources: readonly Source[]): string[] {
  const edges = new Map<string, Set<string>>()
  for (const { path, imports } of sources) {
    const feature = featureOf(path)
    if (feature === undefined || isTest(path)) continue
    for (const target of imports) {
      const other = featureOf(target)
      if (other === undefined || other === feature || !target.endsWith('/exports.ts')) continue
      edges.set(feature, (edges.get(feature) ?? new Set()).add(other))
    }
  }
  const found: string[] = []
  const done = new Set<string>()
  const walk = (feature: string, trail: readonly string[]): void => {
    const start = trail.indexOf(feature)
    if (start >= 0)
      found.push(`features build on each other in a circle: ${[...trail.slice(start), feature].join(' > ')}`)
    if (start >= 0 || done.has(feature)) return
    for (const other of edges.get(feature) ?? []) walk(other, [...trail, feature])
    done.add(feature)
  }
  for (const feature of edges.keys()) walk(feature, [])
  return found
}

function roomOf(path: string): Room | undefined {
  return rooms.find(([pattern]) => pattern.test(path))?.[1]
}

function featureOf(path: string): string | undefined {
  return /^src\/features\/([^/]+)\//.exec(path)?.[1]
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('src/testing/')
}

function isPath(target: string): boolean {
  return /^(src|bin|bench|interop|web|package\.json)\b/.test(target) && !target.startsWith('node:')
}
