import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenStorage, type Storage, StorageError } from '../../storage/storage.ts'
import { alteredStore } from '../../testing/altered-store.ts'
import type { Sasl2Wish } from '../../testing/login-sasl2.ts'
import { testServer } from '../../testing/server.ts'
import { Element } from '../../wire/element.ts'
import { saslClient } from '../../wire/sasl/client.ts'
import { bind, bind2 } from '../bind2/wire.ts'
import { Device, none } from './test-device.ts'
import { fast, requestToken, tokenElement } from './wire.ts'

/** A store whose commits can be made to wait or to fail, and that counts what is asked of it. */
function watched() {
  const state = { commits: 0, reads: 0, full: false, gate: undefined as Promise<void> | undefined }
  const altered = alteredStore((_owner, _writes, go) => {
    state.commits++
    if (state.full) return Promise.reject(new StorageError('The disk is full.'))
    return state.gate === undefined ? go() : state.gate.then(() => go())
  })
  const open: OpenStorage = async shapes =>
    new Proxy(await altered(shapes), {
      get(target, name) {
        if (name === 'rows' || name === 'find' || name === 'log') state.reads++
        const value = target[name as keyof Storage]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  return { open, state }
}

async function scene() {
  const { open, state } = watched()
  const house = await testServer({ storage: open })
  await house.addUser('juliet@localhost')
  const device = new Device(house, 'd4565fa7-4d72-4749-b3d3-740edbf87770')
  await device.password(none)
  await device.fast()
  return { house, state, device }
}

/** Runs a login while no commit comes through; whether it came to its end before they did. */
async function without<T>(state: { gate: Promise<void> | undefined }, login: () => Promise<T>) {
  let open = () => {}
  state.gate = new Promise(resolve => {
    open = resolve
  })
  let early = true
  const running = login()
  const timer = setImmediate(function later(this: unknown, turns = 200) {
    if (turns > 0) return void setImmediate(later, turns - 1)
    early = false
    state.gate = undefined
    open()
  })
  const outcome = await running
  clearImmediate(timer)
  const was = early
  state.gate = undefined
  open()
  return { outcome, early: was }
}

test('a login with a token reads nothing from the store, and waits for none of its commits', async () => {
  const { house, state, device } = await scene()
  Object.assign(state, { commits: 0, reads: 0 })
  await device.fast()
  assert.deepEqual([state.reads, state.commits], [0, 0])
  const { outcome, early } = await without(state, () => device.fast({ fast: "count='1'" }))
  assert.deepEqual([outcome.failure, early, state.reads, state.commits], [undefined, true, 0, 1])
  await house.stop()
})

test('authenticated by a token and resumed: nothing is read, and nothing is written', async () => {
  const { house, state } = await scene()
  const sm = 'urn:xmpp:sm:3'
  const agent = { id: '11111111-2222-4333-8444-555555555555' }
  const enable = new Element('enable', sm, ['resume', 'true'])
  const inline = [bind('A', [enable]), requestToken.write({ mechanism: none })]
  const first = await house.logIn('juliet@localhost', { agent, inline })
  const { token } = tokenElement.of(first.success!)!
  const again = async (session: Element) => {
    const previd = session.attribute('id')!
    const resume = new Element('resume', sm, ['previd', previd, 'h', '0'])
    const exchange: Sasl2Wish['exchange'] = context => saslClient({ name: none, binding: 'n' }, { ...context, token })
    return house.logIn('juliet@localhost', { agent, exchange, inline: [resume, fast.write({})] })
  }
  const enabled = first.success!.child('bound', bind2)!.child('enabled', sm)!
  first.link.destroy()
  await new Promise(setImmediate)
  // The first use of a token is written: it is the current one from then on.
  const second = await again(enabled)
  second.link.destroy()
  await new Promise(setImmediate)
  Object.assign(state, { commits: 0, reads: 0 })
  const third = await again(enabled)
  assert.ok(third.success!.child('resumed', sm))
  assert.deepEqual([state.reads, state.commits], [0, 0])
  await house.stop()
})

test('a token is durable before it is given out, and so is that it is taken back', async () => {
  const { house, state, device } = await scene()
  const asked = await without(state, () => device.password(none))
  assert.deepEqual([asked.early, asked.outcome.token?.token], [false, device.token])
  const invalid = await without(state, () => device.fast({ fast: "invalidate='true'" }))
  assert.deepEqual([invalid.early, invalid.outcome.failure], [false, undefined])
  await house.stop()
})

test('while nothing can be stored, tokens are good, none is given out, and none is said to be taken back', async () => {
  const { house, state, device } = await scene()
  state.full = true
  assert.equal((await device.fast({ fast: "count='7'" })).failure, undefined)
  const { failure, token } = await device.password(none)
  assert.deepEqual([failure, token], [undefined, undefined])
  assert.equal((await device.fast({ fast: "invalidate='true'" })).failure, 'temporary-auth-failure')
  assert.ok(house.log.some(line => line.level === 'error' && line.sentence === 'token not stored'))
  assert.ok(house.log.some(line => line.level === 'error' && line.sentence === 'use of a token not stored'))
  state.full = false
  assert.equal((await device.fast()).failure, undefined)
  await house.stop()
})
