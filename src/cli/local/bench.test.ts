import assert from 'node:assert/strict'
import { test } from 'node:test'
import { program } from '../test-program.ts'

const { run, top } = program('bench')

test('what cannot be measured is refused before anything starts', async () => {
  const [scenario, rounds] = await Promise.all([
    run(top, 'bench --scenario weather'),
    run(top, 'bench --rounds -1 --json'),
  ])
  assert.equal(scenario.code, 2)
  assert.match(scenario.errors, /^jackdaw: there is no scenario "weather", but chat, archived, .*\n$/)
  assert.deepEqual(JSON.parse(rounds.output), { ok: false, error: '--rounds must be 1 or more, not "-1"' })
  assert.equal(rounds.errors, '')
})

test('programs that are missing are named', async () => {
  const { code, errors } = await run(top, 'bench --servers jackdaw,floor')
  assert.equal(code, 2)
  assert.match(errors, /^jackdaw: openssl and taskset would have to be installed \(Debian: openssl and util-linux\)\n$/)
})

test('its manual says what it does', async () => {
  assert.match((await run(top, 'help bench')).output, /Your own server and its data are\s+not touched/)
})
