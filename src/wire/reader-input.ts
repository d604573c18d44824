import { StreamError } from './errors.ts'
import { forbiddenCharacter } from './names.ts'
import { malformed, tooBig } from './reader-faults.ts'
import { Utf8Decoder, utf8Length } from './utf8.ts'

/** What has come and is not read yet: one chunk of text, and how many bytes the present element has taken. */
export class Input {
  text = ''
  /** Index of the next character to read. After a fault: behind the character that is wrong. */
  at = 0
  /** What is wrong with what comes behind the text. */
  fault: StreamError | undefined
  readonly #decoder = new Utf8Decoder()
  #ascii = true
  /** Whether the only white space in the text is the space. */
  #plain = true
  #afterReturn = false
  // Where the next ones are; each is looked for once, so that all looking together is one pass.
  #less = -1
  #reference = -1
  #sectionEnd = -1
  #lineFeed = -1
  #tab = -1
  #single = -1
  #double = -1
  /** Where the present element begins in this text; -1 where there is none. */
  #from = -1
  /** Bytes that it had in the texts before. */
  #before = 0

  /** Makes the next chunk the text; the text before must have been read. */
  take(chunk: Uint8Array | string): void {
    let text: string
    if (typeof chunk === 'string') {
      text = chunk
      this.#plain = this.#ascii = false
    } else {
      text = this.#decoder.decode(chunk)
      this.#plain = this.#decoder.plain
      this.#ascii = this.#decoder.ascii
      if (this.#decoder.broken) this.fault = new StreamError('unsupported-encoding', 'The bytes are not UTF-8')
    }
    if (!this.#plain) text = this.#checked(text)
    else if (text !== '') this.#afterReturn = false
    this.text = text
    this.at = 0
    this.#less = this.#reference = this.#sectionEnd = this.#single = this.#double = -1
    this.#lineFeed = this.#tab = this.#plain ? text.length : -1
  }

  /** Line ends become line feeds (XML 1.0 §2.11); a character that XML does not have ends the text. */
  #checked(text: string): string {
    const wrong = forbiddenCharacter(text)
    if (wrong !== -1) {
      this.fault = malformed('A character that XML does not have')
      text = text.slice(0, wrong)
    }
    const skip = this.#afterReturn && text.charCodeAt(0) === 0x0a
    if (text.length > 0) this.#afterReturn = text.charCodeAt(text.length - 1) === 0x0d
    if (skip) text = text.slice(1)
    return text.includes('\r') ? text.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : text
  }

  /** Forgets all that came. */
  reset(): void {
    this.text = ''
    this.at = 0
    this.fault = undefined
    this.#decoder.reset()
    this.#afterReturn = false
    this.forget()
  }

  /** Whether the begin of a character waits for its other bytes. */
  get unfinished(): boolean {
    return this.#decoder.unfinished
  }

  /** Index of the next `<` from here on; the text's length where there is none. */
  nextLess(at: number): number {
    if (this.#less < at) this.#less = this.#find('<', at)
    return this.#less
  }

  /** Index of the next `&`. */
  nextReference(at: number): number {
    if (this.#reference < at) this.#reference = this.#find('&', at)
    return this.#reference
  }

  /** Index of the next `]]>`. */
  nextSectionEnd(at: number): number {
    if (this.#sectionEnd < at) this.#sectionEnd = this.#find(']]>', at)
    return this.#sectionEnd
  }

  /** Index of the next line feed or tab. */
  nextBreak(at: number): number {
    if (this.#lineFeed < at) this.#lineFeed = this.#find('\n', at)
    if (this.#tab < at) this.#tab = this.#find('\t', at)
    return Math.min(this.#lineFeed, this.#tab)
  }

  /** Index of the next quote of this kind, by its character's number. */
  nextQuote(quote: number, at: number): number {
    if (quote === 0x27) {
      if (this.#single < at) this.#single = this.#find("'", at)
      return this.#single
    }
    if (this.#double < at) this.#double = this.#find('"', at)
    return this.#double
  }

  #find(what: string, at: number): number {
    const index = this.text.indexOf(what, at)
    return index === -1 ? this.text.length : index
  }

  /** The character at this index is wrong, for this reason. */
  wrong(at: number, fault: StreamError): StreamError {
    this.at = at + 1
    return fault
  }

  /** An element begins at this index: its bytes are counted from here. */
  begin(at: number): void {
    this.#from = at
    this.#before = 0
  }

  /** The element is complete, or does not matter any more. */
  forget(): void {
    this.#from = -1
    this.#before = 0
  }

  /** Whether the present element has more bytes than the limit up to where we are. Looks at them only when it may. */
  over(limit: number): boolean {
    if (this.#from === -1) return false
    const characters = this.at - this.#from
    if (this.#before + characters * 3 <= limit) return false
    return this.#bytes() > limit
  }

  /** The present element is complete. Throws where it has too many bytes. */
  complete(limit: number): void {
    if (this.over(limit)) throw tooBig(limit)
    this.#from = -1
  }

  /** The text has been read. Throws where the unfinished element has too many bytes already. */
  finish(limit: number): void {
    if (this.#from !== -1) {
      if (this.over(limit)) throw tooBig(limit)
      this.#before = this.#bytes()
      this.#from = 0
    }
    if (this.text !== '') this.text = ''
    this.at = 0
    if (this.fault !== undefined) throw this.fault
  }

  #bytes(): number {
    return this.#before + (this.#ascii ? this.at - this.#from : utf8Length(this.text, this.#from, this.at))
  }
}
