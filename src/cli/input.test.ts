import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { readLines, readSecret } from './input.ts'

/** A terminal on which somebody types this. */
function terminal(typed: string) {
  const shown: string[] = []
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => void raw.push(on) })
  input.write(typed)
  return { answer: readSecret('password', input, { write: text => shown.push(text) }), shown, raw }
}

test('a secret is typed twice on a terminal, and shown never', async () => {
  const { answer, shown, raw } = terminal('sécret x\u007fy\rsécret y\r')
  assert.equal(await answer, 'sécret y')
  assert.deepEqual(shown, ['password: ', '\n', 'password again: ', '\n'])
  assert.deepEqual(raw, [true, false])
})

test('two that differ, an empty one, Ctrl-C and Ctrl-D change nothing', async () => {
  await assert.rejects(terminal('one\rtwo\r').answer, /the two differ; nothing was changed/)
  await assert.rejects(terminal('\r').answer, /the password is empty/)
  await assert.rejects(terminal('on\u0003').answer, /called off/)
  await assert.rejects(terminal('one\r\u0004').answer, /called off/)
})

test('elsewhere a secret is the first line of standard input', async () => {
  const read = (...chunks: string[]) =>
    readSecret('password', Readable.from(chunks.map(chunk => Buffer.from(chunk))), { write: () => assert.fail() })
  assert.equal(await read('one\ntwo\n'), 'one')
  assert.equal(await read('no ', 'end'), 'no end')
  assert.equal(await read('windows\r\n'), 'windows')
  await assert.rejects(read('\n'), /the password is empty/)
  await assert.rejects(read(), /there is no password on standard input/)
  await assert.rejects(read('x'.repeat(70_000)), /longer than 65536 bytes/)
})

test('lines come with and without a last end', async () => {
  const lines: string[] = []
  for await (const line of readLines(Readable.from([Buffer.from('a\nb'), Buffer.from('c\n\nd')]))) lines.push(line)
  assert.deepEqual(lines, ['a', 'bc', '', 'd'])
})
