import assert from 'node:assert/strict'
import { test } from 'node:test'
import { features } from '../../features/index.ts'
import { feature } from '../../server/feature.ts'
import { cases } from '../../testing/cases.ts'
import { testServer } from '../../testing/server.ts'
import { dataForm, form, listMulti, listSingle, textPrivate } from '../../wire/form.ts'
import { adHocCommands, type Stage } from './exports.ts'
import { Executor, formOf, refusal } from './test-executor.ts'
import { commandAnswer, commandRequest } from './wire.ts'

// XEP-0050 §2.4.2, examples 10 to 17.
const services = form('urn:example:config', {
  service: listSingle('Service', { httpd: '', jabberd: '', postgresql: '' }, { required: true }),
  code: textPrivate('Code'),
})
const levels = form('urn:example:config', {
  runlevel: listMulti('Run Modes', { 1: '', 2: '', 3: '', 5: '' }, { required: true }),
  state: listSingle('Run State', { off: 'Active', on: 'Inactive' }),
})

const begun: Stage = {
  form: services.render(),
  actions: ['next'],
  submit: first => {
    const { service } = services.read(first)!
    return {
      form: levels.render({ runlevel: ['3', '5'] }),
      notes: [{ type: 'warn', text: 'Mind the gap.' }],
      actions: ['complete', 'next'],
      submit: (second, action) => {
        const { runlevel } = levels.read(second)!
        return { notes: [{ text: `Service '${service}': ${runlevel.join(', ')} by ${action}.` }] }
      },
    }
  },
}

const configuration = feature({
  name: 'configuration',
  start: () => [
    adHocCommands.add({
      node: 'config',
      name: 'Configure Service',
      allowed: who => who.local !== 'iago',
      begin: () => begun,
    }),
  ],
})

async function scene() {
  const house = await testServer({ features: [...features, configuration] })
  return { house, requester: new Executor(await house.connect('requester@localhost')) }
}

test('XEP-0050 §2.4.2: forwards, backwards, forwards again', async () => {
  const { house, requester } = await scene()
  const first = await requester.execute('config')
  const sessionid = first.sessionid!
  assert.deepEqual(first.actions, { execute: 'next', prev: false, next: true, complete: false })
  assert.deepEqual([first.status, formOf(first)['service']], ['executing', []])
  await assert.rejects(
    requester.execute('config', { sessionid, action: 'complete', form: { service: 'httpd' } }),
    refusal('bad-request', 'bad-action'),
  )
  await assert.rejects(requester.execute('config', { sessionid, action: 'prev' }), refusal('bad-request', 'bad-action'))

  const second = await requester.execute('config', { sessionid, form: { service: 'httpd', code: '007' } })
  assert.equal(second.sessionid, sessionid)
  assert.deepEqual(second.notes, [{ type: 'warn', text: 'Mind the gap.' }])
  assert.deepEqual(second.actions, { execute: 'complete', prev: true, next: true, complete: true })
  assert.deepEqual(formOf(second)['runlevel'], ['3', '5'])

  // What was chosen stands there, what was secret does not.
  const again = await requester.execute('config', { sessionid, action: 'prev' })
  assert.deepEqual([formOf(again)['service'], formOf(again)['code']], [['httpd'], []])
  assert.deepEqual(again.actions, { execute: 'next', prev: false, next: true, complete: false })
  const form = dataForm.read(again.payload[0]!)
  assert.equal(form.fields.find(({ name }) => name === 'service')!.options.length, 3)

  await requester.execute('config', { sessionid, action: 'next', form: { service: 'jabberd' } })
  await assert.rejects(
    requester.execute('config', { sessionid, form: { runlevel: '4' } }),
    refusal('bad-request', 'bad-payload', /"runlevel"/),
  )
  const last = await requester.execute('config', { sessionid, action: 'next', form: { runlevel: ['3', '5'] } })
  assert.deepEqual([last.status, last.notes], ['completed', [{ text: "Service 'jabberd': 3, 5 by next." }]])
  await assert.rejects(
    requester.execute('config', { sessionid, action: 'prev' }),
    refusal('not-allowed', 'session-expired'),
  )
  await house.stop()
})

test('a command says itself who may execute it', async () => {
  const { house, requester } = await scene()
  assert.deepEqual(
    (await requester.items('http://jabber.org/protocol/commands')).map(({ node, name }) => [node, name]),
    [['config', 'Configure Service']],
  )
  const iago = new Executor(await house.connect('iago@localhost'))
  assert.deepEqual(await iago.items('http://jabber.org/protocol/commands'), [])
  await assert.rejects(iago.execute('config'), refusal('forbidden'))
  await house.stop()
})

// XEP-0050 §2.4.2, examples 11, 15 and 16; §2.4.3, example 18; §3.7, example 20.
cases(commandAnswer, [
  [
    `<command xmlns='http://jabber.org/protocol/commands' sessionid='config:20020923T213616Z-700' node='config' status='executing'>
      <actions execute='next'><next/></actions>
    </command>`,
    {
      sessionid: 'config:20020923T213616Z-700',
      node: 'config',
      status: 'executing',
      actions: { execute: 'next', prev: false, next: true, complete: false },
      notes: [],
      payload: [],
    },
  ],
  [
    `<command xmlns='http://jabber.org/protocol/commands' sessionid='config:20020923T213616Z-700' node='config' status='completed'>
      <note type='info'>Service 'httpd' has been configured.</note>
    </command>`,
    {
      sessionid: 'config:20020923T213616Z-700',
      node: 'config',
      status: 'completed',
      notes: [{ type: 'info', text: "Service 'httpd' has been configured." }],
      payload: [],
    },
  ],
])

cases(commandRequest, [
  [
    `<command xmlns='http://jabber.org/protocol/commands' sessionid='config:20020923T213616Z-700' node='config' action='prev'/>`,
    { sessionid: 'config:20020923T213616Z-700', node: 'config', action: 'prev', payload: [] },
  ],
  [
    `<command xmlns='http://jabber.org/protocol/commands' node='list' action='execute' xml:lang='fr-ca'/>`,
    { node: 'list', action: 'execute', lang: 'fr-ca', payload: [] },
  ],
])
