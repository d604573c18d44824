import { Malformed } from './errors.ts'

/** The characters that a local part cannot hold, and the backslash, each with its escape (XEP-0106 §3.2). */
const escapes = new Map([
  [' ', '\\20'],
  ['"', '\\22'],
  ['&', '\\26'],
  ["'", '\\27'],
  ['/', '\\2f'],
  [':', '\\3a'],
  ['<', '\\3c'],
  ['>', '\\3e'],
  ['@', '\\40'],
  ['\\', '\\5c'],
])
const characters = new Map(Array.from(escapes, ([character, escaped]) => [escaped, character]))

/**
 * Text for people, an e-mail address for instance, as a local part (XEP-0106 §4.2). Throws `Malformed` where it begins
 * or ends with a space, which has no escape there.
 */
export function escapeLocal(text: string): string {
  if (text.startsWith(' ') || text.endsWith(' '))
    throw new Malformed('The local part of an address begins or ends with a space (XEP-0106)')
  let escaped = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    // §4.1, rule 7: a backslash only where an escape would be read. In any case of letters, as the address will be lower.
    const plain = character === '\\' && !characters.has(text.slice(i, i + 3).toLowerCase())
    escaped += plain ? character : (escapes.get(character) ?? character)
  }
  return escaped
}

/** A local part as people should see it; what is no escape stays. Never for comparing (XEP-0106 §4.1). */
export function unescapeLocal(local: string): string {
  let text = ''
  for (let i = 0; i < local.length; i++) {
    const character = local[i] === '\\' ? characters.get(local.slice(i, i + 3)) : undefined
    // §4.1, rule 6: no escaped local part begins or ends with a space.
    const outside = character === ' ' && (i === 0 || i + 3 === local.length)
    if (character === undefined || outside) text += local[i]
    else {
      text += character
      i += 2
    }
  }
  return text
}
