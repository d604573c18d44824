import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Timer } from '../../src/runtime/runtime.ts'
import { credentials } from '../../src/server/accounts.ts'
import { openSqlite } from '../../src/storage/sqlite.ts'
import type { PeerOptions } from './peer.ts'

const timers = {
  after: () => ({}) as Timer,
  cancel: () => {},
  turn: (fn: () => void) => void setImmediate(fn),
}

/** Makes accounts like u0 in the folder of a server of ours that has ended. */
export async function copyJackdaw({ folder }: PeerOptions, count: number): Promise<void> {
  const { shape } = credentials
  const storage = await openSqlite({ path: join(folder, 'data', 'jackdaw.db'), timers })([shape])
  try {
    const first = (await storage.find('u0@localhost'))!
    const rows = await storage.rows(first, shape.name)
    const writes = rows.map(row => ({ write: 'put', table: shape.name, row }) as const)
    const create = (_: unknown, index: number) => storage.create(`u${index + 1}@localhost`, 'account', writes)
    await Promise.all(Array.from({ length: count - 1 }, create))
  } finally {
    await storage.close()
  }
}

/** The same for a Prosody with its own files, of which an account has one. */
export async function copyProsody({ folder }: PeerOptions, count: number): Promise<void> {
  const accounts = join(folder, 'data', 'localhost', 'accounts')
  for (let number = 1; number < count; number++)
    await copyFile(join(accounts, 'u0.dat'), join(accounts, `u${number}.dat`))
}
