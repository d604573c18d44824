import { StreamError } from './errors.ts'
import type { Limits } from './limits.ts'
import { nameCharacters } from './names.ts'
import { exceeded, malformed } from './reader-faults.ts'
import { Held } from './reader-held.ts'
import type { Input } from './reader-input.ts'
import { type Name, nameAt, nameKind, nameOf, namespaceAt } from './reader-names.ts'
import { referenced } from './reader-reference.ts'

/** Where in a start tag we are. */
const expects = { element: 0, attribute: 1, more: 2, equals: 3, quote: 4, value: 5, reference: 6, end: 7 } as const
type Expectation = (typeof expects)[keyof typeof expects]

const noName: Name = { raw: '', prefix: '', local: '', kind: 0, high: 0, low: 0 }

/** Attributes of the tag that is being read; whose tag goes on in another chunk takes them along. */
const sharedNames: Name[] = []
const sharedValues: string[] = []
/** Of so many it does not matter which chunks they pin: few tags have more. */
const usual = 16

/** Reads start tags, from behind the `<` to behind the `>`, over any number of chunks. */
export class TagScanner {
  limits: Limits
  /** The tag that was read last: its name … */
  name = noName
  /** … its attributes, declarations included, in their order; `count` of them are of this tag … */
  names = sharedNames
  values = sharedValues
  count = 0
  /** … and whether it is an empty element's. */
  empty = false
  readonly #input: Input
  readonly #held = new Held()
  readonly #reference = new Held()
  #expects: Expectation = expects.element
  #attribute = noName
  /** The quote that ends the value. */
  #quote = 0
  /** Whether white space came since the last attribute (XML 1.0 §3.1). */
  #spaced = false

  constructor(input: Input, limits: Limits) {
    this.#input = input
    this.limits = limits
  }

  /** The next character is the first of a name. */
  begin(): void {
    this.#expects = expects.element
    this.names = sharedNames
    this.values = sharedValues
    this.count = 0
    this.empty = false
    this.#spaced = false
  }

  /** What was read pins no more than some chunks. */
  forget(): void {
    if (sharedValues.length > usual) sharedNames.length = sharedValues.length = 0
  }

  /** The tag goes on in the next chunk; others are read meanwhile. */
  keep(): void {
    if (this.names !== sharedNames) return
    this.names = this.names.slice(0, this.count)
    this.values = this.values.slice(0, this.count)
  }

  /** Forgets an unfinished tag. */
  reset(): void {
    this.names = sharedNames
    this.values = sharedValues
    this.count = 0
    this.#held.clear()
    this.#reference.clear()
  }

  /** Reads on. Whether the tag is complete; if not, the text is at its end. Throws a `StreamError`. */
  read(): boolean {
    const input = this.#input
    const length = input.text.length
    while (input.at < length) {
      switch (this.#expects) {
        case expects.element: {
          const name = this.#name()
          if (name === undefined) return false
          this.name = name
          this.#expects = expects.more
          break
        }
        case expects.more:
          if (this.#whole() || this.#more()) return true
          break
        case expects.attribute: {
          const name = this.#name()
          if (name === undefined) return false
          if (this.count >= this.limits.attributes)
            throw input.wrong(input.at, exceeded(`More than ${this.limits.attributes} attributes`))
          this.#attribute = name
          this.#expects = expects.equals
          break
        }
        case expects.equals:
          if (!this.#skipSpace()) return false
          if (input.text.charCodeAt(input.at) !== 0x3d) throw input.wrong(input.at, malformed('An attribute without ='))
          input.at++
          this.#expects = expects.quote
          break
        case expects.quote:
          this.#openValue()
          break
        case expects.value:
          this.#value()
          break
        case expects.reference:
          this.#readReference()
          break
        case expects.end:
          if (input.text.charCodeAt(input.at) !== 0x3e) throw input.wrong(input.at, malformed('A / inside a tag'))
          input.at++
          return (this.empty = true)
      }
    }
    return false
  }

  /**
   * Reads attributes as nearly everybody writes them, each wholly inside the text: `name="value"`, without references
   * and line ends. Whether the tag ends behind them; if not, the slow way goes on from there.
   */
  #whole(): boolean {
    const input = this.#input
    const { text, at: begin } = input
    // Up to here the text is inside this tag.
    const end = Math.min(input.nextLess(begin), input.nextReference(begin))
    let at = begin
    while (at < end) {
      let code = text.charCodeAt(at)
      if (code === 0x3e) {
        input.at = at + 1
        return true
      }
      if (!isSpace(code)) break
      let from = at + 1
      while (from < end && isSpace(text.charCodeAt(from))) from++
      let high = 0
      let low = 0
      let equals = from
      for (; equals < end; equals++) {
        code = text.charCodeAt(equals)
        if (code > 0x7f || nameCharacters[code] === 0) break
        high = ((high << 7) | (low >>> 21)) & 0xfffffff
        low = ((low << 7) | code) & 0xfffffff
      }
      if (code !== 0x3d || equals + 1 >= end || this.count >= this.limits.attributes) break
      const quote = text.charCodeAt(equals + 1)
      if (quote !== 0x27 && quote !== 0x22) break
      const close = input.nextQuote(quote, equals + 2)
      if (close >= end || input.nextBreak(equals + 2) < close) break
      const name = nameAt(text, from, equals, high, low)
      if (name === undefined) break
      this.names[this.count] = name
      this.values[this.count++] =
        name.kind === nameKind.defaultDeclaration ? namespaceAt(text, equals + 2, close) : text.slice(equals + 2, close)
      this.#spaced = false
      at = close + 1
    }
    input.at = at
    return false
  }

  /** Behind a name or a value. Whether the tag ends here. */
  #more(): boolean {
    const input = this.#input
    if (input.at === input.text.length) return false
    const code = input.text.charCodeAt(input.at)
    if (code === 0x3e) {
      input.at++
      return true
    }
    if (isSpace(code)) {
      this.#spaced = true
      input.at++
    } else if (code === 0x2f) {
      input.at++
      this.#expects = expects.end
    } else {
      if (!this.#spaced) throw input.wrong(input.at, malformed('No white space between attributes'))
      this.#expects = expects.attribute
    }
    return false
  }

  /** A name up to the first character that is none of a name; undefined where the text ends before. */
  #name(): Name | undefined {
    const input = this.#input
    const text = input.text
    const from = input.at
    let at = from
    let high = 0
    let low = 0
    let wide = false
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code >= 0x80) wide = true
      else if (nameCharacters[code] === 0) break
      high = ((high << 7) | (low >>> 21)) & 0xfffffff
      low = ((low << 7) | code) & 0xfffffff
    }
    input.at = at
    if (at === text.length) {
      this.#held.add(text.slice(from, at))
      return undefined
    }
    let name: Name | undefined
    if (wide || this.#held.any) {
      this.#held.add(text.slice(from, at))
      name = nameOf(this.#held.take())
    } else name = nameAt(text, from, at, high, low)
    if (name === undefined) throw input.wrong(at, malformed('A tag or an attribute without a right name'))
    return name
  }

  /** Whether there is something else in the text. */
  #skipSpace(): boolean {
    const input = this.#input
    while (input.at < input.text.length && isSpace(input.text.charCodeAt(input.at))) input.at++
    return input.at < input.text.length
  }

  #openValue(): void {
    if (!this.#skipSpace()) return
    const input = this.#input
    const code = input.text.charCodeAt(input.at)
    if (code !== 0x22 && code !== 0x27) throw input.wrong(input.at, malformed('An attribute without quotes'))
    this.#quote = code
    input.at++
    this.#expects = expects.value
  }

  #value(): void {
    const input = this.#input
    const text = input.text
    const from = input.at
    const end = input.nextQuote(this.#quote, from)
    const less = input.nextLess(from)
    const reference = input.nextReference(from)
    if (reference < end && reference < less) {
      this.#held.add(folded(text.slice(from, reference), input.nextBreak(from) < reference))
      input.at = reference + 1
      this.#expects = expects.reference
      return
    }
    if (less < end) throw input.wrong(less, malformed('A < in an attribute'))
    const piece = folded(text.slice(from, end), input.nextBreak(from) < end)
    if (end === text.length) {
      this.#held.add(piece)
      input.at = end
      return
    }
    input.at = end + 1
    let value = piece
    if (this.#held.any) {
      this.#held.add(piece)
      value = this.#held.take()
    }
    this.names[this.count] = this.#attribute
    this.values[this.count++] = value
    this.#spaced = false
    this.#expects = expects.more
  }

  #readReference(): void {
    const piece = readReference(this.#input, this.#reference)
    if (piece === undefined) return
    this.#held.add(piece)
    this.#expects = expects.value
  }
}

/**
 * Reads a reference from behind its `&` to behind its `;`, keeping an unfinished one in `held`: what stands for it, or
 * undefined where the text ends before.
 */
export function readReference(input: Input, held: Held): string | undefined {
  const text = input.text
  const from = input.at
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80 && nameCharacters[code] === 0 && code !== 0x23) break
  }
  held.add(text.slice(from, at))
  input.at = at
  if (at === text.length) return undefined
  if (text.charCodeAt(at) !== 0x3b) throw input.wrong(at, malformed('A & that begins no reference'))
  const value = referenced(held.take())
  input.at = at + 1
  if (value instanceof StreamError) throw value
  return value
}

/** Whether it is white space (XML 1.0 §2.3); the carriage return has become a line feed. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09
}

/** White space in an attribute becomes spaces (XML 1.0 §3.3.3). */
function folded(value: string, broken: boolean): string {
  return broken ? value.replaceAll('\n', ' ').replaceAll('\t', ' ') : value
}
