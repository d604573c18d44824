import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import { exporter, password, refusal, say, serverContext } from './fixture.test.ts'
import { type SaslServerContext, saslServer, serverMechanisms } from './server.ts'
import { utf8 } from './text.ts'

function begin(mechanism: string, changes: Partial<SaslServerContext> = {}) {
  return saslServer(mechanism, serverContext(changes))
}

async function refused(
  mechanism: string,
  message: string,
  condition: string,
  text?: string | RegExp,
  changes: Partial<SaslServerContext> = {},
) {
  await assert.rejects(say(begin(mechanism, changes), message), refusal(condition, text), `${mechanism} ${message}`)
}

test('a mechanism that is none is refused', () => {
  for (const name of ['', 'CRAM-MD5', 'SCRAM-SHA-1-PLUS-PLUS', 'SCRAM-SHA-224', '-PLUS', 'toString', 'plain'])
    assert.throws(() => begin(name), refusal('invalid-mechanism'), name)
  for (const name of serverMechanisms) assert.equal(begin(name).mechanism, name)
  assert.throws(() => begin('SCRAM-SHA-1-PLUS', { plusOffered: false }), refusal('invalid-mechanism'))
})

test('without an initial response the client is asked once', async () => {
  for (const name of serverMechanisms)
    assert.deepEqual(await begin(name).step(undefined), { challenge: new Uint8Array(0) })
  const plain = begin('PLAIN')
  await plain.step(undefined)
  assert.deepEqual(await plain.step(utf8(`\0juliet\0${password}`)), { success: { username: 'juliet' } })
  const anonymous = begin('ANONYMOUS')
  await anonymous.step(undefined)
  assert.deepEqual(await anonymous.step(undefined), { success: { username: undefined } })
  const scram = begin('SCRAM-SHA-1')
  await scram.step(undefined)
  await assert.rejects(async () => scram.step(undefined), refusal('malformed-request'))
})

test('PLAIN', async () => {
  const yes = ['', 'juliet@example.com', 'Juliet@EXAMPLE.com']
  for (const authzid of yes) {
    const step = await begin('PLAIN').step(utf8(`${authzid}\0juliet\0${password}`))
    assert.deepEqual(step, { success: { username: 'juliet' } })
  }
  for (const authzid of [
    'romeo@example.com',
    'juliet@example.net',
    'juliet',
    'example.com',
    'juliet@example.com/balcony',
    'a b',
  ])
    await refused('PLAIN', `${authzid}\0juliet\0${password}`, 'invalid-authzid')
  const no = [
    '\0juliet\0wrong',
    `\0romeo\0${password}`,
    `\0ju@liet\0${password}`,
    '\0juliet\0a\u00adb',
    '\0juliet\0r0m30 ½',
  ]
  for (const message of no) await refused('PLAIN', message, 'not-authorized')
  const broken = [
    '',
    'juliet',
    `juliet\0${password}`,
    '\0\0',
    '\0juliet\0',
    `\0\0${password}`,
    `\0juliet\0${password}\0`,
    '\0\0\0\0',
  ]
  for (const message of broken) await refused('PLAIN', message, 'malformed-request')
  await assert.rejects(async () => begin('PLAIN').step(Uint8Array.of(0, 0x6a, 0, 0xc3)), refusal('malformed-request'))
})

test('PLAIN hands over a prepared password, in another composition too', async () => {
  const step = await begin('PLAIN').step(utf8(`\0juliet\0${password.normalize('NFD').replace(' ', '\u3000')}`))
  assert.ok('success' in step)
})

test('EXTERNAL (XEP-0178 §2)', async () => {
  const both = { certificateJids: ['Juliet@example.com', 'romeo@example.com', 'juliet@example.net', 'not @ jid'] }
  const one = { certificateJids: ['juliet@example.net', 'juliet@example.com', 'JULIET@example.com'] }
  assert.deepEqual(await begin('EXTERNAL', one).step(new Uint8Array(0)), { success: { username: 'juliet' } })
  for (const authzid of ['juliet@example.com', 'juliet@Example.com'])
    assert.deepEqual(await begin('EXTERNAL', both).step(utf8(authzid)), { success: { username: 'juliet' } })
  await refused('EXTERNAL', '', 'invalid-authzid', undefined, both)
  for (const authzid of ['tybalt@example.com', 'juliet@example.net', 'juliet@example.com/r', 'juliet', '\0'])
    await refused('EXTERNAL', authzid, 'invalid-authzid', undefined, both)
  await refused('EXTERNAL', 'juliet@example.com', 'not-authorized')
  await refused('EXTERNAL', '', 'not-authorized', undefined, { certificateJids: ['juliet@example.net'] })
  // A server's own certificate: the context says whose stream it is.
  const domain = { certificateJids: ['example.org', 'example.com'], jid: (name: string) => (name ? '' : 'example.org') }
  assert.deepEqual(await begin('EXTERNAL', domain).step(utf8('example.org')), { success: { username: '' } })
  await refused('EXTERNAL', 'example.com', 'invalid-authzid', undefined, domain)
})

test('ANONYMOUS', async () => {
  for (const trace of ['', 'sirhc', 'someone@example.com', '🐦'.repeat(255)])
    assert.deepEqual(await begin('ANONYMOUS').step(utf8(trace)), { success: { username: undefined } })
  for (const trace of ['x'.repeat(256), 'a\0b', 'a\nb', '\u{e0041}'])
    await refused('ANONYMOUS', trace, 'malformed-request')
})

test('no message is longer than 4 KiB', async () => {
  for (const name of serverMechanisms)
    await assert.rejects(
      async () => begin(name).step(new Uint8Array(4097).fill(0x61)),
      refusal('malformed-request', /longer/),
      name,
    )
  await begin('SCRAM-SHA-1').step(utf8(`n,,n=juliet,r=${'x'.repeat(4096 - 'n,,n=juliet,r='.length)}`))
})

test('SCRAM: the first message is read strictly', async () => {
  const broken = [
    '',
    'n',
    'n,',
    'n,,',
    ',,n=juliet,r=abc',
    'x,,n=juliet,r=abc',
    'N,,n=juliet,r=abc',
    'n,b=juliet,n=juliet,r=abc',
    'n,a=,n=juliet,r=abc',
    'n,a=ju=liet,n=juliet,r=abc',
    'n,,r=abc,n=juliet',
    'n,,n=juliet',
    'n,,r=abc',
    'n,,n=,r=abc',
    'n,,n=juliet,r=',
    'n,,n=juliet,r=a c',
    'n,,n=juliet,r=a\u00e9c',
    'n,,n=juliet,r=abc,',
    'n,,n=juliet,r=abc,x',
    'n,,n=juliet,r=abc,1=x',
    'n,,n=juliet,r=abc,n=romeo',
    'n,,n=juliet,r=abc,r=def',
    'n,,n=juliet,r=abc,p=def',
    'n,,n=jul\0iet,r=abc',
    'n,,n=jul=iet,r=abc',
    'n,,n=jul=2ciet,r=abc',
    'n,,n=juliet=,r=abc',
    '\ufeffn,,n=juliet,r=abc',
  ]
  for (const message of broken) await refused('SCRAM-SHA-256', message, 'malformed-request')
  await refused('SCRAM-SHA-256', 'n,,m=x,n=juliet,r=abc', 'malformed-request', 'extensions-not-supported')
  await refused('SCRAM-SHA-256', 'n,,n=juliet,r=abc,m=x', 'malformed-request', 'extensions-not-supported')
  await assert.rejects(
    async () => begin('SCRAM-SHA-1').step(Uint8Array.of(0x6e, 0x2c, 0x2c, 0xff)),
    refusal('malformed-request'),
  )
  assert.match(await say(begin('SCRAM-SHA-256'), 'n,,n=juliet,r=abc,x=y,z=a=b'), /^r=abc.{24},s=[^,]{24},i=4096$/)
})

test('SCRAM: the channel binding flag is judged', async () => {
  await refused('SCRAM-SHA-1', 'y,,n=juliet,r=abc', 'not-authorized', 'server-does-support-channel-binding')
  assert.ok(await say(begin('SCRAM-SHA-1', { plusOffered: false }), 'y,,n=juliet,r=abc'))
  await refused('SCRAM-SHA-1', 'p=tls-exporter,,n=juliet,r=abc', 'malformed-request')
  for (const flag of ['n', 'y', 'p', 'p=', 'p=tls exporter'])
    await refused('SCRAM-SHA-1-PLUS', `${flag},,n=juliet,r=abc`, 'malformed-request')
  for (const type of ['tls-unique', 'TLS-EXPORTER', 'unheard-of'])
    await refused('SCRAM-SHA-1-PLUS', `p=${type},,n=juliet,r=abc`, 'not-authorized', 'unsupported-channel-binding-type')
  for (const channelBinding of [() => undefined, () => new Uint8Array(0)]) {
    const message = 'p=tls-exporter,,n=juliet,r=abc'
    await refused('SCRAM-SHA-1-PLUS', message, 'not-authorized', 'unsupported-channel-binding-type', { channelBinding })
  }
  const unannouncedBindings = ['tls-unique']
  assert.ok(await say(begin('SCRAM-SHA-1-PLUS', { unannouncedBindings }), 'p=tls-unique,,n=juliet,r=abc'))
})

test('SCRAM: names and authzids', async () => {
  for (const name of ['juliet', 'JULIET', 'nobody']) assert.ok(await say(begin('SCRAM-SHA-1'), `n,,n=${name},r=abc`))
  for (const name of ['ju@liet', 'a b', 'juliet/x', 'x'.repeat(1024)])
    await refused('SCRAM-SHA-1', `n,,n=${name},r=abc`, 'not-authorized')
  assert.ok(await say(begin('SCRAM-SHA-1'), 'n,a=juliet@example.com,n=juliet,r=abc'))
  await refused('SCRAM-SHA-1', 'n,a=romeo@example.com,n=juliet,r=abc', 'invalid-authzid')
  let asked = ''
  const context = serverContext({ jid: name => `${name}@example.com` })
  const { scramKeys } = context
  const server = saslServer('SCRAM-SHA-1', {
    ...context,
    scramKeys: (name, hash) => scramKeys((asked = name), hash),
  })
  await say(server, 'n,a=a=3Db=2Cc@example.com,n=a=3Db=2Cc,r=abc')
  assert.equal(asked, 'a=b,c')
})

/** A client by hand, so that each part of its last message can be spoilt. */
async function final(
  mechanism: string,
  flag: string,
  change: (parts: Record<'c' | 'r' | 'p', string>) => string,
  data = '',
) {
  const server = begin(mechanism)
  const bare = 'n=juliet,r=abc'
  const answer = await say(server, `${flag},,${bare}`)
  const [r = '', s = '', i = ''] = answer.split(',').map(part => part.slice(2))
  const salted = await nodeCrypto.pbkdf2(
    'sha-1',
    utf8(password.normalize('NFC')),
    Buffer.from(s, 'base64'),
    Number(i),
    20,
  )
  const clientKey = await nodeCrypto.hmac('sha-1', salted, utf8('Client Key'))
  const storedKey = await nodeCrypto.hash('sha-1', clientKey)
  const c = encodeBase64(utf8(`${flag},,${data}`))
  const sign = async (without: string) => {
    const signature = await nodeCrypto.hmac('sha-1', storedKey, utf8(`${bare},${answer},${without}`))
    return encodeBase64(clientKey.map((byte, at) => byte ^ signature[at]!))
  }
  const message = change({ c, r, p: await sign(`c=${c},r=${r}`) })
  return { server, message, sign, nonce: r }
}

test('SCRAM: the last message is read strictly', async () => {
  const good = await final('SCRAM-SHA-1', 'n', ({ c, r, p }) => `c=${c},r=${r},p=${p}`)
  assert.match(await say(good.server, good.message), /^v=[A-Za-z0-9+/]{27}=$/)

  const extended = await final('SCRAM-SHA-1', 'n', ({ c, r }) => `c=${c},r=${r},x=y`)
  assert.match(await say(extended.server, `${extended.message},p=${await extended.sign(extended.message)}`), /^v=/)

  type Change = Parameters<typeof final>[2]
  const cases: [string, string | undefined, Change][] = [
    ['malformed-request', undefined, ({ c, r, p }) => `r=${r},c=${c},p=${p}`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c},p=${p},r=${r}`],
    ['malformed-request', undefined, ({ c, r }) => `c=${c},r=${r}`],
    ['malformed-request', undefined, ({ r, p }) => `r=${r},p=${p}`],
    ['malformed-request', undefined, ({ c, p }) => `c=${c},p=${p}`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c},r=${r},p=${p},x=y`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c},r=${r},p=${p},p=${p}`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c},r=${r},c=${c},p=${p}`],
    ['malformed-request', 'extensions-not-supported', ({ c, r, p }) => `c=${c},r=${r},m=x,p=${p}`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c},r=${r},p=${p.slice(0, -1)}`],
    ['malformed-request', undefined, ({ c, r, p }) => `c=${c}=,r=${r},p=${p}`],
    ['malformed-request', undefined, () => ''],
    ['not-authorized', 'other-error', ({ c, r, p }) => `c=${c},r=${r}x,p=${p}`],
    ['not-authorized', 'other-error', ({ c, p }) => `c=${c},r=abc,p=${p}`],
    ['not-authorized', 'channel-bindings-dont-match', ({ r, p }) => `c=eSws,r=${r},p=${p}`],
    ['not-authorized', 'channel-bindings-dont-match', ({ r, p }) => `c=biwsWA==,r=${r},p=${p}`],
    ['not-authorized', undefined, ({ c, r, p }) => `c=${c},r=${r},p=${p.startsWith('A') ? 'B' : 'A'}${p.slice(1)}`],
    ['not-authorized', undefined, ({ c, r }) => `c=${c},r=${r},p=AAAA`],
    ['not-authorized', undefined, ({ c, r }) => `c=${c},r=${r},p=${encodeBase64(new Uint8Array(32))}`],
    ['not-authorized', undefined, ({ c, r, p }) => `c=${c},r=${r},x=y,p=${p}`],
  ]
  for (const [condition, text, change] of cases) {
    const { server, message } = await final('SCRAM-SHA-1', 'n', change)
    await assert.rejects(say(server, message), refusal(condition, text), message)
    await assert.rejects(say(server, message), refusal('malformed-request', /over/))
  }
})

test('SCRAM-PLUS: the data of the channel must match', async () => {
  const whole: Parameters<typeof final>[2] = ({ c, r, p }) => `c=${c},r=${r},p=${p}`
  const good = await final('SCRAM-SHA-1-PLUS', 'p=tls-exporter', whole, Buffer.from(exporter).toString())
  assert.match(await say(good.server, good.message), /^v=/)
  for (const data of ['', 'another channel', `${Buffer.from(exporter)}x`]) {
    const { server, message } = await final('SCRAM-SHA-1-PLUS', 'p=tls-exporter', whole, data)
    await assert.rejects(say(server, message), refusal('not-authorized', 'channel-bindings-dont-match'))
  }
})

test('SCRAM: what was said once fits no second exchange', async () => {
  const good = await final('SCRAM-SHA-1', 'n', ({ c, r, p }) => `c=${c},r=${r},p=${p}`)
  assert.ok(await say(good.server, good.message))
  await assert.rejects(say(good.server, good.message), refusal('malformed-request', /over/))
  const again = begin('SCRAM-SHA-1', { random: count => new Uint8Array(count).fill(7) })
  const answer = await say(again, 'n,,n=juliet,r=abc')
  assert.ok(!answer.startsWith(`r=${good.nonce},`))
  await assert.rejects(say(again, good.message), refusal('not-authorized', 'other-error'))
})

test('SCRAM: an unknown user looks like a wrong password', async () => {
  const first = await say(begin('SCRAM-SHA-256'), 'n,,n=nobody,r=abc')
  const second = await say(begin('SCRAM-SHA-256'), 'n,,n=nobody,r=abc')
  const real = await say(begin('SCRAM-SHA-256'), 'n,,n=juliet,r=abc')
  assert.equal(first, second)
  assert.equal(first.length, real.length)
  assert.notEqual(first.split(',')[1], (await say(begin('SCRAM-SHA-256'), 'n,,n=someone,r=abc')).split(',')[1])
  const errors: unknown[] = []
  for (const name of ['nobody', 'juliet']) {
    const server = begin('SCRAM-SHA-256')
    const nonce = (await say(server, `n,,n=${name},r=abc`)).split(',')[0]
    const wrong = say(server, `c=biws,${nonce},p=${encodeBase64(new Uint8Array(32).fill(1))}`)
    errors.push(await wrong.catch(error => [error.name, error.message, error.condition, error.text]))
  }
  assert.deepEqual(errors[0], errors[1])
  assert.deepEqual(errors[0], ['SaslError', 'not-authorized', 'not-authorized', undefined])
})

test('two steps at once end the exchange', async () => {
  const server = begin('SCRAM-SHA-1')
  const first = say(server, 'n,,n=juliet,r=abc')
  await assert.rejects(say(server, 'n,,n=juliet,r=abc'), refusal('malformed-request'))
  await assert.rejects(first, refusal('malformed-request'))
  await assert.rejects(say(server, 'c=biws'), refusal('malformed-request', /over/))
})

test('what the surroundings throw passes through and ends the exchange', async () => {
  const server = begin('SCRAM-SHA-1', { scramKeys: () => Promise.reject(new TypeError('the disk is gone')) })
  await assert.rejects(say(server, 'n,,n=juliet,r=abc'), TypeError)
  await assert.rejects(say(server, 'n,,n=juliet,r=abc'), refusal('malformed-request', /over/))
  const strict = begin('PLAIN', {
    jid: () => {
      throw new Malformed('no such host')
    },
  })
  await assert.rejects(say(strict, `\0juliet\0${password}`), refusal('not-authorized'))
})
