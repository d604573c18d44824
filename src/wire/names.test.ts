import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbiddenCharacter, isCharacter, isName, isUnprefixedName, nameCharacters } from './names.ts'

/** First and last of each range of NameStartChar (XML 1.0 §2.3), the colon left out. */
const starts = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const
/** What else NameChar has. */
const others = [
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
] as const

test('names begin and go on with the characters of XML 1.0 §2.3 and no others', () => {
  const within = (code: number, ranges: readonly (readonly [number, number])[]) =>
    ranges.some(([first, last]) => code >= first && code <= last)
  for (const edge of [...starts, ...others].flat())
    for (const code of [edge - 1, edge, edge + 1]) {
      if ((code >= 0xd800 && code < 0xe000) || code === 0x3a) continue
      const character = String.fromCodePoint(code)
      assert.equal(isUnprefixedName(character), within(code, starts), code.toString(16))
      assert.equal(isUnprefixedName(`a${character}`), within(code, starts) || within(code, others), code.toString(16))
      assert.equal(isName(`:${character}`), within(code, starts) || within(code, others), code.toString(16))
      if (code < 0x80) assert.equal(nameCharacters[code] === 1, within(code, starts) || within(code, others))
    }
  assert.equal(nameCharacters[0x3a], 1)
  for (const wrong of ['', 'a:b', ':', 'a b', '\ud800']) assert.equal(isUnprefixedName(wrong), false)
  assert.equal(isName('a:b:'), true)
})

test('characters are those of XML 1.0 §2.2', () => {
  const right = [0x9, 0xa, 0xd, 0x20, 0x7f, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x1fffe, 0x10ffff]
  const wrong = [0x0, 0x8, 0xb, 0xc, 0xe, 0x1f, 0xd800, 0xdfff, 0xfffe, 0xffff]
  for (const code of right) {
    assert.ok(isCharacter(code))
    assert.equal(forbiddenCharacter(`ab${String.fromCodePoint(code)}`), -1)
  }
  for (const code of wrong) {
    assert.ok(!isCharacter(code))
    assert.equal(forbiddenCharacter(`ab${String.fromCharCode(code)}`), 2, code.toString(16))
  }
  assert.ok(!isCharacter(0x110000) && !isCharacter(-1))
  assert.equal(forbiddenCharacter('a\udc00b\0'), 1)
  assert.equal(forbiddenCharacter('a\0b\udc00'), 1)
})
