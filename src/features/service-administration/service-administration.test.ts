import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContact, roster } from '../../server/roster.ts'
import { put } from '../../server/table.ts'
import { comparable } from '../../testing/cases.ts'
import { testServer } from '../../testing/server.ts'
import { dataForm } from '../../wire/form.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { Executor, formOf, refusal, type Said } from '../commands/test-executor.ts'
import { commandsNamespace } from '../commands/wire.ts'
import { adminNamespace } from './wire.ts'

const node = (name: string) => `${adminNamespace}#${name}`

/** A server of which Bard is an administrator. */
async function globe(config: Record<string, unknown> = {}) {
  const house = await testServer({ config: { administration: { accounts: ['bard@localhost'] }, ...config } })
  const bard = new Executor(await house.connect('bard@localhost/globe'))
  return {
    house,
    bard,
    /** Begins a command of XEP-0133 and submits its form. */
    fill: (name: string, said: Said) => bard.fill(node(name), { FORM_TYPE: adminNamespace, ...said }),
    /** What a command answers that asks for nothing. */
    tell: async (name: string) => formOf(await bard.execute(node(name))),
  }
}

const withForms = [
  ['add-user', 'Adding a User', ['accountjid', 'password', 'password-verify']],
  ['delete-user', 'Deleting a User', ['accountjids']],
  ['disable-user', 'Disabling a User', ['accountjids']],
  ['reenable-user', 'Re-Enable a User', ['accountjids']],
  ['end-user-session', 'Ending a User Session', ['accountjids']],
  ['change-user-password', 'Changing a User Password', ['accountjid', 'password']],
  ['get-user-roster', "Getting a User's Roster", ['accountjids']],
  ['get-user-lastlogin', "Getting a User's Last Login Time", ['accountjids']],
  ['user-stats', 'Get User Statistics', ['accountjid']],
  ['get-registered-users-list', 'Requesting List of Registered Users', ['max_items']],
  ['get-disabled-users-list', 'Requesting List of Disabled Users', ['max_items']],
  ['get-online-users-list', 'Requesting List of Online Users', ['max_items']],
  ['announce', 'Making an Announcement', ['announcement']],
  ['set-motd', 'Setting the Message of the Day', ['motd']],
  ['edit-motd', 'Editing the Message of the Day', ['motd']],
] as const
const withoutForms = ['get-registered-users-num', 'get-disabled-users-num', 'get-online-users-num', 'delete-motd']

test('XEP-0133 §3, §4: the commands that there are, each with the form of the text', async () => {
  const { house, bard } = await globe()
  const items = await bard.items(commandsNamespace)
  const found = items.flatMap(one => (one.node!.startsWith(adminNamespace) ? [one.node!] : []))
  assert.deepEqual(found.sort(), [...withForms.map(([name]) => node(name)), ...withoutForms.map(node)].sort())
  for (const [name, title, fields] of withForms) {
    const answer = await bard.execute(node(name))
    const form = dataForm.read(answer.payload[0]!)
    assert.deepEqual(
      [answer.status, form.title, form.fields.map(field => field.name)],
      ['executing', title, ['FORM_TYPE', ...fields]],
    )
    assert.deepEqual(form.fields[0]!.values, [adminNamespace])
    assert.equal(
      (await bard.execute(node(name), { sessionid: answer.sessionid!, action: 'cancel' })).status,
      'canceled',
    )
  }
  await house.stop()
})

test('XEP-0133 §6: nobody else sees or executes any of them', async () => {
  const { house } = await globe()
  const iago = new Executor(await house.connect('iago@localhost'))
  assert.deepEqual(await iago.items(commandsNamespace), [])
  for (const name of [...withForms.map(([one]) => one), ...withoutForms]) {
    await assert.rejects(iago.execute(node(name)), refusal('forbidden'))
    await assert.rejects(iago.info(node(name)), refusal('forbidden'))
  }
  await house.stop()
})

test('XEP-0133 §4.1, example 2: the form as the text has it', async () => {
  const { house, bard } = await globe()
  const { payload } = await bard.execute(node('add-user'))
  const example = `<x xmlns='jabber:x:data' type='form'>
      <title>Adding a User</title>
      <instructions>Fill out this form to add a user.</instructions>
      <field type='hidden' var='FORM_TYPE'><value>http://jabber.org/protocol/admin</value></field>
      <field label='The Jabber ID for the account to be added' type='jid-single' var='accountjid'><required/></field>
      <field label='The password for this account' type='text-private' var='password'><required/></field>
      <field label='Retype password' type='text-private' var='password-verify'><required/></field>
    </x>`
  assert.equal(comparable(payload[0]!), comparable(parse(example.replaceAll(/>\s+</g, '><'))))
  await house.stop()
})

const juliet = { accountjid: 'juliet@localhost', password: 'R0m30', 'password-verify': 'R0m30' }

test('XEP-0133 §4.1, §4.7: an account, and another password for it', async () => {
  const { house, fill } = await globe()
  const extra = { email: 'juliet@capulet.example', given_name: 'Juliet', surname: 'Capulet' }
  const { status, notes, payload } = await fill('add-user', { ...juliet, ...extra })
  assert.deepEqual([status, notes, payload], ['completed', [], []])
  await fill('change-user-password', { accountjid: 'juliet@localhost', password: 'V3r0n4' })
  const accounts = house.server.hosts.get('localhost')!.accounts
  assert.equal(await accounts.checkPassword('juliet', 'R0m30'), false)
  assert.equal(await accounts.checkPassword('juliet', 'V3r0n4'), true)
  assert.doesNotMatch(JSON.stringify(house.log), /R0m30|V3r0n4/)
  await house.stop()
})

test('XEP-0133 §5: what cannot be done is a stanza error that says why', async () => {
  const { house, bard, fill } = await globe()
  await fill('add-user', juliet)
  const payload = (text: RegExp) => refusal('bad-request', 'bad-payload', text)
  await assert.rejects(fill('add-user', juliet), refusal('conflict', undefined, /exists already/))
  await assert.rejects(fill('add-user', { ...juliet, 'password-verify': 'R0me0' }), payload(/differ/))
  await assert.rejects(fill('add-user', { ...juliet, 'password-verify': '' }), payload(/password-verify.*required/))
  await assert.rejects(fill('add-user', { ...juliet, password: '' }), payload(/"password".*required/))
  await assert.rejects(fill('add-user', { ...juliet, accountjid: '@localhost' }), payload(/accountjid/))
  await assert.rejects(fill('add-user', { ...juliet, accountjid: 'localhost' }), refusal('not-acceptable'))
  await assert.rejects(fill('add-user', { ...juliet, accountjid: 'a@localhost/b' }), refusal('not-acceptable'))
  await assert.rejects(fill('add-user', { ...juliet, accountjid: 'a@elsewhere.example' }), refusal('item-not-found'))
  await assert.rejects(fill('add-user', { ...juliet, FORM_TYPE: 'urn:example:other' }), payload(/urn:example:other/))
  for (const name of ['delete-user', 'disable-user', 'reenable-user', 'get-user-roster', 'get-user-lastlogin']) {
    await assert.rejects(fill(name, { accountjids: 'nobody@localhost' }), refusal('item-not-found'))
    await assert.rejects(fill(name, { accountjids: 'nobody@elsewhere.example' }), refusal('item-not-found'))
    await assert.rejects(fill(name, { accountjids: [] }), payload(/accountjids.*required/))
    await assert.rejects(fill(name, {}), payload(/accountjids.*required/))
    await assert.rejects(fill(name, { accountjids: ['juliet@localhost', 'a@b@c'] }), payload(/accountjids/))
  }
  await assert.rejects(fill('end-user-session', { accountjids: 'juliet@localhost' }), refusal('item-not-found'))
  await assert.rejects(fill('user-stats', { accountjid: 'nobody@localhost' }), refusal('item-not-found'))
  await assert.rejects(fill('get-online-users-list', { max_items: '26' }), payload(/max_items/))
  await assert.rejects(fill('announce', { announcement: '' }), payload(/announcement/))
  await assert.rejects(fill('announce', { announcement: ' ' }), refusal('not-acceptable', undefined, /empty/))
  await assert.rejects(
    fill('announce', { announcement: 'x'.repeat(10_001) }),
    refusal('not-acceptable', undefined, /longer/),
  )
  await assert.rejects(bard.execute(node('delete-motd')), refusal('item-not-found'))
  await assert.rejects(fill('edit-motd', { motd: 'Hello' }), refusal('item-not-found'))
  await assert.rejects(bard.execute(node('edit-admin')), refusal('item-not-found'))
  await house.stop()
})

test('XEP-0133 §4.3, §4.4: disabled, so that sessions end and nobody logs in, and enabled again', async () => {
  const { house, fill, tell } = await globe()
  const client = await house.connect('juliet@localhost')
  await fill('disable-user', { accountjids: 'juliet@localhost' })
  assert.match(String(await client.receive()), /<not-authorized/)
  await assert.rejects(house.connect('juliet@localhost'))
  assert.deepEqual((await tell('get-disabled-users-num'))['disabledusersnum'], ['1'])
  const listed = await fill('get-disabled-users-list', { max_items: '25' })
  assert.deepEqual(formOf(listed)['disableduserjids'], ['juliet@localhost'])
  await fill('reenable-user', { accountjids: 'juliet@localhost' })
  await house.connect('juliet@localhost')
  assert.deepEqual((await tell('get-disabled-users-num'))['disabledusersnum'], ['0'])
  await house.stop()
})

test('XEP-0133 §4.2: several at once; who fails is told, the others are done', async () => {
  const { house, fill, tell } = await globe()
  await house.addUser('romeo@localhost')
  await house.addUser('tybalt@localhost')
  const accountjids = ['romeo@localhost', 'nobody@localhost', 'tybalt@localhost']
  const { status, notes } = await fill('delete-user', { accountjids })
  assert.equal(status, 'completed')
  assert.deepEqual(
    notes.map(({ type, text }) => [type, /nobody@localhost/.test(text)]),
    [['error', true]],
  )
  assert.deepEqual((await tell('get-registered-users-num'))['registeredusersnum'], ['1'])
  const line = house.log.findLast(
    ({ sentence, facts }) => sentence === 'command executed' && facts['outcome'] === 'failed',
  )
  assert.equal(line?.facts['command'], node('delete-user'))
  await house.stop()
})

test('XEP-0133 §4.5: one session of an account, or all', async () => {
  const { house, fill } = await globe()
  const clients = []
  for (const one of ['a', 'b', 'c']) clients.push(await house.connect(`juliet@localhost/${one}`))
  await fill('end-user-session', { accountjids: 'juliet@localhost/b' })
  assert.match(String(await clients[1]!.receive()), /<policy-violation/)
  const online = await fill('user-stats', { accountjid: 'juliet@localhost' })
  assert.deepEqual(formOf(online)['onlineresources'], ['a', 'c'])
  await fill('end-user-session', { accountjids: 'juliet@localhost' })
  for (const client of [clients[0]!, clients[2]!]) assert.match(String(await client.receive()), /<policy-violation/)
  await house.connect('juliet@localhost/b')
  await house.stop()
})

test('XEP-0133 §4.8, example 28: a roster, of each that is asked for', async () => {
  const { house, fill } = await globe()
  for (const name of ['juliet', 'nurse']) await house.addUser(`${name}@localhost`)
  const owner = (await house.server.hosts.get('localhost')!.owners.find(Jid.parse('juliet@localhost')))!
  const contact = (address: string) => newContact(Jid.parse(address))
  await owner.commit(
    put(roster, {
      ...contact('romeo@example.net'),
      listed: true,
      name: 'Romeo',
      subscription: 'both',
      groups: ['Friends', 'Lovers'],
    }),
    // She has only been asked: that is not in her roster.
    put(roster, { ...contact('paris@example.net'), pendingIn: true }),
  )
  const { payload } = await fill('get-user-roster', { accountjids: ['juliet@localhost', 'nurse@localhost'] })
  const example = `<x xmlns='jabber:x:data' type='result'>
      <field type='hidden' var='FORM_TYPE'><value>http://jabber.org/protocol/admin</value></field>
      <field var='accountjids'><value>juliet@localhost</value></field>
      <query xmlns='jabber:iq:roster'>
        <item jid='romeo@example.net' name='Romeo' subscription='both'><group>Friends</group><group>Lovers</group></item>
      </query>
    </x>`
  assert.equal(comparable(payload[0]!), comparable(parse(example.replaceAll(/>\s+</g, '><'))))
  assert.match(String(payload[1]), /nurse@localhost.*<query xmlns="jabber:iq:roster"\/>/)
  const stats = formOf(await fill('user-stats', { accountjid: 'juliet@localhost' }))
  assert.deepEqual([stats['rostersize'], stats['onlineresources'], stats['ipaddresses']], [['1'], [], []])
  await house.stop()
})

test('XEP-0133 §4.9: when somebody last logged in', async () => {
  const { house, fill } = await globe()
  await house.addUser('nurse@localhost')
  await (await house.connect('juliet@localhost')).disconnect()
  const first = formOf(await fill('get-user-lastlogin', { accountjids: 'juliet@localhost' }))['lastlogin']![0]!
  await house.advance(90_000)
  assert.equal(formOf(await fill('get-user-lastlogin', { accountjids: 'juliet@localhost' }))['lastlogin']![0], first)
  await house.connect('juliet@localhost')
  const second = formOf(await fill('get-user-lastlogin', { accountjids: 'juliet@localhost' }))['lastlogin']![0]!
  assert.equal(Date.parse(second) - Date.parse(first), 90_000)
  const never = await fill('get-user-lastlogin', { accountjids: 'nurse@localhost' })
  assert.equal(formOf(never)['lastlogin'], undefined)
  assert.match(never.notes[0]!.text, /has not logged in yet/)
  await house.stop()
})

test('XEP-0133 §4.13 to §4.20: numbers and lists are those of the host, and have an end', async () => {
  const hosts = { localhost: {}, 'other.example': {} }
  const { house, fill, tell } = await globe({ hosts, 'service-administration': { listed: 30 } })
  await house.addUser('player10@localhost')
  const { owners } = house.server.hosts.get('localhost')!
  for (let i = 11; i < 45; i++) await owners.create(Jid.parse(`player${i}@localhost`))
  await house.connect('player10@localhost/a')
  await house.connect('player10@localhost/b')
  await house.connect('guest@other.example')
  assert.deepEqual((await tell('get-registered-users-num'))['registeredusersnum'], ['36'])
  assert.deepEqual((await tell('get-online-users-num'))['onlineusersnum'], ['2'])
  const all = await fill('get-registered-users-list', { max_items: 'none' })
  assert.equal(formOf(all)['registereduserjids']!.length, 30)
  assert.deepEqual(all.notes, [{ type: 'warn', text: 'These are the first 30 of 36.' }])
  const some = await fill('get-registered-users-list', { max_items: '25' })
  assert.equal(formOf(some)['registereduserjids']!.length, 25)
  const online = await fill('get-online-users-list', {})
  assert.deepEqual(formOf(online)['onlineuserjids']!.toSorted(), ['bard@localhost', 'player10@localhost'])
  assert.deepEqual(online.notes, [])
  const there = new Executor(await house.connect('bard@localhost/there'), 'other.example')
  assert.deepEqual(formOf(await there.execute(node('get-registered-users-num')))['registeredusersnum'], ['1'])
  await house.stop()
})
