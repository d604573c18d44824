import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { privateQuery } from './wire.ts'

let house: TestServer
let hamlet: Player

before(async () => {
  house = await testServer({ config: { private: { maximum: 2, total: '1KiB' } } })
})
after(() => house.stop())

cases(privateQuery, [
  [
    '<query xmlns="jabber:iq:private"><exodus xmlns="exodus:prefs"/></query>',
    { elements: [new Element('exodus', 'exodus:prefs')] },
  ],
])

async function ask(type: string, content: string): Promise<string> {
  hamlet.send(`<iq type="${type}" id="p"><query xmlns="jabber:iq:private">${content}</query></iq>`)
  const answer = await hamlet.receive()
  return answer.attribute('type') === 'error' ? StanzaError.from(answer).message : answer.inner
}

const element = (name: string, length = 0) => `<${name} xmlns="urn:example:${name}">${'x'.repeat(length)}</${name}>`

test('no more elements than allowed; one that is emptied makes room', async () => {
  hamlet = await house.connect('hamlet@localhost')
  assert.equal(await ask('set', element('a', 1)), '')
  assert.equal(await ask('set', element('b', 1)), '')
  assert.equal(
    await ask('set', element('c', 1)),
    'policy-violation: Private XML has at most 2 elements of different names.',
  )
  assert.equal(await ask('set', element('b', 2)), '', 'what is there may change')
  assert.equal(await ask('set', element('b')), '')
  assert.equal(await ask('set', element('c', 1)), '')
  assert.match(await ask('get', element('b')), /<b xmlns="urn:example:b"\/>/)
})

test('no more bytes than allowed in all, however they are shared out', async () => {
  hamlet = await house.connect('ophelia@localhost')
  assert.equal(await ask('set', element('a', 600)), '')
  assert.match(
    await ask('set', element('b', 600)),
    /^policy-violation: Private XML has at most 1024 bytes, and this made it 1\d\d\d\.$/,
  )
  assert.match(await ask('get', element('b')), /<b xmlns="urn:example:b"\/>/)
  assert.equal(await ask('set', element('a', 10)), '')
  assert.equal(await ask('set', element('b', 600)), '')
})

test('many at once count one by one', async () => {
  hamlet = await house.connect('laertes@localhost')
  const sets = ['a', 'b', 'c', 'd'].map(
    name => `<iq type="set" id="${name}"><query xmlns="jabber:iq:private">${element(name, 1)}</query></iq>`,
  )
  hamlet.send(sets.join(''))
  const types = []
  for (const _ of sets) types.push((await hamlet.receive()).attribute('type'))
  assert.deepEqual(types.sort(), ['error', 'error', 'result', 'result'])
})

test('a name and namespace that would fill the memory are refused', async () => {
  hamlet = await house.connect('polonius@localhost')
  const namespace = `urn:example:${'x'.repeat(600)}`
  assert.match(await ask('set', `<a xmlns="${namespace}">1</a>`), /^not-acceptable: The name and namespace/)
})
