import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { Malformed } from './errors.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('RFC 4648 §10', () => {
  const vectors = [
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ] as const
  for (const [plain, encoded] of vectors) {
    assert.equal(encodeBase64(bytes(plain)), encoded)
    assert.deepEqual(decodeBase64(encoded), bytes(plain))
  }
})

test('every length, and views into larger buffers, agree with another implementation', () => {
  const source = randomBytes(400)
  for (let length = 0; length < 300; length++) {
    const view = new Uint8Array(source.buffer, source.byteOffset + (length % 7), length)
    const expected = Buffer.from(view).toString('base64')
    assert.equal(encodeBase64(view), expected)
    assert.deepEqual(decodeBase64(expected), new Uint8Array(view))
  }
})

test('what is not canonical is refused', () => {
  const wrong = [
    'Z',
    'Zg',
    'Zg=',
    'Zm8',
    'Zm9vYg',
    '=',
    '==',
    '====',
    '=Zg=',
    'Z===',
    'Zg==Zm9v',
    'Zm=v',
    'Zm9v====',
    'Zh==',
    'Zm9=',
    'Zm9v\n',
    ' Zm9',
    'Zm 9v',
    'Zm9-',
    'Zm9_',
    'Zm9é',
    'Zm9\u017a',
    'Zm\u{1f600}',
    'Z\u0000==',
    'Zm9\u0141',
    '\u0141m9v',
    'Zm9vZ\u0141==',
    'Zm9vZ\u0141\u0141=',
  ]
  for (const text of wrong) assert.throws(() => decodeBase64(text), Malformed, JSON.stringify(text))
})

test('every character in every place is taken or refused as the alphabet says', () => {
  for (let code = 0; code < 300; code++) {
    const character = String.fromCharCode(code)
    const allowed = /[A-Za-z0-9+/]/.test(character)
    for (const place of [0, 1, 2, 3]) {
      const text = `${'AAAA'.slice(0, place)}${character}${'AAAA'.slice(place + 1)}`
      // One `=` at the end is padding, over a group whose unused bits are zero.
      if (allowed || (character === '=' && place === 3)) decodeBase64(text)
      else assert.throws(() => decodeBase64(text), Malformed, text)
    }
  }
})
