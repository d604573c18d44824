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
  // A thread that carries connections stands on this machine's sockets.
  'cluster driver': ['cluster', 'runtime', 'runtime driver', 'wire'],
  server: ['wire', 'link', 'storage', 'cluster', 'runtime'],
  client: ['wire', 'link', 'runtime'],
  component: ['client', 'wire'],
  'feature wire': ['wire'],
  'feature exports': ['server', 'wire', 'feature wire', 'feature server'],
  'feature server': ['server', 'wire', 'feature wire', 'feature exports'],
  'feature client': ['client', 'wire', 'feature wire'],
  'feature list': ['server', 'feature server'],
  entry: 'anything',
  test: 'anything',
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
  [/\.test\.ts$/, 'test'],
  // What several tests share: a contract that drivers pass, a folder to scratch in, `test-….ts`.
  [/^src\/storage\/(contract|sqlite-scratch)\.ts$|[/-]test-[^/]*\.ts$/, 'test'],
  [/^src\/testing\//, 'test'],
  [/^src\/cli\//, 'entry'],
  [/^src\/(index|(client|server|component)\/index)\.ts$/, 'entry'],
  [/^src\/wire\//, 'wire'],
  [/^src\/runtime\/node[^/]*$/, 'runtime driver'],
  [/^src\/runtime\/simulated[^/]*$/, 'simulator'],
  // Two sockets back to back are as pure as the verbs: links in memory stand on them.
  [/^src\/runtime\/(runtime|socket-pair[^/]*)\.ts$/, 'runtime'],
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
  return [...sources.flatMap(breachesOf), ...circles(sources)]
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
  if (room !== 'test' && room !== 'runtime driver' && room !== 'simulator') {
    for (const use of source.ambient) found.push(`${source.path} uses ${use}: time and chance come through the runtime`)
  }
  return found
}

function pathBreach(path: string, room: Room, target: string): string | undefined {
  const allowed: readonly string[] | 'anything' = mayImport[room]
  if (allowed === 'anything') return undefined
  const other = roomOf(target)
  if (other === undefined) return 'that is in no room'
  if (mayImport[other] === 'anything') return 'only tests, the command line and entry points may'
  // One feature's server side is a room of its own: others see it by way of `exports.ts`.
  const isForeign = other === 'feature server' && room !== 'feature list' && featureOf(path) !== featureOf(target)
  if (!isForeign && (room === other || allowed.includes(other))) return undefined
  return `${room} may import only ${[room, ...allowed].join(', ')}, and that is ${isForeign ? "another feature's server" : other}`
}

function packageBreach(room: Room, target: string): string | undefined {
  if (mayImport[room] === 'anything') return undefined
  const packages = outside[room]
  if (target.startsWith('node:')) return packages ? undefined : 'only drivers may import node: modules'
  return packages?.includes(target) ? undefined : `${room} has no packages of that name`
}

/** Features build on each other by `exports.ts`, and never in a circle. */
function circles(sources: readonly Source[]): string[] {
  const inside = new Map(
    sources
      .filter(({ path }) => featureOf(path) && roomOf(path) !== 'test')
      .map(({ path, imports }) => [path, imports]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(`features import each other in a circle: ${[...trail.slice(start), path].join(' > ')}`)
    if (start >= 0 || done.has(path)) return
    for (const target of inside.get(path) ?? []) if (inside.has(target)) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of inside.keys()) walk(path, [])
  return found
}

function roomOf(path: string): Room | undefined {
  return rooms.find(([pattern]) => pattern.test(path))?.[1]
}

function featureOf(path: string): string | undefined {
  return /^src\/features\/([^/]+)\//.exec(path)?.[1]
}

function isPath(target: string): boolean {
  return /^(src|bin|bench|interop|web)\//.test(target)
}
