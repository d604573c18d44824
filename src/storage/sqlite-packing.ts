import type { Unit } from './driver.ts'
import { hostOf } from './driver.ts'
import { packedWords } from './sqlite-index.ts'
import type { Cell, Write } from './storage.ts'
import type { Tables } from './tables.ts'
import { cellAt } from './tables.ts'

/** What stands first in a packed unit. */
export const unitCode = { commit: 0, create: 1, remove: 2, index: 3 } as const

/** What stands first in a packed write. */
export const writeCode = { append: 0, put: 1, delete: 2, cursor: 3, forget: 4, undelivered: 5, purge: 6 } as const

/** Units as one flat list of cells: what crosses to a worker costs by the object. */
export interface Packed {
  readonly cells: readonly Cell[]
  /** Where each unit begins. */
  readonly starts: readonly number[]
}

/**
 * Packs units whose writes were weighed. A unit is its code, then how many owners have a part in it, those owners, and
 * the writes of each (commit), or address, kind, host and writes (create), or owner and time (remove), or owner, `to`,
 * and each id with its words (index). Writes are their number, then each.
 */
export function pack(units: readonly Unit[], tables: Tables): Packed {
  const cells: Cell[] = []
  const starts: number[] = []
  for (const unit of units) {
    starts.push(cells.length)
    if (unit.unit === 'remove') {
      cells.push(unitCode.remove, unit.owner, unit.at)
      continue
    }
    if (unit.unit === 'index') {
      cells.push(unitCode.index, unit.owner, unit.to)
      for (const entry of unit.entries) cells.push(entry.id, packedWords(unit.owner, entry))
      continue
    }
    if (unit.unit === 'create') {
      cells.push(unitCode.create, unit.address, unit.kind, hostOf(unit.address))
      packWrites(cells, unit.writes, tables)
      continue
    }
    cells.push(unitCode.commit, unit.parts.length)
    for (const { owner } of unit.parts) cells.push(owner)
    for (const { writes } of unit.parts) packWrites(cells, writes, tables)
  }
  return { cells, starts }
}

function packWrites(cells: Cell[], writes: readonly Write[], tables: Tables): void {
  cells.push(writes.length)
  for (const write of writes) packWrite(cells, write, tables)
}

function packWrite(cells: Cell[], write: Write, tables: Tables): void {
  switch (write.write) {
    case 'append': {
      const { id, at, peer, direction, archived, undelivered, xml } = write.entry
      cells.push(writeCode.append, id, at, peer, direction === 'in' ? 0 : 1, archived ? 1 : 0, undelivered ? 1 : 0, xml)
      break
    }
    case 'put': {
      const table = tables.get(write.table)
      cells.push(writeCode.put, table.place)
      for (let place = 0; place < table.names.length; place++) cells.push(owned(cellAt(table, write.row, place)))
      break
    }
    case 'delete': {
      const key = tables.key(write.table, write.key)
      cells.push(writeCode.delete, tables.get(write.table).place, key.length, ...key.map(owned))
      break
    }
    case 'cursor':
      cells.push(writeCode.cursor, write.cursor, write.to)
      break
    case 'forget-cursor':
      cells.push(writeCode.forget, write.cursor)
      break
    case 'undelivered':
      cells.push(writeCode.undelivered, write.id)
      break
    case 'purge':
      cells.push(writeCode.purge, write.before, write.limit)
  }
}

/** A view of a bigger buffer would cross to the worker with all of it. */
function owned(cell: Cell): Cell {
  if (cell instanceof Uint8Array && cell.byteLength < cell.buffer.byteLength) return new Uint8Array(cell)
  return cell
}
