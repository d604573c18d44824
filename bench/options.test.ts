import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

test('what is asked for is read, with what stands for the rest', () => {
  const { wishes, cases, programs, rounds, seconds, warm } = readOptions([
    ...[
      '--scenario',
      'chat,idle',
      '--case',
      'TLS',
      '--window',
      '4,16',
      '--rounds',
      '2',
      '--seconds=0.5',
      '--warm',
      '0',
    ],
  ])
  assert.deepEqual(
    [...cases].map(([name, all]) => [name, all.map(({ label }) => label)]),
    [['chat', ['TLS, window 4', 'TLS, window 16']]],
  )
  assert.deepEqual([rounds, seconds, warm, wishes.pairs], [2, 0.5, 0, 100])
  assert.deepEqual(programs, ['jackdaw', 'prosody', 'ejabberd', 'floor'])
})

test('what cannot be measured is refused, and what can is named', () => {
  const wrong: [string, RegExp][] = [
    ['--scenario weather', /^there is no scenario "weather", but chat, archived, /],
    ['--servers jackdaw,', /^there is no server "", but jackdaw, prosody, ejabberd, floor$/],
    ['--scenario chat --case nothing', /^there is no case "nothing", but "TLS, window 4", "TLS, window 1", "plain, /],
    ['--rounds 0', /^--rounds must be 1 or more, not "0"$/],
    ['--rounds -1', /--rounds/],
    ['--rounds=-1', /^--rounds must be 1 or more, not "-1"$/],
    ['--rounds 1.5', /^--rounds must be 1 or more, not "1.5"$/],
    ['--seconds 0', /^--seconds must be a number of seconds above 0, not "0"$/],
    ['--seconds=', /^--seconds must be a number of seconds above 0, not ""$/],
    ['--warm x', /^--warm must be a number of seconds, not "x"$/],
    ['--window 4,', /^--window must be 1 or more, not ""$/],
    ['--write --servers jackdaw', /^--write wants all servers/],
    ['--colour', /colour/],
    ['chat', /chat/],
  ]
  for (const [args, message] of wrong)
    assert.throws(() => readOptions(args.split(' ')), { name: 'Refused', message }, args)
})
