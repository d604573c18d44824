import assert from 'node:assert/strict'
import { test } from 'node:test'
import { features } from '../../features/index.ts'
import { AccountError } from '../../server/accounts.ts'
import type { Answer, Command } from '../../server/command.ts'
import { feature } from '../../server/feature.ts'
import { testServer } from '../../testing/server.ts'
import { StanzaError } from '../../wire/errors.ts'
import { dataForm } from '../../wire/form.ts'
import { Executor, filled, refusal } from './test-executor.ts'
import { commandsNamespace } from './wire.ts'

/** A server of which Bard is an administrator, with one more command that answers so. */
async function globe(run: Command['run'] = () => ({}), config: Record<string, unknown> = {}) {
  const play: Command = {
    words: ['play'],
    manual: 'Gives a play: on a stage. Or elsewhere.',
    arguments: [
      { name: 'author', kind: 'jid', manual: 'Who wrote it.' },
      { name: 'title', kind: 'text', manual: 'Its name.' },
      { name: 'acts', kind: 'number', manual: 'How many acts.', optional: true },
      { name: 'prologue', kind: 'flag', manual: 'Whether with a prologue.' },
      { name: 'password', kind: 'secret', manual: 'The stage door.', option: true },
      { name: 'lines', kind: 'input', manual: 'What is said.', optional: true },
    ],
    run,
  }
  const curtain: Command = { words: ['curtain', 'fall'], manual: 'Ends it.', arguments: [], run }
  const plays = feature({ name: 'plays', commands: () => [play, curtain], start: () => [] })
  const house = await testServer({
    features: [...features, plays],
    config: { administration: { accounts: ['bard@localhost'] }, ...config },
  })
  const bard = new Executor(await house.connect('bard@localhost/globe'))
  return { house, bard }
}

test('XEP-0050 §2.2: an administrator sees all commands, each with what it is', async () => {
  const { house, bard } = await globe()
  const items = await bard.items(commandsNamespace)
  const nodes = items.map(({ node }) => node!)
  for (const { words } of house.server.commands) assert.ok(nodes.includes(words.join('/')), words.join(' '))
  assert.equal(new Set(nodes).size, nodes.length)
  assert.ok(items.every(({ jid }) => jid.full === 'localhost'))
  assert.equal(items.find(({ node }) => node === 'play')!.name, 'play: Gives a play')
  for (const node of nodes) {
    const { identities, features: can } = await bard.info(node)
    assert.deepEqual([identities[0]!.category, identities[0]!.type], ['automation', 'command-node'])
    assert.deepEqual(
      can.map(one => one.var),
      [commandsNamespace, 'jabber:x:data'],
    )
    assert.deepEqual(await bard.items(node), [])
  }
  const { identities } = await bard.info(commandsNamespace)
  assert.deepEqual([identities[0]!.category, identities[0]!.type], ['automation', 'command-list'])
  await house.stop()
})

test('others see no commands, and are forbidden each', async () => {
  const { house, bard } = await globe()
  const nodes = (await bard.items(commandsNamespace)).map(({ node }) => node!)
  const iago = new Executor(await house.connect('iago@localhost'))
  assert.deepEqual(await iago.items(commandsNamespace), [])
  for (const node of nodes) {
    await assert.rejects(iago.execute(node), refusal('forbidden'))
    await assert.rejects(iago.info(node), refusal('forbidden'))
    await assert.rejects(iago.items(node), refusal('forbidden'))
  }
  const { sessionid } = await bard.execute('play')
  await assert.rejects(iago.execute('play', { sessionid: sessionid! }), refusal('forbidden'))
  assert.ok(!house.log.some(({ sentence }) => sentence === 'command executed'))
  await house.stop()
})

test('an administrator is one on every host, by the account and not by a resource or a name elsewhere', async () => {
  const hosts = { localhost: {}, 'other.example': {} }
  const { house, bard } = await globe(undefined, { hosts })
  const here = new Executor(await house.connect('bard@other.example'), 'other.example')
  assert.deepEqual(await here.items(commandsNamespace), [])
  await assert.rejects(here.execute('status'), refusal('forbidden'))
  const there = new Executor(await house.connect('bard@localhost/second'), 'other.example')
  assert.ok((await there.items(commandsNamespace)).length > 0)
  assert.equal((await there.execute('status')).status, 'completed')
  assert.equal((await bard.execute('status')).status, 'completed')
  await house.stop()
})

test('the arguments of a command are a form, and its values come as the command line would give them', async () => {
  const seen: unknown[] = []
  const { house, bard } = await globe(values => {
    seen.push(values)
    return { say: 'Applause.' }
  })
  const asked = await bard.execute('play', { action: 'execute' })
  assert.equal(asked.status, 'executing')
  assert.deepEqual(asked.actions, { execute: 'complete', prev: false, next: false, complete: true })
  const { title, instructions, fields } = dataForm.read(asked.payload[0]!)
  assert.deepEqual([title, instructions], ['play', ['Gives a play: on a stage. Or elsewhere.']])
  assert.deepEqual(
    fields.map(({ name, type, required }) => [name, type, required]),
    [
      ['FORM_TYPE', 'hidden', false],
      ['author', 'jid-single', true],
      ['title', 'text-single', true],
      ['acts', 'text-single', false],
      ['prologue', 'boolean', false],
      ['password', 'text-private', false],
      ['lines', 'text-multi', false],
    ],
  )
  const whole = {
    author: 'Will@Localhost',
    title: 'Lear',
    acts: '5.5',
    prologue: '1',
    password: 'p',
    lines: ['a', 'b'],
  }
  const answer = await bard.execute('play', { sessionid: asked.sessionid!, form: whole })
  assert.equal(answer.status, 'completed')
  assert.deepEqual(answer.notes, [{ type: 'info', text: 'Applause.' }])
  assert.equal(answer.lang, 'en')
  await bard.fill('play', { author: 'will@localhost', title: 'Lear', acts: '', password: '' })
  assert.deepEqual(seen, [
    { author: 'will@localhost', title: 'Lear', acts: 5.5, prologue: true, password: 'p', lines: 'a\nb' },
    { author: 'will@localhost', title: 'Lear', acts: undefined, password: undefined },
  ])
  await house.stop()
})

test('rows are a table, as many as may be shown', async () => {
  const rows = [
    { play: 'Lear', acts: 5, given: true, by: 'kemp@localhost' },
    { play: 'Bell \u0007', acts: null, given: false, by: 'burbage@localhost' },
    { play: 'Hamlet', acts: 5, given: true, by: 'x@localhost' },
  ]
  const { house, bard } = await globe(() => ({ rows }), { commands: { rows: 2 } })
  const { status, notes, payload } = await bard.execute('curtain/fall')
  assert.equal(status, 'completed')
  assert.deepEqual(notes, [{ type: 'warn', text: 'These are the first 2 of 3.' }])
  const { type, title, reported, items } = dataForm.read(payload[0]!)
  assert.deepEqual([type, title], ['result', 'curtain fall'])
  assert.deepEqual(
    reported!.fields.map(({ name, label, type }) => [name, label, type]),
    [
      ['play', 'play', 'text-single'],
      ['acts', 'acts', 'text-single'],
      ['given', 'given', 'boolean'],
      ['by', 'by', 'jid-single'],
    ],
  )
  assert.deepEqual(
    items.map(({ fields }) => fields.map(({ values }) => values[0])),
    [
      ['Lear', '5', 'true', 'kemp@localhost'],
      ['Bell \ufffd', '', 'false', 'burbage@localhost'],
    ],
  )
  await house.stop()
})

test('an answer of nothing says so', async () => {
  const { house, bard } = await globe()
  const { notes, payload } = await bard.execute('curtain/fall')
  assert.deepEqual([notes, payload], [[{ type: 'info', text: 'There is nothing to show.' }], []])
  await house.stop()
})

test('a form that is not what was asked for is told by field, and can be filled in again', async () => {
  const { house, bard } = await globe()
  const { sessionid } = await bard.execute('play')
  const good = { author: 'will@localhost', title: 'Lear' }
  const wrong = [
    [{ title: 'Lear' }, /"author".*It is required/],
    [{ ...good, author: '' }, /"author".*It is required/],
    [{ ...good, author: 'a@b@c' }, /"author"/],
    [{ ...good, title: ['Lear', 'Hamlet'] }, /"title".*only one value/],
    [{ ...good, acts: 'five' }, /"acts".*decimal/],
    [{ ...good, prologue: 'perhaps' }, /"prologue"/],
    [{ ...good, FORM_TYPE: 'urn:example:other' }, /urn:example:other/],
  ] as const
  for (const [form, text] of wrong)
    await assert.rejects(
      bard.execute('play', { sessionid: sessionid!, form }),
      refusal('bad-request', 'bad-payload', text),
    )
  for (const type of ['form', 'result', 'nonsense', undefined])
    await assert.rejects(
      bard.execute('play', { sessionid: sessionid!, form: filled(good).with('type', type) }),
      refusal('bad-request', 'bad-payload'),
    )
  await assert.rejects(
    bard.execute('play', { sessionid: sessionid! }),
    refusal('bad-request', 'bad-payload', /missing/),
  )
  assert.ok(!house.log.some(({ sentence }) => sentence === 'command executed'))
  // §3.5.1: what is called cancelled counts as submitted.
  const form = filled(good).with('type', 'cancel')
  assert.equal((await bard.execute('play', { sessionid: sessionid!, action: 'complete', form })).status, 'completed')
  await house.stop()
})

test('XEP-0050 §2.4.3, §3.3: cancelled, completed, expired and unknown sessions', async () => {
  const { house, bard } = await globe(undefined, { commands: { expires: '1m' } })
  const expired = refusal('not-allowed', 'session-expired')
  const unknown = refusal('bad-request', 'bad-sessionid')
  const good = { author: 'will@localhost', title: 'Lear' }

  const first = (await bard.execute('play')).sessionid!
  const second = await bard.execute('play', { sessionid: first, action: 'cancel' })
  assert.deepEqual([second.status, second.sessionid, second.payload], ['canceled', first, []])
  await assert.rejects(bard.execute('play', { sessionid: first, form: good }), expired)

  const { sessionid } = await bard.fill('play', good)
  await assert.rejects(bard.execute('play', { sessionid: sessionid!, form: good }), expired)

  const third = (await bard.execute('play')).sessionid!
  await house.advance(59_000)
  await assert.rejects(bard.execute('play', { sessionid: third, form: {} }), refusal('bad-request', 'bad-payload'))
  await house.advance(59_000)
  await assert.rejects(bard.execute('play', { sessionid: third, form: {} }), refusal('bad-request', 'bad-payload'))
  await house.advance(60_000)
  await assert.rejects(bard.execute('play', { sessionid: third, form: good }), expired)

  const fourth = (await bard.execute('play')).sessionid!
  await assert.rejects(bard.execute('status', { sessionid: fourth }), unknown)
  const elsewhere = new Executor(await house.connect('bard@localhost/elsewhere'))
  await assert.rejects(elsewhere.execute('play', { sessionid: fourth, form: good }), unknown)
  await assert.rejects(elsewhere.execute('play', { sessionid: first, form: good }), unknown)
  for (const sessionid of ['', 'never']) await assert.rejects(bard.execute('play', { sessionid }), unknown)
  for (const action of ['cancel', 'prev', 'next', 'complete'])
    await assert.rejects(bard.execute('play', { action }), unknown)
  assert.equal((await bard.execute('play', { sessionid: fourth, form: good })).status, 'completed')
  await house.stop()
})

test('of too many sessions of one account the longest unused one gives way', async () => {
  const { house, bard } = await globe(undefined, { commands: { sessions: 2 } })
  const form = { author: 'will@localhost', title: 'Lear' }
  const [one, two] = [(await bard.execute('play')).sessionid!, (await bard.execute('play')).sessionid!]
  await assert.rejects(bard.execute('play', { sessionid: one, form: {} }), refusal('bad-request', 'bad-payload'))
  await bard.execute('play')
  await assert.rejects(bard.execute('play', { sessionid: two, form }), refusal('not-allowed', 'session-expired'))
  assert.equal((await bard.execute('play', { sessionid: one, form })).status, 'completed')
  await house.stop()
})

test('XEP-0050 §3.7, §4.1, §4.4: commands, actions and languages that there are not', async () => {
  const { house, bard } = await globe()
  await assert.rejects(bard.execute('tragedy'), refusal('item-not-found'))
  await assert.rejects(bard.execute(''), refusal('item-not-found'))
  await assert.rejects(bard.execute('play', { action: 'applaud' }), refusal('bad-request', 'malformed-action'))
  const { sessionid } = await bard.execute('play', { lang: 'en-GB' })
  for (const action of ['next', 'prev'])
    await assert.rejects(
      bard.execute('play', { sessionid: sessionid!, action, form: {} }),
      refusal('bad-request', 'bad-action'),
    )
  for (const lang of ['fr-ca', 'enm'])
    await assert.rejects(bard.execute('play', { lang }), refusal('bad-request', 'bad-locale'))
  await house.stop()
})

test('a request without a node is malformed; one of type get is none', async () => {
  const { house } = await globe()
  const player = await house.connect('bard@localhost/raw')
  player.send(`<iq type="set" id="n" to="localhost"><command xmlns="${commandsNamespace}"/></iq>`)
  assert.match(String(await player.receive()), /<bad-request/)
  player.send(`<iq type="get" id="g" to="localhost"><command xmlns="${commandsNamespace}" node="status"/></iq>`)
  assert.match(String(await player.receive()), /<service-unavailable/)
  // XEP-0050 §3.7, example 23: an error says which command and session it is about, and not what was in the form.
  const request = `<command xmlns="${commandsNamespace}" node="play" sessionid="none" action="next" xml:lang="en"`
  player.send(`<iq type="set" id="e" to="localhost">${request}><x xmlns="jabber:x:data" type="submit"/></command></iq>`)
  assert.ok(String(await player.receive()).includes(`type="error" id="e">${request}/><error type="modify">`))
  // XEP-0050 §4.1: the status of a requester does not count, whatever it is; the stream's language locks nobody out.
  player.send(
    `<iq type="set" id="s" to="localhost" xml:lang="de"><command xmlns="${commandsNamespace}" node="status" status="x"/></iq>`,
  )
  assert.match(String(await player.receive()), /status="completed"/)
  await house.stop()
})

test('a command that fails for a reason that people can mend says so in a note', async () => {
  for (const error of [new AccountError('The theatre is closed.', 'conflict'), new Error('The theatre is closed.')]) {
    const { house, bard } = await globe(() => {
      throw error
    })
    const { status, notes, payload, sessionid } = await bard.execute('curtain/fall')
    assert.equal(status, 'completed')
    assert.deepEqual([notes, payload], [[{ type: 'error', text: 'The theatre is closed.' }], []])
    await assert.rejects(
      bard.execute('curtain/fall', { sessionid: sessionid! }),
      refusal('not-allowed', 'session-expired'),
    )
    await house.stop()
  }
})

test('a command that is refused, and one with a bug, are stanza errors', async () => {
  const thrown: Error[] = [
    new StanzaError('not-allowed', { text: 'Not today.' }),
    new TypeError('undefined is not a play'),
  ]
  const { house, bard } = await globe(() => {
    throw thrown[0]!
  })
  await assert.rejects(bard.execute('curtain/fall'), refusal('not-allowed', undefined, /Not today/))
  const { sessionid } = await bard.execute('play')
  const form = { author: 'will@localhost', title: 'Lear' }
  await assert.rejects(bard.execute('play', { sessionid: sessionid!, form }), refusal('not-allowed'))
  thrown.shift()
  // What was refused can be tried again; after a bug nothing is left.
  const fault = refusal('internal-server-error', undefined, /A fault of the server/)
  await assert.rejects(bard.execute('play', { sessionid: sessionid!, form }), fault)
  await assert.rejects(bard.execute('play', { sessionid: sessionid!, form }), refusal('not-allowed', 'session-expired'))
  const outcomes = house.log
    .filter(({ sentence }) => sentence === 'command executed')
    .map(({ facts }) => facts['outcome'])
  assert.deepEqual(outcomes, ['not-allowed', 'not-allowed', 'fault'])
  await house.stop()
})

test('a form that is sent twice does its work once', async () => {
  const answers: ((answer: Answer) => void)[] = []
  const { house } = await globe(() => new Promise<Answer>(resolve => answers.push(resolve)))
  const player = await house.connect('bard@localhost/twice')
  const sessionid = (await new Executor(player).execute('play')).sessionid!
  const form = filled({ author: 'will@localhost', title: 'Lear' })
  for (const [id, action] of [
    ['1', 'complete'],
    ['2', 'complete'],
    ['3', 'cancel'],
  ])
    player.send(
      `<iq type="set" id="${id}" to="localhost"><command xmlns="${commandsNamespace}" node="play" ` +
        `sessionid="${sessionid}" action="${action}">${form}</command></iq>`,
    )
  while (answers.length === 0) await new Promise(resolve => setImmediate(resolve))
  answers[0]!({ say: 'Applause.' })
  const got = [await player.receive(), await player.receive(), await player.receive()].map(String)
  const of = (id: string) => got.find(one => one.includes(`id="${id}"`)) ?? ''
  assert.match(of('1'), /status="completed"/)
  assert.match(of('2'), /<bad-action/)
  assert.match(of('3'), /<bad-action/)
  assert.equal(answers.length, 1)
  await house.stop()
})

test('one line is logged for each command: who, which and how it ended, and no secret', async () => {
  const { house, bard } = await globe()
  await bard.fill('user/add', { jid: 'juliet@localhost', password: 'R0m30' })
  await bard.fill('user/add', { jid: 'juliet@localhost', password: 'R0m30' })
  const lines = house.log.filter(({ sentence }) => sentence === 'command executed')
  assert.deepEqual(
    lines.map(({ level, facts }) => [level, facts]),
    ['done', 'failed'].map(outcome => [
      'info',
      { who: 'bard@localhost/globe', host: 'localhost', command: 'user/add', outcome },
    ]),
  )
  assert.ok(!JSON.stringify(house.log).includes('R0m30'))
  await house.connect('juliet@localhost', { password: 'R0m30' }).catch(() => assert.fail('she cannot log in'))
  await house.stop()
})

test('the commands of the host are not those of an account', async () => {
  const { house } = await globe()
  const own = new Executor(await house.connect('bard@localhost/own'), 'bard@localhost')
  await assert.rejects(own.execute('status'), refusal('service-unavailable', undefined, /^/))
  await house.stop()
})
