import { StreamError } from './errors.ts'
import { nameCharacters } from './names.ts'
import { checkDeclaration } from './reader-declaration.ts'
import { malformed, restricted } from './reader-faults.ts'
import { Held } from './reader-held.ts'
import type { Input } from './reader-input.ts'
import { isSpace, readReference, type TagScanner } from './reader-tag.ts'
import { places, type Tree } from './reader-tree.ts'

/** What comes next. `less`: behind a `<`; `bang`: behind `<!`; `section`: inside CDATA. */
const expects = {
  content: 0,
  less: 1,
  tag: 2,
  endName: 3,
  endSpace: 4,
  reference: 5,
  bang: 6,
  sectionStart: 7,
  section: 8,
  declarationStart: 9,
  declaration: 10,
} as const
type Expectation = (typeof expects)[keyof typeof expects]

/** Reads everything that is not inside a start tag, and says to the tree what it is. */
export class Scanner {
  /** Whether to stop where we are. */
  halted = false
  readonly #input: Input
  readonly #tag: TagScanner
  readonly #tree: Tree
  readonly #held = new Held()
  readonly #reference = new Held()
  #expects: Expectation = expects.content
  /** How many of `[CDATA[` or `xml` have come. */
  #matched = 0
  /** How many `]` (at most two) end what came in the chunk before: `]]>` may be split. */
  #brackets = 0
  /** Whether an XML declaration would not be the first thing. */
  #begun = false

  constructor(input: Input, tag: TagScanner, tree: Tree) {
    this.#input = input
    this.#tag = tag
    this.#tree = tree
  }

  /** A new stream begins. */
  reset(): void {
    this.#held.clear()
    this.#reference.clear()
    this.#expects = expects.content
    this.#brackets = 0
    this.#begun = false
  }

  /** The text is at its end. */
  rest(): void {
    if (this.#expects === expects.tag) this.#tag.keep()
    else this.#tag.forget()
    this.#tree.uncanonical()
  }

  /** Reads to the end of the text, or until halted. Throws a `StreamError`. */
  run(): void {
    const input = this.#input
    while (input.at < input.text.length && !this.halted) {
      switch (this.#expects) {
        case expects.content:
          if (this.#tree.place === places.inside) this.#text()
          else this.#between()
          break
        case expects.less:
          this.#less()
          break
        case expects.tag:
          this.#startTag()
          break
        case expects.endName:
          this.#endName()
          break
        case expects.endSpace:
          this.#endSpace()
          break
        case expects.reference: {
          const value = readReference(input, this.#reference)
          if (value === undefined) return
          this.#held.add(value)
          this.#expects = expects.content
          break
        }
        case expects.bang:
          this.#bang()
          break
        case expects.sectionStart:
          this.#literal('[CDATA[', expects.section)
          break
        case expects.section:
          this.#section()
          break
        case expects.declarationStart:
          this.#literal('xml', expects.declaration)
          break
        case expects.declaration:
          this.#declaration()
      }
    }
  }

  /** Outside of first-level elements there is only white space (RFC 6120 §11.7). */
  #between(): void {
    const input = this.#input
    const code = input.text.charCodeAt(input.at)
    const place = this.#tree.place
    if (place === places.closed) input.at = input.text.length
    else if (code === 0x3c) {
      if (!this.#begun || place === places.between) input.begin(input.at)
      input.at++
      this.#expects = expects.less
    } else if (isSpace(code)) input.at++
    else if (place === places.between)
      throw input.wrong(input.at, new StreamError('bad-format', 'Text between stanzas'))
    else throw input.wrong(input.at, malformed('Text outside of the root element'))
  }

  /** Text up to the next markup. */
  #text(): void {
    const input = this.#input
    const from = input.at
    const less = input.nextLess(from)
    const reference = input.nextReference(from)
    const end = Math.min(less, reference)
    if (this.#brackets > 0) this.#splitSectionEnd()
    const wrong = input.nextSectionEnd(from)
    if (wrong < end) throw input.wrong(wrong + 2, malformed('A ]]> in text'))
    const length = input.text.length
    if (end === length) {
      this.#held.add(input.text.slice(from, end))
      this.#brackets = this.#bracketsBefore(from, end)
      input.at = end
    } else if (end === reference) {
      this.#held.add(input.text.slice(from, end))
      input.at = end + 1
      this.#expects = expects.reference
    } else {
      // What is no CDATA section ends the text, which then needs no holding.
      if (end > from) {
        const next = end + 1 < length ? input.text.charCodeAt(end + 1) : 0x21
        if (this.#held.any || next === 0x21) this.#held.add(input.text.slice(from, end))
        else this.#tree.append(input.text.slice(from, end))
      }
      input.at = end + 1
      if (end + 1 < length) this.#less()
      else this.#expects = expects.less
    }
  }

  /** Refuses a `]]>` of which the last chunk had the begin. */
  #splitSectionEnd(): void {
    const input = this.#input
    let brackets = this.#brackets
    let at = input.at
    for (; at < input.text.length && input.text.charCodeAt(at) === 0x5d; at++) brackets++
    if (brackets > 1 && input.text.charCodeAt(at) === 0x3e) throw input.wrong(at, malformed('A ]]> in text'))
    if (at < input.text.length) this.#brackets = 0
  }

  /** How many `]`, at most two, end the text up to an index. */
  #bracketsBefore(from: number, end: number): number {
    let at = end
    while (at > from && end - at < 2 && this.#input.text.charCodeAt(at - 1) === 0x5d) at--
    return at === from ? Math.min(2, this.#brackets + end - at) : end - at
  }

  #less(): void {
    const input = this.#input
    const place = this.#tree.place
    const code = input.text.charCodeAt(input.at)
    if (code === 0x21) {
      input.at++
      this.#expects = expects.bang
      return
    }
    if (this.#held.any) this.#flush()
    const first = !this.#begun
    this.#begun = true
    if (code === 0x2f) this.#end()
    else if (code === 0x3f) {
      if (!first) throw input.wrong(input.at, restricted('A processing instruction'))
      this.#matched = 0
      input.at++
      this.#expects = expects.declarationStart
    } else {
      if (place === places.after) throw input.wrong(input.at, malformed('A second root element'))
      this.#tag.begin()
      this.#startTag()
    }
  }

  #startTag(): void {
    if (this.#tag.read()) {
      this.#expects = expects.content
      this.#tree.open(this.#tag)
    } else this.#expects = expects.tag
  }

  #flush(): void {
    const text = this.#held.take()
    this.#brackets = 0
    if (text !== '') this.#tree.append(text)
  }

  /** An end tag, behind its `<`: at once where it is all here and as usual. */
  #end(): void {
    const input = this.#input
    const place = this.#tree.place
    if (place === places.before || place === places.after)
      throw input.wrong(input.at, malformed('An end tag where nothing is open'))
    const name = this.#tree.openName
    const from = input.at + 1
    const end = from + name.length
    if (input.text.charCodeAt(end) === 0x3e && input.text.startsWith(name, from)) {
      input.at = end + 1
      this.#close(from - 2)
    } else {
      input.at = from
      this.#expects = expects.endName
    }
  }

  #close(from: number): void {
    this.#expects = expects.content
    this.#tree.close(from)
  }

  #endName(): void {
    const input = this.#input
    const text = input.text
    const from = input.at
    let at = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code < 0x80 && nameCharacters[code] === 0) break
    }
    this.#held.add(text.slice(from, at))
    input.at = at
    if (at === text.length) return
    if (this.#held.take() !== this.#tree.openName) throw input.wrong(at, malformed('An end tag of another name'))
    this.#expects = expects.endSpace
  }

  #endSpace(): void {
    const input = this.#input
    const code = input.text.charCodeAt(input.at)
    if (code !== 0x3e && !isSpace(code)) throw input.wrong(input.at, malformed('More than a name in an end tag'))
    input.at++
    if (code !== 0x3e) return
    this.#close(-1)
  }

  /** Behind `<!`. */
  #bang(): void {
    const input = this.#input
    const code = input.text.charCodeAt(input.at)
    if (code === 0x2d) throw input.wrong(input.at, restricted('A comment'))
    if (code === 0x44) throw input.wrong(input.at, restricted('A document type declaration'))
    if (code !== 0x5b) throw input.wrong(input.at, malformed('A <! that begins nothing'))
    if (this.#tree.place === places.between)
      throw input.wrong(input.at, new StreamError('bad-format', 'Text between stanzas'))
    if (this.#tree.place !== places.inside) throw input.wrong(input.at, malformed('Text outside of the root element'))
    this.#tree.uncanonical()
    this.#matched = 0
    this.#expects = expects.sectionStart
  }

  /** One character of what must come now. */
  #literal(literal: string, then: Expectation): void {
    const input = this.#input
    if (input.text.charCodeAt(input.at) !== literal.charCodeAt(this.#matched))
      throw input.wrong(
        input.at,
        then === expects.section ? malformed('A <! that begins nothing') : restricted('A processing instruction'),
      )
    input.at++
    if (++this.#matched < literal.length) return
    this.#brackets = 0
    this.#expects = then
  }

  /** What is in a CDATA section (XML 1.0 §2.7). */
  #section(): void {
    const input = this.#input
    const text = input.text
    if (this.#brackets > 0 && this.#splitSection()) return
    const from = input.at
    const end = input.nextSectionEnd(from)
    if (end < text.length) {
      this.#held.add(text.slice(from, end))
      input.at = end + 3
      this.#expects = expects.content
      return
    }
    this.#brackets = this.#bracketsBefore(from, end)
    this.#held.add(text.slice(from, end - this.#brackets))
    input.at = end
  }

  /** Goes on behind `]` or `]]` that ended the last chunk. Whether this is all that can be done now. */
  #splitSection(): boolean {
    const input = this.#input
    while (input.at < input.text.length) {
      const code = input.text.charCodeAt(input.at)
      if (code === 0x5d) {
        input.at++
        if (this.#brackets === 2) this.#held.add(']')
        else this.#brackets = 2
        continue
      }
      const ends = code === 0x3e && this.#brackets === 2
      if (ends) {
        input.at++
        this.#expects = expects.content
      } else this.#held.add(']'.repeat(this.#brackets))
      this.#brackets = 0
      return ends
    }
    return true
  }

  /** What is between `<?xml` and `>`. */
  #declaration(): void {
    const input = this.#input
    const end = input.text.indexOf('>', input.at)
    this.#held.add(input.text.slice(input.at, end === -1 ? input.text.length : end))
    if (end === -1) {
      input.at = input.text.length
      return
    }
    input.at = end + 1
    const text = this.#held.take()
    if (text !== '?' && !isSpace(text.charCodeAt(0))) throw restricted('A processing instruction')
    if (!text.endsWith('?')) throw malformed('The XML declaration is wrong')
    checkDeclaration(text.slice(0, -1))
    this.#expects = expects.content
  }
}
