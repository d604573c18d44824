import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedWords, meets, messageWords, searched, wordsOf } from './words.ts'

const message = (inside: string) => `<message xmlns="jabber:client" from="a@b">${inside}</message>`
const body = (text: string) => message(`<body>${text}</body>`)

const texts: readonly [text: string, words: string, asked?: string][] = [
  ["Don't PANIC, 42x", 'don t panic 42x', 'don* t panic* 42x*'],
  ['Größe CAFÉ Σίσυφος İstanbul ılık', 'grosse cafe σισυφοσ istanbul ilik', 'grosse* cafe* σισυφοσ* istanbul* ilik*'],
  ['ＦＵＬＬ ﬁne x²', 'full fine x2', 'full* fine* x2'],
  ['日本語', '日本 本語 語', '日本 本語'],
  ['語', '語', '語*'],
  ['ﾃｷｽﾄ', 'テキ キス スト ト', 'テキ キス スト'],
  ['ไทย42', 'ไท ทย ย 42', 'ไท ทย 42'],
  ['한국어', '한국어', '한국어*'],
  ['הַשָּׁלוֹם السَّلام', 'השלום السلام', 'השלום* السلام*'],
  ['👍🏽❤️🇩🇪', '👍 ❤ 🇩🇪', '👍 ❤ 🇩🇪'],
  ['', ''],
  ['!?. \n"\'-*:^()…', ''],
]
for (const [text, words, asked = words] of texts) {
  test(`the words of "${text.replaceAll('\n', ' ')}"`, () => {
    assert.deepEqual([...wordsOf(text)].join(' '), words)
    assert.deepEqual(askedWords(text).join(' '), asked)
    assert.ok(meets(wordsOf(text), askedWords(text)))
  })
}

test('a word that is very long is known by its beginning', () => {
  const long = 'x'.repeat(40) + '\u{1d4d0}'.repeat(40)
  assert.deepEqual([...wordsOf(long)], ['x'.repeat(40) + 'a'.repeat(10)])
  assert.ok(meets(wordsOf(long), askedWords(`${long}!`)))
  assert.ok(meets(wordsOf('\u{10400}'.repeat(60)), askedWords('\u{10400}'.repeat(70))))
})

test('an accent says nothing, whoever makes it', () => {
  assert.ok(meets(wordsOf('cafe\u0301s'), askedWords('CAFÉ')))
  assert.ok(!meets(wordsOf('ca'), askedWords('caf')))
  assert.ok(!meets(wordsOf('office'), askedWords('of')))
})

test('a message is found by all its bodies and nothing else', () => {
  const all = message(
    '<subject>one</subject><body>two &amp; more</body><body xml:lang="de">drei</body><x xmlns="y"><body>four</body></x>',
  )
  assert.deepEqual([...messageWords(all)], ['two', 'more', 'drei'])
  assert.deepEqual([...messageWords(message('<subject>body</subject>'))], [])
})

const standIns = [
  '<encryption xmlns="urn:xmpp:eme:0" namespace="x"/>',
  '<encrypted xmlns="eu.siacs.conversations.axolotl"/>',
  '<encrypted xmlns="urn:xmpp:omemo:2"/>',
  '<openpgp xmlns="urn:xmpp:openpgp:0"/>',
  '<x xmlns="jabber:x:encrypted"/>',
  '<fallback xmlns="urn:xmpp:fallback:0" for="x"/>',
  '<fallback xmlns="urn:xmpp:fallback:0" for="x"><subject/><body/></fallback>',
]
for (const xml of standIns) {
  test(`the body only stands in for something else: ${xml}`, () => {
    assert.deepEqual([...messageWords(message(`<body>sorry</body>${xml}`))], [])
  })
}

test('a body that is a fallback in part is found as a whole', () => {
  for (const inside of ['<body start="0" end="2"/>', '<subject/>']) {
    const fallback = `<fallback xmlns="urn:xmpp:fallback:0" for="x">${inside}</fallback>`
    assert.deepEqual([...messageWords(message(`<body>he said</body>${fallback}`))], ['he', 'said'])
  }
})

test('what comes late in a long message is not looked at', () => {
  const words = messageWords(body(`${'early '.repeat(searched / 6)} late`))
  assert.deepEqual([...words].slice(0, 1), ['early'])
  assert.ok(!words.has('late'))
})
