import { Commit } from '../storage/commit.ts'
import { openMemory } from '../storage/memory.ts'
import type { OpenStorage, OwnerId, Storage, Write } from '../storage/storage.ts'

/** What becomes of a commit: `go` makes it as the store would. */
export type Alter = (
  owner: OwnerId,
  writes: readonly Write[],
  go: () => Promise<void> | undefined,
) => Promise<void> | undefined

/** A store in memory whose commits go as the test says. */
export function alteredStore(alter: Alter): OpenStorage {
  return async tables => {
    const memory = await openMemory()(tables)
    return Object.assign(memory, alteredCommits(memory, alter))
  }
}

/** The verbs by which something is kept, altered. */
export function alteredCommits(storage: Storage, alter: Alter): Pick<Storage, 'commit' | 'keep'> {
  const keep = storage.keep.bind(storage)
  const commit: Storage['commit'] = (owner, writes) => alter(owner, writes, () => keep(owner, writes)?.promise())
  return {
    commit,
    keep(owner, writes) {
      const receipt = commit(owner, writes)
      return receipt && Commit.of(receipt)
    },
  }
}
