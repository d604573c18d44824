import { resolve } from 'node:path'
import { features } from '../../features/index.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { tablesOf } from '../../server/server.ts'
import { openSqlite, plannedMigration } from '../../storage/sqlite.ts'
import { backupSqlite, checkSqlite, restoreSqlite } from '../../storage/sqlite-maintenance.ts'
import type { TableShape } from '../../storage/storage.ts'
import type { GlobalOptions } from '../command-line.ts'
import { databaseIn } from '../data-files.ts'
import type { LocalCommand } from '../local.ts'
import { lockData } from '../lock.ts'
import type { Surroundings } from '../main.ts'
import type { Output } from '../terminal.ts'
import { shown, where } from '../where.ts'

/** The database, by hand. They read it themselves: a server that runs does not notice. */
export const dbCommands: readonly LocalCommand[] = [
  {
    words: ['db', 'backup'],
    manual:
      'Copies the database into a file. It is that of one moment, also while the server runs. Beside it, keep the ' +
      'configuration file and the folder certificates of the data directory. "db restore" puts it back.',
    arguments: [{ name: 'file', kind: 'text', manual: 'The file that is made; it must not be there yet.' }],
    local: true,
    async run({ file }, around, options) {
      const copy = resolve(around.cwd, String(file))
      const { timers } = nodeRuntime()
      const bar = progressOn(around.errors)
      const bytes = await backupSqlite({ path: databaseOf(around, options), copy, timers, progress: bar.show }).finally(
        bar.end,
      )
      return { say: `Copied the database to ${shown(copy, around.cwd)}: ${sizeText(bytes)}.` }
    },
  },
  {
    words: ['db', 'check'],
    manual:
      'Looks for damage in the whole database. The server may run. Exit code 1 where there is any. ' +
      'A file may be named, such as a backup.',
    arguments: [
      { name: 'file', kind: 'text', manual: 'Another database than that of the data directory.', optional: true },
    ],
    local: true,
    async run({ file }, around, options) {
      const path = file === undefined ? databaseOf(around, options) : resolve(around.cwd, String(file))
      const { problems, accounts, entries, bytes } = checkSqlite(path, shapes())
      const name = shown(path, around.cwd)
      if (problems.length === 0) {
        return {
          ok: true,
          say: `${name} is sound. Accounts: ${accounts}, log entries: ${entries}, ${sizeText(bytes)}.`,
        }
      }
      return {
        ok: false,
        say: `${name} is damaged. Restore a backup with "jackdaw db restore".`,
        rows: problems.map(problem => ({ problem })),
      }
    },
  },
  {
    words: ['db', 'restore'],
    manual:
      'Puts a backup in the place of the database. The server must not run. What was there is kept beside it, under ' +
      'another name.',
    arguments: [{ name: 'file', kind: 'text', manual: 'The file that "db backup" made.' }],
    local: true,
    async run({ file }, around, options) {
      const backup = resolve(around.cwd, String(file))
      const aside = whileNobodyServes(around, options, () =>
        restoreSqlite(databaseOf(around, options), backup, shapes()),
      )
      const kept = aside === undefined ? '' : ` What was there is in ${shown(aside, around.cwd)}.`
      return { say: `Restored ${shown(backup, around.cwd)}.${kept}` }
    },
  },
  {
    words: ['db', 'migrate'],
    manual:
      'Brings the database up to date. The next start would do the same. With --dry-run it only tells what ' +
      'would be done.',
    arguments: [{ name: 'dryRun', kind: 'flag', manual: 'Changes nothing.' }],
    local: true,
    async run({ dryRun }, around, options) {
      const path = databaseOf(around, options)
      const planned = plannedMigration(path, shapes())
      const rows = planned.map(step => ({ step }))
      if (planned.length === 0) return { say: 'There is nothing to do: the database is up to date.', rows }
      if (dryRun === true) return { say: 'This would be done:', rows }
      await whileNobodyServes(around, options, async () => {
        const storage = await openSqlite({ path, timers: nodeRuntime().timers })(shapes())
        await storage.close()
      })
      return { say: 'This was done:', rows }
    },
  },
]

function shapes(): readonly TableShape[] {
  return tablesOf(features).map(table => table.shape)
}

function databaseOf({ cwd }: Surroundings, options: GlobalOptions): string {
  return databaseIn(where(options, cwd).data())
}

/** Throws an Error for the operator where a server has the data. */
function whileNobodyServes<T>({ cwd }: Surroundings, options: GlobalOptions, act: () => T): T {
  const data = where(options, cwd).data()
  const lock = lockData(data)
  if (!lock) throw new Error(`a server runs with data in ${shown(data, cwd)}: stop it first`)
  const release = () => lock.release()
  let result: T | undefined
  try {
    result = act()
    return result
  } finally {
    if (result instanceof Promise) result.then(release, release)
    else release()
  }
}

/** One line on a terminal that tells how far it is; elsewhere nothing. */
function progressOn(output: Output): { show(bytes: number, all: number): void; end(): void } {
  let shownOnce = false
  return {
    show(bytes, all) {
      if (!output.isTTY) return
      shownOnce = true
      output.write(`\r${sizeText(bytes)} of about ${sizeText(all)} `)
    },
    end() {
      if (shownOnce) output.write('\r\u001b[K')
    },
  }
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
