import assert from 'node:assert/strict'
import test from 'node:test'
import { ScramKeys } from '../bench/peers/scram.ts'
import { parseScript } from '../src/testing/scs.ts'
import { abilities } from './abilities.ts'
import type { Cell } from './cells.ts'
import type { Kind } from './client.ts'
import { rounds } from './scripts.ts'
import { abilityTable, type Column, document } from './table.ts'

function column(name: string, change: (ability: string) => Partial<Cell> = () => ({})): Column {
  const kind: Kind = {
    name,
    source: 'Debian: package',
    version: async () => '1',
    start: () => Promise.reject(new Error('not started')),
    cannot: {},
  }
  const cells = abilities.map(
    ({ name: ability }): Cell => ({ ability, result: 'ok', seen: 'seen', ...change(ability) }),
  )
  return { kind, version: '1', cells }
}

test('the table has a row for each ability and a column for each client', () => {
  const columns = [
    column('one'),
    column('two', ability => (ability === 'time' ? { result: '–', seen: 'no command' } : {})),
    column('three', ability => (ability === 'time' ? { result: 'failed', seen: 'too late' } : {})),
  ]
  const rows = abilityTable(columns).split('\n')
  assert.equal(rows.length, abilities.length + 2)
  assert.equal(rows[0], '|  | one | two | three |')
  assert.ok(rows.includes('| time | ok | – | failed |'))
  assert.ok(document(columns).includes('- **two**, time: no command.'))
})

test('scripts of one round have no account in common', () => {
  const play = (file: string, ...names: string[]) => {
    const cast = names.map(name => `[Client] ${name}\n\tjid: ${name}@localhost\n\tpassword: x\n`).join('\n')
    return { file, script: parseScript(`# A title\n\n${cast}\n-----\n\n${names[0]} connects\n`) }
  }
  const plays = [play('1', 'romeo'), play('2', 'romeo', 'juliet'), play('3', 'tybalt'), play('4', 'juliet')]
  assert.deepEqual(
    rounds(plays).map(round => round.map(({ file }) => file)),
    [['1', '3', '4'], ['2']],
  )
})

test('the load answers SCRAM as RFC 5802 §5 does', async () => {
  const answer = await new ScramKeys().answer(
    'SHA-1',
    'pencil',
    'n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
  )
  assert.deepEqual(answer, {
    message: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  })
})
