import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from './errors.ts'
import { asciiDomain, canonicalDomain } from './idna.ts'
import { ipv6Literal, isIpv4 } from './idna-address.ts'
import { decodePunycode, encodePunycode } from './idna-punycode.ts'

// RFC 3492 §7.1. In (I) and where ASCII letters of the text are capital, only those of the text are.
const samples: readonly (readonly [string, string])[] = [
  ['ليهمابتكلموشعربي؟', 'egbpdaj6bu4bxfgehfvwxn'],
  ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
  ['Pročprostěnemluvíčesky', 'Proprostnemluvesky-uyb24dma41a'],
  ['למההםפשוטלאמדבריםעברית', '4dbcagdahymbxekheh6e0a7fei0b'],
  ['यहलोगहिन्दीक्योंनहींबोलसकतेहैं', 'i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd'],
  ['なぜみんな日本語を話してくれないのか', 'n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa'],
  ['почемужеонинеговорятпорусски', 'b1abfaaepdrnnbgefbadotcwatmq2g4l'],
  ['PorquénopuedensimplementehablarenEspañol', 'PorqunopuedensimplementehablarenEspaol-fmd56a'],
  ['3年B組金八先生', '3B-ww4c5e180e575a65lsy2b'],
  ['安室奈美恵-with-SUPER-MONKEYS', '-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n'],
  ['Hello-Another-Way-それぞれの場所', 'Hello-Another-Way--fc4qua05auwb3674vfr0b'],
  ['ひとつ屋根の下2', '2-u9tlzr9756bt3uc0v'],
  ['-> $1.00 <-', '-> $1.00 <--'],
  ['💩', 'ls8h'],
]

test('Punycode, both ways', () => {
  for (const [text, spelled] of samples) {
    assert.equal(encodePunycode(text), spelled)
    assert.equal(decodePunycode(spelled), text)
  }
  assert.equal(decodePunycode('IHQWCRB4CV8A8DQG056PQJYE'), '他们为什么不说中文')
})

test('Punycode that spells nothing is refused', () => {
  for (const spelled of ['ä-x', 'a b', '99999999', 'ihqwcrb4cv8a8dqg056pqjy', 'a-!', '-abc', 'ls8h999', 'zz'])
    assert.throws(() => decodePunycode(spelled), Malformed, spelled)
})

test('domains become canonical, and stay so', () => {
  for (const [text, canonical] of [
    ['example.com', 'example.com'],
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['localhost', 'localhost'],
    ['a-b.c--d.x1', 'a-b.c--d.x1'],
    ['1and1.com', '1and1.com'],
    ['4chan', '4chan'],
    ['bücher.example', 'bücher.example'],
    ['BÜCHER.example', 'bücher.example'],
    ['bu\u0308cher.example', 'bücher.example'],
    ['xn--bcher-kva.example', 'bücher.example'],
    ['XN--BCHER-KVA.Example', 'bücher.example'],
    ['faß.de', 'faß.de'],
    ['xn--fa-hia.de', 'faß.de'],
    ['ΌΣΟΣ.gr', 'όσοσ.gr'],
    ['ｅｘａｍｐｌｅ．ｃｏｍ', 'example.com'],
    ['例え。テスト', '例え.テスト'],
    ['例え.テスト。', '例え.テスト'],
    ['paral·lel.cat', 'paral·lel.cat'],
    ['क्‍ष.example', 'क्‍ष.example'],
    ['نامه‌ای.com', 'نامه‌ای.com'],
    ['192.0.2.1', '192.0.2.1'],
    ['１９２.0.2.1', '192.0.2.1'],
    ['[::1]', '[::1]'],
  ] as const) {
    assert.equal(canonicalDomain(text), canonical, text)
    assert.equal(canonicalDomain(canonical), canonical, canonical)
  }
})

test('what is no domain is refused', () => {
  const long = 'a'.repeat(63)
  for (const text of [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a.b..',
    'a b',
    'a_b.example',
    'a@b',
    'a:b',
    '-a.b',
    'a-.b',
    'ab--cd.example',
    `${long}a.b`,
    `${'ü'.repeat(60)}.b`,
    `${long}.${long}.${long}.${long}`,
    'xn--.example',
    'xn--bcher-kva!.example',
    // Spells plain ASCII; a capital; what is not in NFC; a symbol.
    'xn--abc-.example',
    'xn--wca.example',
    'xn--u-ccb.example',
    'xn--g6h.example',
    '\u0301a.example',
    'a\u200cb.example',
    'a\u00b7l.example',
    '\u0375a.example',
    'x\u05f3.example',
    'a・b.example',
    '٠۰.example',
    '♥.example',
    'Ⅳ.example',
    'ᄀ.example',
    'ー\u3031.example',
    '\u{1d165}a.example',
    '\ud800.example',
    '\u0378.example',
    'a\u200b.example',
    'א1a.example',
    'אa.example',
    'אב-١1.example',
    '1א.example',
    'א.1a.example',
    '127.1',
    '1',
    '0x7f.0x1',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4.5',
    '[1.2.3.4]',
    '[::1',
    '::1',
    '[]',
  ])
    assert.throws(() => canonicalDomain(text), Malformed, JSON.stringify(text))
})

test('limits of length', () => {
  const label = 'a'.repeat(63)
  const most = `${label}.${label}.${label}.${'b'.repeat(61)}`
  assert.equal(canonicalDomain(most), most)
  assert.equal(canonicalDomain(`${most}.`), most)
  assert.throws(() => canonicalDomain(`${most}b`), /longer than the 253 octets/)
  assert.throws(() => canonicalDomain('ü.'.repeat(60) + label), /longer than the 253 octets/)
})

test('A-labels for DNS', () => {
  for (const [domain, ascii] of [
    ['example.com', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['192.0.2.1', '192.0.2.1'],
  ] as const)
    assert.equal(asciiDomain(domain), ascii)
})

test('IPv4 addresses have one spelling', () => {
  for (const text of ['0.0.0.0', '255.255.255.255', '192.0.2.1']) assert.equal(isIpv4(text), true)
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.04', '1.2.3.', '1.2.3.x', '1.2.3.-1', ' 1.2.3.4'])
    assert.equal(isIpv4(text), false, text)
})

test('IPv6 addresses are written by RFC 5952', () => {
  for (const [text, canonical] of [
    ['[2001:DB8:0:0:0:0:0:1]', '[2001:db8::1]'],
    ['[2001:0db8::0001]', '[2001:db8::1]'],
    ['[2001:db8:0:0:0:0:2:1]', '[2001:db8::2:1]'],
    ['[2001:db8::1:1:1:1:1]', '[2001:db8:0:1:1:1:1:1]'],
    ['[2001:0:0:1:0:0:0:1]', '[2001:0:0:1::1]'],
    ['[2001:db8:0:0:1:0:0:1]', '[2001:db8::1:0:0:1]'],
    ['[0:0:0:0:0:0:0:0]', '[::]'],
    ['[::]', '[::]'],
    ['[1::]', '[1::]'],
    ['[::ffff:192.0.2.1]', '[::ffff:192.0.2.1]'],
    ['[::ffff:c000:201]', '[::ffff:192.0.2.1]'],
    ['[64:ff9b::192.0.2.33]', '[64:ff9b::c000:221]'],
    ['[fe80::1%25eth0]', '[fe80::1%25eth0]'],
  ] as const)
    assert.equal(ipv6Literal(text, 'it'), canonical, text)
  for (const text of [
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[1::2::3]',
    '[1:2:3:4::5:6:7:8]',
    '[12345::]',
    '[g::]',
    '[:1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:]',
    '[::1.2.3]',
    '[1.2.3.4::]',
    '[::1]x',
    '[fe80::1%eth0]',
    '[fe80::1%25]',
    '[fe80::1%25a/b]',
  ])
    assert.throws(() => ipv6Literal(text, 'it'), Malformed, text)
})
