import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from './errors.ts'
import { type Derived, derivedForIdna, derivedForPrecis, opaqueString, usernameCaseMapped } from './precis.ts'
import { isVirama } from './precis-context.ts'

test('user names of RFC 8265 §3.6', () => {
  for (const [text, enforced] of [
    ['juliet@example.com', 'juliet@example.com'],
    ['fussball', 'fussball'],
    ['fußball', 'fußball'],
    ['π', 'π'],
    ['Σ', 'σ'],
    ['σ', 'σ'],
    ['ς', 'ς'],
  ] as const)
    assert.equal(usernameCaseMapped(text), enforced)
  for (const text of ['foo bar', '', 'henryⅣ', '∞']) assert.throws(() => usernameCaseMapped(text), Malformed, text)
})

test('passwords of RFC 8265 §4.3', () => {
  for (const [text, enforced] of [
    ['correct horse battery staple', 'correct horse battery staple'],
    ['Correct Horse Battery Staple', 'Correct Horse Battery Staple'],
    ['πßå', 'πßå'],
    ['Jack of ♦s', 'Jack of ♦s'],
    ['foo\u1680bar', 'foo bar'],
  ] as const)
    assert.equal(opaqueString(text), enforced)
  for (const text of ['', 'my cat is a \tby']) assert.throws(() => opaqueString(text), Malformed, text)
})

test('mappings, in their order', () => {
  for (const [text, enforced] of [
    ['ＪＵＬＩＥＴ', 'juliet'],
    ['ｶﾞ', 'ガ'],
    ['A\u030A', 'å'],
    ['ΑΣ', 'ασ'],
    ['İ', 'i\u0307'],
    ['Ǆ'.normalize('NFD'), undefined],
    ['ẞ', 'ß'],
    ['שלום', 'שלום'],
    ['שלום1', 'שלום1'],
  ] as const)
    if (enforced === undefined) assert.throws(() => usernameCaseMapped(text), Malformed)
    else assert.equal(usernameCaseMapped(text), enforced)
  assert.equal(opaqueString('Ａ\u3000e\u0301Ⅳ'), 'Ａ éⅣ')
})

test('the Bidi Rule (RFC 5893 §2) for user names from right to left', () => {
  for (const text of ['אa', 'aא', '1א', 'א١1', 'א-', '\u0301א', 'aא1', '١', 'שלום\u05b0-'])
    assert.throws(() => usernameCaseMapped(text), Malformed, JSON.stringify(text))
  for (const text of ['א1', 'א١', 'א-ב', 'אב\u05b0', 'abc-', '1abc']) assert.equal(usernameCaseMapped(text), text)
})

test('what stands where it may not', () => {
  for (const text of ['a\u200db', 'a\u200cb', 'a·l', 'l·', '\u0375a', 'a\u05f3', 'a・b', '١۱', '\u200d', '·'])
    assert.throws(() => usernameCaseMapped(text), /in that place|RFC 5893/, JSON.stringify(text))
  for (const text of ['l·l', '\u0375α', 'א\u05f3', 'カ・', 'क्\u200d', 'ب\u200cب', 'ب\u064e\u200c\u064eب', 'क्\u200c'])
    assert.doesNotThrow(() => usernameCaseMapped(text), JSON.stringify(text))
  // Across a right-joining letter nothing is joined.
  assert.throws(() => usernameCaseMapped('ا\u200cب'), /U\+200C/)
})

test('a refusal names the code point', () => {
  assert.throws(() => opaqueString('a\u0000'), /the string contains U\+0000, which is not allowed there/)
  assert.throws(() => opaqueString('\ud800'), /U\+D800/)
  assert.throws(() => usernameCaseMapped('\u{1f4a9}', 'the name'), /the name contains U\+1F4A9/)
  assert.throws(() => opaqueString('\u0378'), /U\+0378, which is no character yet/)
})

test('derived properties: the rules in their order', () => {
  const of = (derived: (character: string) => Derived, codes: readonly number[]) =>
    codes.map(code => derived(String.fromCodePoint(code)))
  const codes = [0x61, 0x41, 0x2d, 0x5f, 0x20, 0xdf, 0xb7, 0x200d, 0x1100, 0xad, 0x7f, 0x2163, 0x1c5, 0x265a, 0x640]
  assert.deepEqual(of(derivedForPrecis, codes), [
    ...['valid', 'valid', 'valid', 'valid', 'free', 'valid', 'context', 'joiner', 'disallowed', 'disallowed'],
    ...['disallowed', 'free', 'free', 'free', 'disallowed'],
  ])
  assert.deepEqual(of(derivedForIdna, codes), [
    ...['valid', 'disallowed', 'valid', 'disallowed', 'disallowed', 'valid', 'context', 'joiner', 'disallowed'],
    ...['disallowed', 'disallowed', 'disallowed', 'disallowed', 'disallowed', 'disallowed'],
  ])
  assert.deepEqual(of(derivedForIdna, [0x378, 0xffff, 0x20d0, 0x1d100, 0x3007, 0x4e00, 0xcf1, 0x19da]), [
    ...['unassigned', 'disallowed', 'disallowed', 'disallowed', 'valid', 'valid', 'valid', 'disallowed'],
  ])
})

test('viramas are told by canonical ordering', () => {
  for (const code of [0x94d, 0x9cd, 0x1039, 0xa806, 0x11046, 0x1612f])
    assert.equal(isVirama(String.fromCodePoint(code)), true, code.toString(16))
  for (const character of ['a', '\u05b0', '\u3099', '\u0301', '\u093c', 'é', '가'])
    assert.equal(isVirama(character), false, JSON.stringify(character))
})

test('enforcing twice changes nothing, for every character alone and behind a letter', () => {
  for (let code = 0xa0; code < 0x20000; code += code < 0x3400 ? 1 : 37) {
    const character = String.fromCodePoint(code)
    for (const [enforce, text] of [
      [usernameCaseMapped, `a${character}`],
      [usernameCaseMapped, character],
      [opaqueString, `a${character}`],
    ] as const) {
      const once = tried(() => enforce(text))
      if (once !== undefined) assert.equal(enforce(once), once, code.toString(16))
    }
  }
})

function tried(make: () => string): string | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
