import type { StreamError } from './errors.ts'
import { isCharacter, isName } from './names.ts'
import { malformed, restricted } from './reader-faults.ts'

/** What stands for `&name;`: a predefined entity or a character (XML 1.0 §4.1, §4.6), or what is wrong with it. */
export function referenced(name: string): string | StreamError {
  switch (name) {
    case 'amp':
      return '&'
    case 'lt':
      return '<'
    case 'gt':
      return '>'
    case 'apos':
      return "'"
    case 'quot':
      return '"'
  }
  if (name.charCodeAt(0) === 0x23) return character(name)
  return isName(name) ? restricted('An entity reference') : malformed('A reference without a name')
}

function character(name: string): string | StreamError {
  const hexadecimal = name.charCodeAt(1) === 0x78
  const digits = hexadecimal ? 2 : 1
  const code = name.length === digits ? -1 : digitsValue(name, digits, hexadecimal ? 16 : 10)
  return isCharacter(code) && code > 0 ? String.fromCodePoint(code) : malformed('A reference to no character')
}

/** The number; -1 where a character is no digit, and something over U+10FFFF for all that is over it. */
function digitsValue(text: string, from: number, base: number): number {
  let value = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i) | 0x20
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : 16
    if (digit >= base) return -1
    value = Math.min(value * base + digit, 0x110000)
  }
  return value
}
