import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Malformed } from './errors.ts'
import { canonicalDomain } from './idna.ts'
import { Jid } from './jid.ts'

test('legal addresses of RFC 7622 §3.5', () => {
  for (const [text, local, domain, resource] of [
    ['juliet@example.com', 'juliet', 'example.com', ''],
    ['juliet@example.com/foo', 'juliet', 'example.com', 'foo'],
    ['juliet@example.com/foo bar', 'juliet', 'example.com', 'foo bar'],
    ['juliet@example.com/foo@bar', 'juliet', 'example.com', 'foo@bar'],
    ['foo\\20bar@example.com', 'foo\\20bar', 'example.com', ''],
    ['fussball@example.com', 'fussball', 'example.com', ''],
    ['fu\u00dfball@example.com', 'fußball', 'example.com', ''],
    ['\u03c0@example.com', 'π', 'example.com', ''],
    ['\u03a3@example.com/foo', 'σ', 'example.com', 'foo'],
    ['\u03c3@example.com/foo', 'σ', 'example.com', 'foo'],
    ['\u03c2@example.com/foo', 'ς', 'example.com', 'foo'],
    ['king@example.com/\u265a', 'king', 'example.com', '♚'],
    ['example.com', '', 'example.com', ''],
    ['example.com/foobar', '', 'example.com', 'foobar'],
    ['a.example.com/b@example.net', '', 'a.example.com', 'b@example.net'],
  ] as const) {
    const jid = Jid.parse(text)
    assert.deepEqual([jid.local, jid.domain, jid.resource], [local, domain, resource], text)
    assert.equal(jid.isBare, resource === '')
    assert.equal(Jid.parse(jid.full), jid, 'its own text gives the same object')
    assert.equal(Jid.of(local, domain, resource), jid)
  }
})

test('strings that are no addresses, of RFC 7622 §3.5', () => {
  for (const [text, part] of [
    ['"juliet"@example.com', 'local part'],
    ['foo bar@example.com', 'local part'],
    ['juliet@example.com/ foo', 'resource'],
    ['@example.com/', 'local part'],
    ['henry\u2163@example.com', 'local part'],
    ['\u265a@example.com', 'local part'],
    ['juliet@', 'domain'],
    ['/foobar', 'domain'],
  ] as const) {
    assert.throws(
      () => Jid.parse(text),
      error => error instanceof Malformed && error.message.startsWith(`The ${part} of the address`),
      text,
    )
    assert.equal(Jid.tryParse(text), undefined)
  }
})

test('more that is no address, each refused with its part', () => {
  for (const text of [
    '',
    '@',
    '/',
    'a@/r',
    'a@b/',
    'a@b@c',
    'a b',
    'a@b c',
    'a@b/\u0000',
    'a@b/\t',
    'a@b/\u007f',
    'a@b\n',
  ])
    assert.throws(() => Jid.parse(text), Malformed, JSON.stringify(text))
  for (const character of '"&\'/:<>@ \u007f')
    assert.throws(() => Jid.of(`a${character}b`, 'c'), /The local part .* contains/, character)
  // Full-width forms of what is excluded become it only by the mapping: then it is excluded all the same.
  for (const character of '＂＆＇／：＜＞＠')
    assert.throws(() => Jid.of(`a${character}b`, 'c'), /The local part .* contains/, character)
  assert.throws(() => Jid.parse('a＠b'), /The domain/)
  assert.throws(() => Jid.parse('a@b/\ud800'), /The resource .* U\+D800/)
})

test('parts become canonical', () => {
  for (const [text, full] of [
    ['JULIET@EXAMPLE.COM/Balcony', 'juliet@example.com/Balcony'],
    ['juliet@example.com./balcony', 'juliet@example.com/balcony'],
    ['juliet@xn--bcher-kva.example', 'juliet@bücher.example'],
    ['Ｊuliet@example.com', 'juliet@example.com'],
    ['a@b.c/e\u0301\u00a0x', 'a@b.c/é x'],
    ['a@b.c/x ', 'a@b.c/x '],
    ['a@b.c/x/y', 'a@b.c/x/y'],
    ['a@[2001:DB8:0::1]/x', 'a@[2001:db8::1]/x'],
    ['a@192.0.2.1', 'a@192.0.2.1'],
  ] as const) {
    const jid = Jid.parse(text)
    assert.equal(jid.full, full)
    assert.equal(jid, Jid.parse(full))
    assert.equal(jid, Jid.parse(text), 'also from the cache')
  }
})

test('the short way for ASCII agrees with the long one', () => {
  const pieces = ['a', '1', '-', '.', 'xn--', 'A', '0x', '127.1', 'b2', '_', '255.1.1.1']
  for (const first of pieces)
    for (const second of pieces)
      for (const third of pieces) {
        const text = first + second + third
        const long = tried(() => canonicalDomain(text))
        assert.equal(
          tried(() => Jid.of('', text).full),
          long,
          text,
        )
      }
})

function tried(make: () => string): string | undefined {
  try {
    return make()
  } catch (error) {
    assert.ok(error instanceof Malformed)
    return undefined
  }
}

test('each part has at most 1023 bytes of UTF-8', () => {
  const most = 'a'.repeat(1023)
  assert.equal(Jid.of(most, 'b', most).full.length, 1023 + 1 + 1 + 1 + 1023)
  assert.throws(() => Jid.of(`${most}a`, 'b'), /The local part of the address is longer than 1023 bytes/)
  assert.throws(() => Jid.of('a', 'b', `${most}a`), /The resource of the address is longer than 1023 bytes/)
  assert.throws(() => Jid.parse(`a@${most}a`), /The domain of the address/)
  assert.throws(() => Jid.parse(`a@${'b'.repeat(100_000)}`), /The domain of the address is longer than 1023 bytes/)
  const wide = 'é'.repeat(511)
  assert.equal(Jid.of('a', 'b', `${wide}x`).resource.length, 512)
  assert.throws(() => Jid.of('a', 'b', `${wide}xy`), /longer/)
  assert.equal(Jid.of('a', 'b', '😀'.repeat(255)).resource.length, 510)
  assert.throws(() => Jid.of('a', 'b', '😀'.repeat(256)), /longer/)
  // Counted after the mapping (RFC 7622 §3.3): this is too long only before it.
  assert.equal(Jid.of('Ａ'.repeat(1023), 'b').local, 'a'.repeat(1023))
  assert.equal(Jid.of('a', 'b', 'e\u0301'.repeat(511)).resource, wide)
})

test('the bare address is one shared object', () => {
  const jid = Jid.parse('romeo@example.net/orchard')
  assert.equal(jid.bare, Jid.parse('romeo@example.net'))
  assert.equal(jid.bare, Jid.parse('Romeo@example.net/garden').bare)
  assert.equal(jid.bare.bare, jid.bare)
  assert.equal(jid.bare.isBare, true)
  assert.equal(Jid.parse('example.net/x').bare, Jid.parse('example.net'))
})

test('withResource prepares the resource, and none is none', () => {
  const jid = Jid.parse('romeo@example.net/orchard')
  assert.equal(jid.withResource('garden'), Jid.parse('romeo@example.net/garden'))
  assert.equal(jid.bare.withResource('e\u0301').resource, 'é')
  assert.throws(() => jid.withResource(''), /The resource of the address is empty/)
  assert.throws(() => jid.withResource('\u0001'), Malformed)
})

test('equality, text and JSON', () => {
  const jid = Jid.parse('romeo@example.net/orchard')
  assert.equal(jid.equals(Jid.of('ROMEO', 'Example.NET', 'orchard')), true)
  assert.equal(jid.equals(jid.bare), false)
  assert.equal(`${jid}`, 'romeo@example.net/orchard')
  assert.equal(JSON.stringify({ jid }), '{"jid":"romeo@example.net/orchard"}')
})

test('the cache forgets what is not used, and keeps what is, under a flood', () => {
  const used = Jid.parse('used@example.com/x')
  const unused = Jid.parse('unused@example.com/x')
  for (let i = 0; i < 30_000; i++) {
    Jid.parse(`flood${i}@example.com`)
    if (i % 1000 === 0) assert.equal(Jid.parse('used@example.com/x'), used)
  }
  const again = Jid.parse('unused@example.com/x')
  assert.notEqual(again, unused)
  assert.equal(again.equals(unused), true)
})

test('long texts are not kept', () => {
  const text = `a@b.c/${'r'.repeat(300)}`
  assert.notEqual(Jid.parse(text), Jid.parse(text))
  assert.equal(Jid.parse(text).bare, Jid.parse('a@b.c'))
})

test('what the cache keeps does not pin the chunk that it was cut from', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const kept: Jid[] = []
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 500; i++) {
    // One that is stored as it came, one that is stored as it came and as it is canonical.
    const text = i % 2 ? `a-domain-of-its-own-${i}.example.com` : `Someone-${i}@an.example.com/a resource of its own`
    const chunk = Buffer.alloc(32_768, `from='${text}' `).toString('latin1')
    kept.push(Jid.parse(chunk.slice(6, 6 + text.length)))
  }
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  assert.equal(kept[498]!.local, 'someone-498')
  assert.ok(bytes < 2_000_000, `${bytes} bytes for 500 addresses cut from 16 MB`)
})
