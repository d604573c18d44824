import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlushList } from './flush.ts'
import { bare, simulation } from './test-notes.ts'

/** Links on one list, and what each has written so far. */
async function links(count: number) {
  const runtime = simulation()
  const all: Awaited<ReturnType<typeof bare>>[] = []
  for (let i = 0; i < count; i++) all.push(await bare(runtime))
  const written = () => all.map(({ peer }) => peer.reads.join(''))
  return { runtime, all, written }
}

test('what can wait is written at the end of the turn where it is for a few', async () => {
  const { runtime, all, written } = await links(3)
  for (const { link } of all) link.write('<presence/>', true)
  await runtime.settle()
  assert.deepEqual(written(), Array(3).fill('<presence/>'))
})

test('where it is for many it waits for more, but for what cannot wait, and not for long', async () => {
  const { runtime, all, written } = await links(40)
  const present = (n: number) => {
    for (const { link } of all) link.write(`<presence id="${n}"/>`, true)
  }
  present(1)
  await runtime.settle()
  assert.deepEqual(written(), Array(40).fill(''))
  present(2)
  await runtime.settle()
  // In order, whatever hurries.
  all[0]!.link.write('<message/>')
  all[1]!.link.close()
  await runtime.settle()
  const both = '<presence id="1"/><presence id="2"/>'
  assert.deepEqual(written(), [`${both}<message/>`, both, ...Array(38).fill('')])
  await runtime.advance(10)
  assert.deepEqual(written().slice(2), Array(38).fill(both))
  assert.equal(all[2]!.peer.reads.length, 1, 'one write')
  assert.equal(written()[0], `${both}<message/>`)
  // It begins anew.
  present(3)
  await runtime.settle()
  assert.equal(written()[5], both)
  await runtime.advance(10)
  assert.equal(written()[5], `${both}<presence id="3"/>`)
})

test('much of it does not wait', async () => {
  const { runtime, all, written } = await links(40)
  for (const { link } of all) link.write('<presence/>', true)
  all[0]!.link.write(`<presence>${'x'.repeat(20_000)}</presence>`, true)
  await runtime.settle()
  assert.deepEqual([written()[0]!.length > 20_000, written()[1]], [true, ''])
})

test('one that throws takes no other with it, be it patient', () => {
  const turns: (() => void)[] = []
  const list = new FlushList({ turn: (fn: () => void) => void turns.push(fn) } as never)
  const flushed: string[] = []
  const one = (name: string, fault?: Error) => ({
    flush() {
      if (fault) throw fault
      flushed.push(name)
    },
  })
  const fault = new Error('a fault')
  for (const all of [['a', 'b'] as const, ['c', 'd'] as const]) {
    list.add(one('fault', fault))
    for (const name of all) list.add(one(name))
    list.addPatient(one(`patient ${all[0]}`))
    while (turns.length > 0)
      try {
        turns.shift()!()
      } catch (error) {
        assert.equal(error, fault)
      }
  }
  assert.deepEqual(flushed.toSorted(), ['a', 'b', 'c', 'd', 'patient a', 'patient c'])
})
