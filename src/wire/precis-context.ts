import { joinsAfter, joinsBefore, joinsThrough } from './precis-joining.ts'

const greek = /\p{Script=Greek}/u
const hebrew = /\p{Script=Hebrew}/u
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u

/**
 * Whether the code point at `at` may stand there, by the rules of RFC 5892 appendix A: joiners, and the marks and
 * digits that depend on their neighbours. What has no rule is not allowed (RFC 5891 §4.2.3.3).
 */
export function contextAllows(characters: readonly string[], at: number): boolean {
  const before = characters[at - 1]
  const after = characters[at + 1]
  const code = characters[at]!.codePointAt(0)!
  switch (code) {
    case 0x200c: // A.1 zero width non-joiner
      return before !== undefined && (isVirama(before) || breaksCursive(characters, at))
    case 0x200d: // A.2 zero width joiner
      return before !== undefined && isVirama(before)
    case 0x00b7: // A.3 middle dot
      return before === 'l' && after === 'l'
    case 0x0375: // A.4 Greek keraia
      return after !== undefined && greek.test(after)
    case 0x05f3: // A.5 Hebrew geresh
    case 0x05f4: // A.6 Hebrew gershayim
      return before !== undefined && hebrew.test(before)
    case 0x30fb: // A.7 Katakana middle dot
      return characters.some(character => japanese.test(character))
  }
  // A.8 and A.9: the two series of Arabic digits do not mix.
  if (code >= 0x0660 && code <= 0x0669) return !characters.some(digit => digit >= '\u06f0' && digit <= '\u06f9')
  if (code >= 0x06f0 && code <= 0x06f9) return !characters.some(digit => digit >= '\u0660' && digit <= '\u0669')
  return false
}

/** (Joining_Type:{L,D})(Joining_Type:T)*\u200C(Joining_Type:T)*(Joining_Type:{R,D}) */
function breaksCursive(characters: readonly string[], at: number): boolean {
  let left = at - 1
  while (left >= 0 && joinsThrough(characters[left]!)) left--
  let right = at + 1
  while (right < characters.length && joinsThrough(characters[right]!)) right++
  return left >= 0 && right < characters.length && joinsAfter(characters[left]!) && joinsBefore(characters[right]!)
}

/**
 * Whether the Canonical_Combining_Class is 9. Property escapes do not tell it, but canonical ordering does: class 9
 * moves before a mark of class 10 (U+05B0) and behind one of class 8 (U+3099).
 */
export function isVirama(character: string): boolean {
  return (
    character !== '\u05b0' &&
    character !== '\u3099' &&
    `\u05b0${character}`.normalize('NFD') === `${character}\u05b0` &&
    `${character}\u3099`.normalize('NFD') === `\u3099${character}`
  )
}
