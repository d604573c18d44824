import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOf } from '../../server/check-config.ts'
import { comparable } from '../../testing/cases.ts'
import { testServer } from '../../testing/server.ts'
import { parse } from '../../wire/reader.ts'
import { discoInfo } from '../disco/wire.ts'
import contact from './server.ts'
import { contactForm, readContactForm } from './wire.ts'

// XEP-0157 §3, example 2.
const example = parse(
  `<x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>
    <field var='abuse-addresses'>
      <value>mailto:abuse@shakespeare.lit</value>
      <value>xmpp:abuse@shakespeare.lit</value>
    </field>
    <field var='admin-addresses'>
      <value>mailto:xmpp@shakespeare.lit</value>
      <value>xmpp:admins@shakespeare.lit</value>
    </field>
    <field var='feedback-addresses'>
      <value>http://shakespeare.lit/feedback.php</value>
      <value>mailto:feedback@shakespeare.lit</value>
      <value>xmpp:feedback@shakespeare.lit</value>
    </field>
    <field var='sales-addresses'><value>xmpp:bard@shakespeare.lit</value></field>
    <field var='security-addresses'><value>xmpp:security@shakespeare.lit</value></field>
    <field var='status-addresses'><value>https://status.shakespeare.lit</value></field>
    <field var='support-addresses'>
      <value>http://shakespeare.lit/support.php</value>
      <value>xmpp:support@shakespeare.lit</value>
    </field>
  </x>`.replaceAll(/>\s+</g, '><'),
)

const addresses = {
  abuse: ['mailto:abuse@shakespeare.lit', 'xmpp:abuse@shakespeare.lit'],
  admin: ['mailto:xmpp@shakespeare.lit', 'xmpp:admins@shakespeare.lit'],
  feedback: ['http://shakespeare.lit/feedback.php', 'mailto:feedback@shakespeare.lit', 'xmpp:feedback@shakespeare.lit'],
  sales: ['xmpp:bard@shakespeare.lit'],
  security: ['xmpp:security@shakespeare.lit'],
  status: ['https://status.shakespeare.lit'],
  support: ['http://shakespeare.lit/support.php', 'xmpp:support@shakespeare.lit'],
}

test('the form of XEP-0157, both ways', () => {
  assert.equal(comparable(contactForm(addresses)), comparable(example))
  assert.deepEqual(readContactForm(example), addresses)
})

test('other forms are none of ours', () => {
  assert.equal(readContactForm(parse(`<x xmlns='jabber:x:data' type='result'/>`)), undefined)
  assert.equal(readContactForm(parse(`<y xmlns='jabber:x:data' type='result'/>`)), undefined)
})

async function forms(config: Readonly<Record<string, unknown>>) {
  const house = await testServer({ config })
  const juliet = await house.connect('juliet@localhost')
  juliet.send('<iq type="get" id="d" to="localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>')
  const { extensions } = discoInfo.of(await juliet.receive())!
  await house.stop()
  return extensions.map(readContactForm).filter(form => form !== undefined)
}

test('disco shows what the operator wrote, each host its own, and nothing where there is nothing', async () => {
  assert.deepEqual(await forms({}), [])
  assert.deepEqual(await forms({ contact: { abuse: ['mailto:abuse@example.org'] } }), [
    { abuse: ['mailto:abuse@example.org'] },
  ])
  const hosts = { localhost: { contact: { abuse: ['xmpp:abuse@localhost'] } } }
  assert.deepEqual(await forms({ contact: { abuse: ['mailto:abuse@example.org'] }, hosts }), [
    { abuse: ['xmpp:abuse@localhost'] },
  ])
})

test('what is no URI is named with its place', () => {
  for (const wrong of ['admin@example.org', 'mailto:', 'xmpp:a b@example.org', `x:${'y'.repeat(2000)}`, 7]) {
    assert.throws(() => configOf({ contact: { admin: ['xmpp:a@localhost', wrong] } }, [contact]), {
      message: /^contact\.admin\.1: "admin" number 2 must be a URI .*, such as "mailto:xmpp@example\.org".*, not /,
    })
  }
})
