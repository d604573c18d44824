import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from './errors.ts'
import { escapeLocal, unescapeLocal } from './escape.ts'
import { Jid } from './jid.ts'

// XEP-0106: table 3, and the examples of §3, §4 and §5.
const examples: readonly (readonly [string, string])[] = [
  ['space cadet', 'space\\20cadet'],
  ['call me "ishmael"', 'call\\20me\\20\\22ishmael\\22'],
  ['at&t guy', 'at\\26t\\20guy'],
  ["d'artagnan", 'd\\27artagnan'],
  ['/.fanboy', '\\2f.fanboy'],
  ['::foo::', '\\3a\\3afoo\\3a\\3a'],
  ['<foo>', '\\3cfoo\\3e'],
  ['user@host', 'user\\40host'],
  ['c:\\net', 'c\\3a\\net'],
  ['c:\\\\net', 'c\\3a\\\\net'],
  ['c:\\cool stuff', 'c\\3a\\cool\\20stuff'],
  ['c:\\5commas', 'c\\3a\\5c5commas'],
  ['\\3and\\2is\\5cool', '\\5c3and\\2is\\5c5cool'],
  ['\\2plus\\2is\\4', '\\2plus\\2is\\4'],
  ['foo\\bar', 'foo\\bar'],
  ['foob\\41r', 'foob\\41r'],
  ["here's_a_wild_&_/cr%zy/_address", 'here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address'],
  ['tréville@musketeers.lit', 'tréville\\40musketeers.lit'],
  ['', ''],
  ['\\', '\\'],
  ['\\5', '\\5'],
]

test('the examples of XEP-0106, both ways', () => {
  for (const [text, local] of examples) {
    assert.equal(escapeLocal(text), local)
    assert.equal(unescapeLocal(local), text)
    if (local !== '') assert.equal(Jid.of(local, 'example.com').local, local)
  }
})

test('what is escaped survives the case mapping of the address', () => {
  for (const text of ['a\\2Fb', 'a\\5Cb', 'a/b\\3A'])
    assert.equal(unescapeLocal(Jid.of(escapeLocal(text), 'b').local), text.toLowerCase())
})

test('no local part begins or ends with a space', () => {
  for (const text of [' a', 'a ', ' ']) assert.throws(() => escapeLocal(text), Malformed)
  assert.equal(unescapeLocal('\\20a\\20b\\20'), '\\20a b\\20')
})

test('only the escapes of the table are undone, and each once', () => {
  for (const local of ['\\2F', '\\00', '\\7f', '\\5', '\\']) assert.equal(unescapeLocal(local), local)
  assert.equal(unescapeLocal('\\5c27'), '\\27')
})
