import type { DatabaseSync } from 'node:sqlite'
import { addColumn, createTable, tableName } from './sql.ts'
import { pragma } from './sqlite-connection.ts'
import { copyInto } from './sqlite-copy.ts'
import { fault } from './sqlite-error.ts'
import { application, sqlite, statements, storeSteps } from './sqlite-schema.ts'
import { StorageError } from './storage.ts'
import type { Table, Tables } from './tables.ts'

/** How a sentence about a new table begins. */
export const makeTable = 'make the table '

/** What brings a database up to date. */
export interface Migration {
  /** What will be done, a sentence for each change; empty where there is nothing to do. */
  readonly sentences: readonly string[]
  readonly sql: readonly string[]
  /** Where the database is copied to first; undefined where nothing that exists changes. */
  readonly backup: string | undefined
}

/**
 * What must be done so that this database holds these tables. Changes nothing. Throws StorageError where the file is
 * not ours, is from a newer program, or is not what its versions say.
 */
export function plan(database: DatabaseSync, path: string, tables: Tables, steps = storeSteps): Migration {
  const version = storeVersion(database, path, steps.length)
  const versions = version === 0 ? new Map<string, number>() : tableVersions(database)
  const sentences: string[] = []
  const sql: string[] = []
  let changes = false
  if (version < steps.length) {
    changes = version > 0
    sentences.push(version === 0 ? 'make the store' : `bring the store from version ${version} to ${steps.length}`)
    sql.push(...steps.slice(version).flat(), `pragma application_id = ${application}`)
  }
  for (const table of tables.list) {
    const had = versions.get(table.name)
    if (had !== undefined && had > table.version) throw newer(path, `the table ${table.name}`, had, table.version)
    if (had === undefined) {
      sentences.push(`${makeTable}${table.name}`)
      sql.push(createTable(table, sqlite), setVersion(table))
      continue
    }
    const missing = missingColumns(database, path, table, had)
    if (had === table.version) continue
    changes = true
    const names = missing.map(place => table.names[place])
    const added = names.length === 0 ? '' : `, adding ${names.join(', ')}`
    sentences.push(`bring the table ${table.name} from version ${had} to ${table.version}${added}`)
    sql.push(...missing.map(place => addColumn(table, place, sqlite)), setVersion(table))
  }
  // Versions only grow, so their sum names a state of the schema.
  const sum = [...versions.values()].reduce((a, b) => a + b, 0)
  return { sentences, sql, backup: changes ? `${path}.backup-${version}.${sum}` : undefined }
}

/**
 * Brings the database up to date in one transaction, after a copy where something that exists changes. Returns
 * sentences about what was done. Throws StorageError, and then nothing was changed.
 */
export function migrate(database: DatabaseSync, path: string, tables: Tables, steps = storeSteps): readonly string[] {
  const { backup } = plan(database, path, tables, steps)
  if (backup !== undefined) copy(database, path, backup)
  database.exec('begin immediate')
  let sentences: readonly string[]
  try {
    const now = plan(database, path, tables, steps)
    if (now.backup !== backup) throw new StorageError(`Another program is changing ${path}: end it and start again.`)
    sentences = now.sentences
    for (const statement of now.sql) database.exec(statement)
    // Even with nothing to do, this shows at once whether the database can be written: beginning does not.
    database.exec(`pragma user_version = ${steps.length}`)
    database.exec('commit')
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
  return backup === undefined ? sentences : [`copy the database to ${backup}`, ...sentences]
}

function copy(database: DatabaseSync, path: string, backup: string): void {
  try {
    copyInto(database, backup)
  } catch (thrown) {
    const why = fault(thrown, path).error.message
    throw new StorageError(`No backup could be made at ${backup}, so nothing was changed. ${why}`, { cause: thrown })
  }
}

function storeVersion(database: DatabaseSync, path: string, known: number): number {
  const mark = pragma(database, 'application_id')
  const version = Number(pragma(database, 'user_version'))
  if (mark !== application) {
    const empty = database.prepare('select 1 from sqlite_schema limit 1').get() === undefined
    if (mark === 0 && version === 0 && empty) return 0
    throw new StorageError(`The database ${path} belongs to another program: name another file.`)
  }
  if (version > known) throw newer(path, 'the store', version, known)
  return version
}

function newer(path: string, what: string, has: number, known: number): StorageError {
  return new StorageError(
    `The database ${path} is from a newer version of this program: ${what} has version ${has}, and only ${known} is known ` +
      'here. Install the newer version again, or put back the backup that it made beside the database.',
  )
}

function tableVersions(database: DatabaseSync): Map<string, number> {
  const rows = database.prepare(statements.versions).all()
  return new Map(rows.map(({ name, version }) => [String(name), Number(version)]))
}

/** The places of columns that came after version `had`. Throws StorageError where columns and versions disagree. */
function missingColumns(database: DatabaseSync, path: string, table: Table, had: number): readonly number[] {
  const there = new Set(
    database
      .prepare(`pragma table_info(${tableName(table.name)})`)
      .all()
      .map(({ name }) => name),
  )
  const places = table.names.map((_, place) => place).filter(place => !there.has(table.names[place]!))
  for (const place of places) {
    const name = table.names[place]!
    if ((table.columns[name]!.since ?? 1) > had) continue
    throw new StorageError(
      `The table ${table.name} of ${path} has version ${had} and lacks the column ${name}: its declaration must say since which version it is there.`,
    )
  }
  return places
}

function setVersion(table: Table): string {
  // The name was checked to be of letters, digits, _ and -.
  return (
    `insert into "versions" ("name", "version") values ('${table.name}', ${table.version}) ` +
    'on conflict do update set "version" = excluded."version"'
  )
}
