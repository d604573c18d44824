/** Where the keys of a TOML text stand: the line of each path, counted from 1. */
export type Lines = ReadonlyMap<string, number>

/** A path as a key of `Lines`. */
export function pathKey(path: readonly (string | number)[]): string {
  return path.map(String).join('\u0000')
}

/** The line of a path, or of the nearest part above it that stands in the text. */
export function lineOf(lines: Lines, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(pathKey(path.slice(0, length)))
    if (line !== undefined) return line
  }
  return undefined
}

/**
 * Finds the line of every key, table and list element of a text that a TOML parser has accepted: the parser tells
 * values, but not where they stand. A path that stands at several places has its first.
 */
export function findLines(toml: string): Lines {
  return new Scan(toml).run()
}

type Path = readonly (string | number)[]

/** One walk over the text; knows just enough of TOML 1.0 to tell keys from what only looks like them. */
class Scan {
  readonly #toml: string
  readonly #lines = new Map<string, number>()
  /** How many tables of each `[[list]]` have begun. */
  readonly #lists = new Map<string, number>()
  #at = 0
  #line = 1

  constructor(toml: string) {
    this.#toml = toml
  }

  run(): Lines {
    let table: Path = []
    this.#space()
    while (this.#at < this.#toml.length) {
      const start = this.#at
      if (this.#char() === '[') table = this.#header()
      else this.#pair(table)
      this.#space()
      if (this.#at === start) break
    }
    return this.#lines
  }

  /** `[a.b]` or `[[a.b]]`; answers the path that the keys below it have. */
  #header(): Path {
    const isList = this.#toml.startsWith('[[', this.#at)
    this.#at += isList ? 2 : 1
    const line = this.#line
    const path = this.#key().flatMap((_, index, key): (string | number)[] => {
      const count = this.#lists.get(pathKey(key.slice(0, index + 1)))
      return count === undefined || (isList && index === key.length - 1) ? [key[index]!] : [key[index]!, count - 1]
    })
    this.#at += isList ? 2 : 1
    for (let length = 1; length <= path.length; length++) this.#note(path.slice(0, length), line)
    if (!isList) return path
    const count = (this.#lists.get(pathKey(path)) ?? 0) + 1
    this.#lists.set(pathKey(path), count)
    this.#note([...path, count - 1], line)
    return [...path, count - 1]
  }

  /** `a.b = value`. */
  #pair(table: Path): void {
    const line = this.#line
    const key = this.#key()
    for (let length = 1; length <= key.length; length++) this.#note([...table, ...key.slice(0, length)], line)
    this.#blanks()
    if (this.#char() === '=') this.#at++
    this.#blanks()
    this.#value([...table, ...key])
  }

  /** The parts of a dotted key, their quotes taken off. */
  #key(): string[] {
    const parts: string[] = []
    while (this.#at < this.#toml.length) {
      this.#blanks()
      if (this.#char() === '"' || this.#char() === "'") parts.push(this.#string())
      else parts.push(this.#bare(/[A-Za-z0-9_-]/))
      this.#blanks()
      if (this.#char() !== '.') break
      this.#at++
    }
    return parts
  }

  #value(path: Path): void {
    const first = this.#char()
    if (first === '"' || first === "'") this.#string()
    else if (first === '[') this.#inside(']', index => this.#element([...path, index]))
    else if (first === '{') this.#inside('}', () => this.#pair(path))
    else this.#bare(/[^\s,#\]}]/)
  }

  #element(path: Path): void {
    this.#note(path, this.#line)
    this.#value(path)
  }

  /** What stands between brackets, with its commas. */
  #inside(end: string, item: (index: number) => void): void {
    this.#at++
    for (let index = 0; ; index++) {
      this.#space()
      if (this.#char() === end || this.#at >= this.#toml.length) break
      const start = this.#at
      item(index)
      this.#space()
      if (this.#char() === ',') this.#at++
      if (this.#at === start) break
    }
    this.#at++
  }

  /** A string of any of the four kinds, without its quotes; escapes are read where a key can have them. */
  #string(): string {
    const quote = this.#char()
    const long = this.#toml.startsWith(quote.repeat(3), this.#at)
    const end = long ? quote.repeat(3) : quote
    const start = (this.#at += end.length)
    while (this.#at < this.#toml.length && !this.#toml.startsWith(end, this.#at)) {
      if (quote === '"' && this.#char() === '\\') this.#step()
      this.#step()
    }
    // A long string may end in one or two quotes of its own.
    while (long && this.#toml[this.#at + 3] === quote) this.#at++
    const inner = this.#toml.slice(start, this.#at)
    this.#at += end.length
    return quote === '"' && !long ? unescaped(inner) : inner
  }

  #bare(allowed: RegExp): string {
    const start = this.#at
    while (this.#at < this.#toml.length && allowed.test(this.#char())) this.#step()
    return this.#toml.slice(start, this.#at)
  }

  #blanks(): void {
    while (this.#char() === ' ' || this.#char() === '\t') this.#at++
  }

  /** White space, ends of lines and comments. */
  #space(): void {
    for (;;) {
      if (this.#char() === '#') while (this.#at < this.#toml.length && this.#char() !== '\n') this.#at++
      else if (/^[\s\ufeff]$/.test(this.#char())) this.#step()
      else return
    }
  }

  #char(): string {
    return this.#toml[this.#at] ?? ''
  }

  #step(): void {
    if (this.#char() === '\n') this.#line++
    this.#at++
  }

  #note(path: Path, line: number): void {
    if (!this.#lines.has(pathKey(path))) this.#lines.set(pathKey(path), line)
  }
}

function unescaped(key: string): string {
  return key.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))/g,
    (_, u, U, x, one: string) => {
      const code = u ?? U ?? x
      return code === undefined ? (controls[one] ?? one) : String.fromCodePoint(Number.parseInt(code, 16))
    },
  )
}

const controls: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\u001b' }
