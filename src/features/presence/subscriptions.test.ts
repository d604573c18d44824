import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contact } from '../../server/roster.ts'
import { newContact } from '../../server/roster.ts'
import { Jid } from '../../wire/jid.ts'
import type { SubscriptionType } from './subscriptions.ts'
import { inbound, outbound } from './subscriptions.ts'
import { inboundTables, outboundTables, stateOf, states } from './test-tables.ts'

function contact(state: string): Contact {
  const [subscription, ...pending] = state.split('+')
  return {
    ...newContact(Jid.parse('romeo@example.net')),
    listed: state !== 'None',
    subscription: subscription!.toLowerCase() as Contact['subscription'],
    pendingOut: pending.includes('Out'),
    pendingIn: pending.includes('In'),
  }
}

for (const [type, table] of Object.entries(outboundTables)) {
  test(`RFC 6121 §A.2: outbound ${type}`, () => {
    for (const state of states) {
      const { route, next } = outbound(type as SubscriptionType, contact(state))
      const expected = table[state].replace('!', '')
      assert.equal(route, !table[state].startsWith('!'), `${state} routed`)
      assert.equal(stateOf(next), expected === '=' ? state : expected, state)
    }
  })
}

for (const [type, table] of Object.entries(inboundTables)) {
  test(`RFC 6121 §A.3: inbound ${type}`, () => {
    for (const state of states) {
      const { deliver, next } = inbound(type as SubscriptionType, contact(state), '<presence/>')
      const expected = table[state].replace('!', '')
      assert.equal(deliver, !table[state].startsWith('!'), `${state} delivered`)
      assert.equal(stateOf(next), expected === '=' ? state : expected, state)
    }
  })
}

test('RFC 6121 §A.3.1, §A.3.2: the server answers for the user', () => {
  for (const state of ['From', 'From+Out', 'Both']) {
    assert.equal(inbound('subscribe', contact(state), '').reply, 'subscribed')
    assert.equal(inbound('unsubscribe', contact(state), '').reply, 'unsubscribed')
  }
  assert.equal(inbound('subscribe', contact('None'), '').reply, undefined)
  assert.equal(inbound('unsubscribe', contact('To'), '').reply, undefined)
})

test('RFC 6121 §3.4: an approval in advance answers the request, and is taken back by unsubscribed', () => {
  const { next: approved, route } = outbound('subscribed', contact('None'))
  assert.equal(route, false)
  assert.deepEqual([approved.approved, approved.listed], [true, true])
  const asked = inbound('subscribe', approved, '<presence/>')
  assert.deepEqual([asked.deliver, asked.reply, asked.next.subscription], [false, 'subscribed', 'from'])
  const taken = outbound('unsubscribed', approved)
  assert.deepEqual([taken.route, taken.next.approved], [false, false])
})

test('RFC 6121 §3.1.3: a request is kept whole until it is answered, and does not list the contact', () => {
  const { next } = inbound('subscribe', contact('None'), '<presence>please</presence>')
  assert.deepEqual([next.listed, next.request], [false, '<presence>please</presence>'])
  const { next: answered } = outbound('subscribed', next)
  assert.deepEqual([answered.listed, answered.request, answered.subscription], [true, undefined, 'from'])
})
