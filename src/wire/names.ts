const start =
  'A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}-\\u{200d}' +
  '\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}'
const rest = `${start}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}`
const unprefixed = new RegExp(`^[${start}][${rest}]*$`, 'u')
const any = new RegExp(`^[:${start}][:${rest}]*$`, 'u')
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
const halfPair = /[\ud800-\udfff]/u

/** Whether it is a name without a colon (Namespaces in XML 1.0 §3, production NCName). */
export function isUnprefixedName(text: string): boolean {
  return unprefixed.test(text)
}

/** Whether it is a name, colons allowed anywhere (XML 1.0 §2.3, production Name). */
export function isName(text: string): boolean {
  return any.test(text)
}

/** Index of the first character that XML does not have (XML 1.0 §2.2, production Char); -1 where there is none. */
export function forbiddenCharacter(text: string): number {
  const half = text.isWellFormed() ? -1 : text.search(halfPair)
  // Alone, it needs half the time of an expression that knows pairs.
  const other = text.search(forbidden)
  return half === -1 || other === -1 ? Math.max(half, other) : Math.min(half, other)
}

/** Whether XML has a character of this number (XML 1.0 §2.2, production Char). */
export function isCharacter(code: number): boolean {
  return code < 0x20
    ? code === 0x9 || code === 0xa || code === 0xd
    : code < 0xd800 || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff)
}

/** 1 for the ASCII characters of names, the colon among them; 0 for the others. */
export const nameCharacters = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (any.test(`a${String.fromCharCode(code)}`)) nameCharacters[code] = 1
