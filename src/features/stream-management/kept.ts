import type { Owner } from '../../server/owner.ts'
import { remove, table } from '../../server/table.ts'
import { text, whole } from '../../wire/kinds.ts'

/** What was handled of each session, kept with what it counts; `at` in milliseconds since 1970. */
export const keptCounts = table('stream-management', { id: text, h: whole, at: whole }, ['id'])

/** Sessions of one account whose counts are kept. */
const most = 20

/** Keeps a session's count with what is being committed now (DESIGN 6). */
export function keepCount(owner: Owner, id: string, h: number, at: number): void {
  owner.mark(keptCounts, { id, h, at })
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
