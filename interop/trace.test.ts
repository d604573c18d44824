import assert from 'node:assert/strict'
import test from 'node:test'
import { acknowledges, broken, has, readTrace } from './trace.ts'

const wal = '/tmp/x/jackdaw.db-wal'
const client = 'TCP:[127.0.0.1:5222->127.0.0.1:40000]'
const write = `7 pwrite64(21<${wal}>, "...item-1...", 4096, 32) = 4096`
const sync = `7 fdatasync(21<${wal}>) = 0`
const reply = `5 write(25<${client}>, "<iq id=\\"set-1\\"/>", 20) = 20`
const judged = (...lines: string[]) => broken(readTrace(lines.join('\n')), 'item-1', 'the answer', has('set-1'))

test('an answer behind the sync of its commit is in order', () => {
  assert.equal(judged(write, sync, reply), undefined)
  assert.equal(
    judged(write, `7 fdatasync(21<${wal}> <unfinished ...>`, '7 <... fdatasync resumed>) = 0', reply),
    undefined,
  )
})

test('an answer before the end of that sync is not', () => {
  assert.match(judged(write, reply, sync)!, /line 1, its commit in line 0, synced by line 2/)
  assert.match(judged(sync, write, reply)!, /never synced/)
  assert.match(judged(write, `7 fdatasync(22</tmp/x/jackdaw.db>) = 0`, reply)!, /never synced/)
  assert.match(
    judged(write, `7 fdatasync(21<${wal}> <unfinished ...>`, reply, '7 <... fdatasync resumed>) = 0')!,
    /synced by line 3/,
  )
})

test('what is missing in the trace is told', () => {
  assert.match(judged(sync, reply)!, /never written to the log/)
  assert.match(judged(write, sync)!, /never written to a connection/)
})

test('an acknowledgement covers what it counts', () => {
  const acknowledged = (h: number) => `5 write(25<${client}>, "<a xmlns=\\"urn:xmpp:sm:3\\" h=\\"${h}\\"/>", 20) = 20`
  const third = (...lines: string[]) => broken(readTrace(lines.join('\n')), 'item-1', 'the count', acknowledges(3))
  assert.equal(third(acknowledged(2), write, acknowledged(2), sync, acknowledged(3)), undefined)
  assert.equal(third(write, sync, acknowledged(12)), undefined)
  assert.match(third(write, acknowledged(3), sync)!, /synced by line 2/)
  assert.match(third(write, sync, acknowledged(2))!, /never written to a connection/)
})
