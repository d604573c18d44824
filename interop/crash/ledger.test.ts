import assert from 'node:assert/strict'
import test from 'node:test'
import { Ledger, type Name, nameOf } from './ledger.ts'

/** Three messages of romeo to juliet, acknowledged and delivered. */
function three(): Ledger {
  const ledger = new Ledger()
  for (let count = 0; count < 3; count++) {
    const id = ledger.next('romeo', 'juliet')
    ledger.acknowledge(id)
    ledger.see('romeo', id)
    ledger.see('juliet', `${id} and more`)
  }
  return ledger
}

const names = (...numbers: number[]): Name[] => numbers.map(number => ({ from: 'romeo', to: 'juliet', number }))
const judged = (ledger: Ledger, sender: readonly Name[], recipient: readonly Name[]) =>
  ledger.judge(
    new Map([
      ['romeo', sender],
      ['juliet', recipient],
    ]),
  )

test('a promise that was kept', () => {
  const { messages, first, ...wrong } = judged(three(), names(1, 2, 3), names(1, 2, 3))
  assert.deepEqual(wrong, { lost: 0, doubled: 0, reordered: 0, undelivered: 0, again: 0 })
  assert.equal(messages, 3)
  assert.deepEqual(first, [])
})

test('what was acknowledged is lost where one of both archives lacks it, and counted once', () => {
  const verdict = judged(three(), names(1, 3), names(1, 3))
  assert.equal(verdict.lost, 1)
  assert.deepEqual(verdict.first, [
    'romeo-juliet-2 is missing in the archive of romeo',
    'romeo-juliet-2 is missing in the archive of juliet',
  ])
  assert.equal(judged(three(), names(1, 2, 3), names(1, 2)).lost, 1)
  assert.equal(judged(three(), [], []).lost, 3)
})

test('what was never delivered is told, and what nobody acknowledged is not missed', () => {
  const ledger = three()
  const id = ledger.next('romeo', 'juliet')
  assert.equal(ledger.undelivered, 0)
  assert.equal(judged(ledger, names(1, 2, 3), names(1, 2, 3)).lost, 0)
  ledger.acknowledge(id)
  assert.equal(ledger.undelivered, 1)
  const { lost, undelivered } = judged(ledger, names(1, 2, 3, 4), names(1, 2, 3, 4))
  assert.deepEqual([lost, undelivered], [0, 1])
})

test('doubled and reordered entries of an archive', () => {
  assert.equal(judged(three(), names(1, 2, 2, 3), names(1, 2, 3)).doubled, 1)
  assert.equal(judged(three(), names(1, 2, 3), names(1, 3, 2)).reordered, 1)
  assert.equal(judged(three(), names(1, 2, 3, 1), names(1, 2, 3)).reordered, 0)
})

test('a client may have a message again, but none behind a later one', () => {
  const ledger = three()
  ledger.see('juliet', 'romeo-juliet-2')
  assert.equal(judged(ledger, names(1, 2, 3), names(1, 2, 3)).again, 1)
  const wrong = new Ledger()
  for (let count = 0; count < 2; count++) wrong.acknowledge(wrong.next('romeo', 'juliet'))
  wrong.see('juliet', 'romeo-juliet-2')
  wrong.see('juliet', 'romeo-juliet-1')
  assert.equal(judged(wrong, names(1, 2), names(1, 2)).reordered, 1)
})

test('names are read from the begin of a text', () => {
  assert.deepEqual(nameOf('romeo-juliet-12 what'), { from: 'romeo', to: 'juliet', number: 12 })
  assert.equal(nameOf('something else'), undefined)
})
