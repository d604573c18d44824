import assert from 'node:assert/strict'
import { test } from 'node:test'
import { program } from '../test-program.ts'

const { run, top } = program('bench')

test('what cannot be measured is refused before anything starts', async () => {
  const strange = await run(top, 'bench --scenario weather')
  assert.equal(strange.code, 1)
  assert.match(strange.errors, /there is no scenario "weather", but chat, archived, /)
  const server = await run(top, 'bench --servers jackdaw,apache')
  assert.match(server.errors, /there is no server "apache", but jackdaw, prosody, ejabberd, floor/)
})

test('its manual says what it does', async () => {
  assert.match((await run(top, 'help bench')).output, /Your own server and its data are\s+not touched/)
})
