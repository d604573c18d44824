import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setting, text, whole } from '../../server/config.ts'
import { ConfigError, dataOf, defaultConfig, readConfig } from './config.ts'

const features = [
  {
    name: 'roster',
    config: { maximum: setting(whole, 1000, 'Contacts of one account.'), groupName: setting(text, 'Friends', '…') },
  },
  { name: 'ping' },
]
const read = (toml: string) => readConfig(toml, '/etc/jackdaw/jackdaw.toml', features)

function mistakes(toml: string): string[] {
  try {
    read(toml)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.mistakes.map(({ line, message }) => `${line}: ${message}`)
  }
  return []
}

test('an empty file is the default config: localhost, on loopback', () => {
  const config = read('')
  assert.deepEqual(config, defaultConfig('/etc/jackdaw', features))
  assert.equal(config.data, '/etc/jackdaw/jackdaw-data')
  assert.deepEqual(config.hosts, [
    { name: 'localhost', features: { roster: { maximum: 1000, groupName: 'Friends' }, ping: {} } },
  ])
  assert.deepEqual(config.listen.starttls, [
    { host: '127.0.0.1', port: 5222 },
    { host: '::1', port: 5222 },
  ])
  assert.equal(config.listen.directTls[0]?.port, 5223)
  assert.equal(config.timeouts.login, 30_000)
  assert.equal(config.limits.stanza, 256 * 1024)
  assert.equal(config.tls.required, true)
})

test('reads everything, paths against the folder of the file, the host before the server before the defaults', () => {
  const config = read(`
data = "/var/lib/jackdaw"
[hosts."example.org"]
certificate = "tls/chain.pem"
key = "/secret/key.pem"
[hosts."example.org".roster]
maximum = 500
[hosts.EXAMPLE]
[listen]
starttls = ["0.0.0.0:5222", "[::]:5222"]
direct-tls = []
plain = ["localhost:0"]
[timeouts]
handshake = 2.5
idle = "1h"
[limits]
stanza = "1MiB"
[login]
mechanisms = ["SCRAM-SHA-256"]
[log]
level = "debug"
[roster]
maximum = 700
group-name = "Buddies"
`)
  assert.equal(config.data, '/var/lib/jackdaw')
  assert.deepEqual(config.hosts, [
    {
      name: 'example.org',
      certificate: { chain: '/etc/jackdaw/tls/chain.pem', key: '/secret/key.pem' },
      features: { roster: { maximum: 500, groupName: 'Buddies' }, ping: {} },
    },
    { name: 'example', features: { roster: { maximum: 700, groupName: 'Buddies' }, ping: {} } },
  ])
  assert.deepEqual(config.listen, {
    starttls: [
      { host: '0.0.0.0', port: 5222 },
      { host: '::', port: 5222 },
    ],
    directTls: [],
    plain: [{ host: 'localhost', port: 0 }],
    plainBeyondLoopback: false,
  })
  assert.equal(config.timeouts.handshake, 2500)
  assert.equal(config.timeouts.idle, 3_600_000)
  assert.equal(config.limits.stanza, 1024 * 1024)
  assert.deepEqual(config.login.mechanisms, ['SCRAM-SHA-256'])
  assert.equal(config.log.level, 'debug')
})

test('all mistakes are told at once, each with its line', () => {
  const toml = `dta = "x"
[hosts."romeo@example.org"]
[hosts."example.org"]
certificate = "a.pem"
[hosts."example.org".limits]
[hosts."example.org".rooster]
[listen]
startTls = ["0.0.0.0:5222"]
direct-tls = ["127.0.0.1:5223",
  "nowhere",
]
[timeouts]
login = "soon"
[roster]
maximum = -1
groupname = "a"
[ping]
maximum = 1
`
  assert.deepEqual(mistakes(toml), [
    '1: unknown key "dta"; did you mean "data"?',
    '2: "romeo@example.org" is not a host\'s name: leave out what is before the @ and behind the /',
    '3: "example.org" needs both certificate and key, or neither; "key" is missing',
    '5: "limits" is for the whole server: write [limits] outside of hosts',
    '6: unknown key "rooster" in hosts."example.org"; did you mean "roster"?',
    '8: unknown key "startTls" in listen; did you mean "starttls"?',
    '10: "direct-tls" number 2 must be an IP address with a port, such as "0.0.0.0:5222" or "[::]:5222", not "nowhere"',
    '13: "login" must be a time: seconds, or text with ms, s, m, h or d, from 100 ms to one day, such as "30s", not "soon"',
    '15: "maximum" must be a whole number, 0 or more, such as 100, not -1',
    '16: unknown key "groupname" in roster; did you mean "group-name"?',
    '18: unknown key "maximum" in ping',
  ])
  assert.throws(() => read(toml), /jackdaw\.toml has 11 mistakes:\n {2}line 1: unknown key "dta"/)
})

test('streams without TLS are for loopback, unless a second setting says otherwise', () => {
  const toml = '[listen]\nplain = ["127.0.0.1:5222", "10.0.0.1:5222"]\nstarttls = []\n'
  assert.deepEqual(mistakes(toml), [
    '2: 10.0.0.1:5222 is no loopback address; use starttls, or set plain-beyond-loopback = true',
  ])
  assert.deepEqual(mistakes(`${toml}plain-beyond-loopback = true`), [])
})

test('an address twice, or none at all, is a mistake', () => {
  assert.deepEqual(mistakes('[listen]\nstarttls = ["[::1]:5223"]'), ['1: [::1]:5223 is there twice'])
  assert.deepEqual(mistakes('[listen]\nstarttls = []\ndirect-tls = []'), ['1: there is no address to listen on'])
})

test('tables where values belong, and values where tables belong', () => {
  assert.deepEqual(mistakes('data = {}\nroster = 5\nhosts = ["a"]'), [
    '1: "data" must be text, such as "some words", not a table',
    '2: "roster" must be a table of settings',
    '3: "hosts" must be tables such as [hosts."example.org"]',
  ])
  assert.deepEqual(mistakes('[hosts]'), ['1: no host is named, such as [hosts."example.org"]'])
})

test('text that is no TOML: line and column', () => {
  const [first, ...more] = mistakes('data = "x"\nroster = = 1\n')
  assert.match(first!, /^2: column \d+: \w/)
  assert.deepEqual(more, [])
})

test('keys that are names of JavaScript are just unknown keys', () => {
  assert.deepEqual(mistakes('constructor = 1\n[hosts.localhost]\ntoString = 1\n[roster]\n__proto__ = 1'), [
    '1: unknown key "constructor"',
    '3: unknown key "toString" in hosts."localhost"',
    '5: unknown key "__proto__" in roster',
  ])
})

test('the data directory is found in a file that is otherwise wrong', () => {
  assert.equal(dataOf('data = "here"\nfoo = 1', '/a/b.toml'), '/a/here')
  assert.equal(dataOf('', '/a/b.toml'), '/a/jackdaw-data')
})
