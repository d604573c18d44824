import type { Element } from '../../wire/element.ts'
import { parse } from '../../wire/reader.ts'
import { isEncrypted } from './eligible.ts'

/** Characters of a message that it can be found by; what comes later in it is not looked at. */
export const searched = 16 * 1024
/** Characters of a word that count. */
const longest = 50
/** A shorter word is only met by itself, a longer one by those that begin with it. */
const shortest = 3

/** Scripts that put no spaces between words. */
const unspaced =
  '[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Bopomofo}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}\\p{scx=Tibetan}]'
const letters = '[\\p{L}\\p{M}\\p{N}]'
const runs = new RegExp(
  `([${letters}&&${unspaced}]+)|[${letters}--${unspaced}]+|\\p{RI}{2}|\\p{Extended_Pictographic}`,
  'gv',
)
const asciiRuns = /[0-9a-z]+/g
const ascii = /^[\0-\x7f]*$/
/** Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, what changes the look of a sign; soft hyphens. */
const ignored = /[\u0300-\u036f]|[\u0591-\u05c7]|[\u064b-\u065f\u0670]|[\ufe00-\ufe0f]|[\u20d0-\u20ff]|\u00ad|\u200c/g

/**
 * The words of a text as they are indexed, whatever its capitals, accents and widths. Where words are not parted by
 * spaces, it is each two neighbouring letters, and the last alone.
 */
export function wordsOf(text: string): ReadonlySet<string> {
  const words = new Set<string>()
  for (const { run, isUnspaced } of runsOf(text)) {
    if (!isUnspaced) {
      words.add(cut(run))
      continue
    }
    const signs = [...run]
    for (let at = 0; at < signs.length; at++) words.add(signs[at]! + (signs[at + 1] ?? ''))
  }
  return words
}

/** What a user asks for, as the log is asked for it: each is to be met by a word. */
export function askedWords(text: string): readonly string[] {
  const asked = new Set<string>()
  for (const { run, isUnspaced } of runsOf(text)) {
    const signs = [...run]
    if (!isUnspaced) asked.add(signs.length < shortest ? run : `${cut(run)}*`)
    else if (signs.length === 1) asked.add(`${run}*`)
    else for (let at = 1; at < signs.length; at++) asked.add(signs[at - 1]! + signs[at]!)
  }
  return [...asked]
}

/**
 * The words that a message is found by: those of its bodies, in all languages. What stands in for something else says
 * nothing of it: beside encrypted content (XEP-0380 §3), or as a fallback (XEP-0428 §2) as a whole.
 */
export function messageWords(xml: string): ReadonlySet<string> {
  if (!xml.includes('<body')) return nothing
  const message = parse(xml)
  if (isEncrypted(message)) return nothing
  if (message.elements.some(isFallback)) return nothing
  let text = ''
  for (const child of message.elements) if (child.is('body', message.namespace)) text += `${child.text}\n`
  return wordsOf(text.slice(0, searched))
}

const nothing: ReadonlySet<string> = new Set()

/** Whether this says that the body stands in for something that older clients do not know. */
function isFallback(child: Element): boolean {
  if (!child.is('fallback', 'urn:xmpp:fallback:0')) return false
  const body = child.child('body')
  return child.elements.length === 0 || (body !== undefined && body.attribute('start') === undefined)
}

/** Whether words meet everything that is asked for. */
export function meets(words: ReadonlySet<string>, asked: readonly string[]): boolean {
  return asked.every(one => {
    if (!one.endsWith('*')) return words.has(one)
    const beginning = one.slice(0, -1)
    for (const word of words) if (word.startsWith(beginning)) return true
    return false
  })
}

function* runsOf(text: string): Iterable<{ readonly run: string; readonly isUnspaced: boolean }> {
  if (ascii.test(text)) {
    for (const [run] of text.toLowerCase().matchAll(asciiRuns)) yield { run, isUnspaced: false }
    return
  }
  // Composed again, lest Hangul fall into its letters.
  const plain = text.normalize('NFKD').replace(ignored, '').normalize('NFC')
  // By way of capitals: ß is ss, and the two small sigmas are one.
  const folded = plain.toUpperCase().toLowerCase().replaceAll('ς', 'σ')
  for (const [run, isUnspaced] of folded.matchAll(runs)) yield { run, isUnspaced: isUnspaced !== undefined }
}

/** Shortened to what counts of a word. */
function cut(run: string): string {
  return run.length <= longest ? run : [...run].slice(0, longest).join('')
}
