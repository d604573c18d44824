import type { Owner } from '../../server/owner.ts'
import { put, remove, table } from '../../server/table.ts'
import { text, whole } from '../../wire/kinds.ts'

/** What was handled of each session, kept with what it counts; `at` in milliseconds since 1970. */
export const keptCounts = table('stream-management', { id: text, h: whole, at: whole }, ['id'])

/** Sessions of one account whose counts are kept. */
const most = 20

/** Keeps a session's count with what is being committed now (DESIGN 6). */
export function keepCount(owner: Owner, id: string, h: number, at: number): void {
  owner.mark(put(keptCounts, { id, h, at }))
}

/** Resolves when the count that was kept last is durable, or could not be kept: what is read is what was kept before. */
export async function countKept(owner: Owner, id: string): Promise<void> {
  await keptCount(owner, id).catch(() => {})
}

/** Keeps the last counts of sessions that are over, for clients that ask the next process (XEP-0198 §5). */
export function keepCounts(owner: Owner, counts: Iterable<readonly [id: string, h: number]>): void {
  const at = owner.host.shared.now()
  const changes = [...counts].map(([id, h]) => put(keptCounts, { id, h, at }))
  // The store says by itself that it cannot write: then they are those of the last commit.
  if (changes.length > 0) owner.commit(...changes)?.catch(() => {})
}

/** What is known of a session that this process never saw. Rejects with StorageError. */
export async function keptCount(owner: Owner, id: string): Promise<number | undefined> {
  return (await owner.read(keptCounts, { id }))[0]?.h
}

/** Forgets the oldest sessions where there are too many. Rejects with StorageError. */
export async function forgetOldCounts(owner: Owner): Promise<void> {
  const rows = await owner.read(keptCounts)
  if (rows.length < most) return
  const oldest = [...rows].sort((a, b) => a.at - b.at).slice(0, rows.length - most + 1)
  await owner.commit(...oldest.map(row => remove(keptCounts, row)))
}
