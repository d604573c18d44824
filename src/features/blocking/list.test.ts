import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Owner } from '../../server/owner.ts'
import { Jid } from '../../wire/jid.ts'
import { denies, type Item, isBlocked, List, stanzas } from './list.ts'
import { type House, testHouse } from './test-house.ts'

let house: House
let owner: Owner

before(async () => {
  house = await testHouse()
  owner = await house.owner('juliet@localhost')
  await house.know('juliet@localhost', 'both@friends.example', { subscription: 'both', groups: ['Friends'] })
  await house.know('juliet@localhost', 'to@friends.example', { subscription: 'to' })
  await house.know('juliet@localhost', 'from@friends.example', { subscription: 'from', groups: ['Friends', 'Foes'] })
})
after(() => house.stop())

function item(place: number, type: Item['type'], value: string, allow = false, kinds = 0): Item {
  return { list: 'l', place, type, value, allow, stanzas: kinds }
}

function denied(items: readonly Item[], jid: string, kind = 0): boolean {
  return denies(new List('l', items), owner, Jid.parse(jid), kind)
}

test('XEP-0191 §6: an address matches itself and what is inside it', () => {
  const other = ['other@service.example', 'service.example.org', 'other.example']
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    [
      'room@service.example/nick',
      ['room@service.example/nick'],
      ['room@service.example', 'room@service.example/other', 'service.example/nick', 'service.example'],
    ],
    [
      'room@service.example',
      ['room@service.example', 'room@service.example/nick', 'room@service.example/other'],
      ['service.example', 'service.example/room', 'service.example/nick'],
    ],
    [
      'service.example/nick',
      ['service.example/nick'],
      ['service.example', 'service.example/other', 'room@service.example/nick', 'room@service.example'],
    ],
    [
      'service.example',
      ['service.example', 'service.example/nick', 'room@service.example', 'room@service.example/nick'],
      ['sub.service.example', 'room@sub.service.example'],
    ],
  ]
  for (const [blocked, yes, no] of rows) {
    for (const jid of yes) assert.equal(denied([item(1, 'jid', blocked)], jid), true, `${blocked} matches ${jid}`)
    for (const jid of [...no, ...(blocked === 'service.example' ? other.slice(1) : other)])
      assert.equal(denied([item(1, 'jid', blocked)], jid), false, `${blocked} does not match ${jid}`)
  }
})

test('XEP-0016 §2.2, rules 5 to 7: the first item that fits decides, and what falls through is allowed', () => {
  const rules = [
    item(1, 'jid', 'romeo@montague.example/orchard', true),
    item(2, 'jid', 'romeo@montague.example'),
    item(3, 'group', 'Friends', true),
    item(5, 'jid', 'montague.example', true),
    item(6, 'jid', 'friends.example'),
    item(7, 'jid', 'capulet.example'),
    item(9, 'jid', 'capulet.example', true),
  ]
  assert.equal(denied(rules, 'romeo@montague.example/orchard'), false)
  assert.equal(denied(rules, 'romeo@montague.example/street'), true)
  assert.equal(denied(rules, 'benvolio@montague.example'), false)
  assert.equal(denied(rules, 'both@friends.example/x'), false, 'the group comes before the domain')
  assert.equal(denied(rules, 'to@friends.example'), true)
  assert.equal(denied(rules, 'tybalt@capulet.example'), true)
  assert.equal(denied(rules, 'paris@verona.example'), false)
  assert.equal(denied([...rules, item(10, 'any', '')], 'paris@verona.example'), true)
  assert.equal(
    denied([item(1, 'any', '', true), item(2, 'jid', 'paris@verona.example')], 'paris@verona.example'),
    false,
  )
  assert.equal(denied([], 'paris@verona.example'), false)
  // It is the order that counts, not what says more exactly who is meant.
  const domainFirst = [item(1, 'jid', 'verona.example', true), item(2, 'jid', 'paris@verona.example')]
  assert.equal(denied(domainFirst, 'paris@verona.example/street'), false)
  const addressFirst = [item(1, 'jid', 'paris@verona.example'), item(2, 'any', '', true)]
  assert.equal(denied(addressFirst, 'paris@verona.example/street'), true)
})

test('XEP-0016 §2.1: groups and subscriptions are those of the roster, "none" is everybody else', () => {
  const who = ['both', 'to', 'from', 'stranger'].map(name => `${name}@friends.example`)
  const hit = (type: Item['type'], value: string) =>
    who.filter(jid => denied([item(1, type, value)], jid)).map(jid => jid.slice(0, jid.indexOf('@')))
  assert.deepEqual(hit('subscription', 'both'), ['both'])
  assert.deepEqual(hit('subscription', 'to'), ['to'])
  assert.deepEqual(hit('subscription', 'from'), ['from'])
  assert.deepEqual(hit('subscription', 'none'), ['stranger'])
  assert.deepEqual(hit('group', 'Friends'), ['both', 'from'])
  assert.deepEqual(hit('group', 'Foes'), ['from'])
  assert.deepEqual(hit('group', 'Nobody'), [])
})

test('XEP-0016 §2.1: an item is about its kinds of stanza, one without any about all', () => {
  const { message, presenceIn, presenceOut, iq } = stanzas
  for (const kind of [message, presenceIn, presenceOut, iq]) {
    for (const other of [0, message, presenceIn, presenceOut, iq])
      assert.equal(denied([item(1, 'any', '', false, kind)], 'a@b', other), kind === other)
    assert.equal(denied([item(1, 'any', '')], 'a@b', kind), true)
    assert.equal(denied([item(1, 'any', '', false, message | iq)], 'a@b', kind), kind === message || kind === iq)
  }
  // An item about something else does not hide one that comes later.
  assert.equal(denied([item(1, 'jid', 'a@b', true, message), item(2, 'jid', 'a@b')], 'a@b', iq), true)
  assert.equal(denied([item(1, 'jid', 'a@b', true, message), item(2, 'jid', 'a@b')], 'a@b', message), false)
})

test('XEP-0016 §2.1, note 4: nobody blocks oneself', () => {
  for (const rule of [item(1, 'jid', 'juliet@localhost'), item(1, 'jid', 'localhost'), item(1, 'any', '')]) {
    assert.equal(denied([rule], 'juliet@localhost'), false)
    assert.equal(denied([rule], 'juliet@localhost/balcony'), false)
  }
})

test('XEP-0191 §5: a blocked address is one that is denied everything', () => {
  assert.equal(isBlocked(item(1, 'jid', 'a@b')), true)
  assert.equal(isBlocked(item(1, 'jid', 'a@b', true)), false)
  assert.equal(isBlocked(item(1, 'jid', 'a@b', false, stanzas.message)), false)
  assert.equal(isBlocked(item(1, 'any', '')), false)
  assert.equal(isBlocked(item(1, 'group', 'a@b')), false)
})
