import { join } from 'node:path'

/** The database in a data directory. */
export function databaseIn(data: string): string {
  return join(data, 'jackdaw.db')
}
