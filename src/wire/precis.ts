import { Malformed } from './errors.ts'
import { checkBidi, hasRightToLeft } from './precis-bidi.ts'
import { contextAllows } from './precis-context.ts'

/**
 * How RFC 8264 §8 and RFC 5892 §3 value a code point: valid everywhere, only in the free-form class, only in a
 * context, or nowhere. Computed from the Unicode version that the running engine knows.
 */
export type Derived = 'valid' | 'free' | 'joiner' | 'context' | 'disallowed' | 'unassigned'

// RFC 5892 §2.6, which RFC 8264 §9.6 takes over.
const exceptionsValid = /[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]/
const exceptionsContext = /[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]/
const exceptionsDisallowed = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/

const unassigned = /(?!\p{Noncharacter_Code_Point})\p{Cn}/u
const letterDigits = /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u
const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u
// RFC 8264 §9.18, §9.14, §9.15, §9.16: what only the FreeformClass takes.
const freeform = /[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{Sm}\p{Sc}\p{Sk}\p{So}\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}]/u
// Hangul_Syllable_Type L, V or T (RFC 5892 §2.9): the conjoining Jamo and their two extensions.
const oldHangulJamo = /[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]/
const unstable = /\p{Changes_When_NFKC_Casefolded}/u
const whiteSpace = /\p{White_Space}/u
// RFC 5892 §2.4: combining marks for symbols, musical symbols, ancient Greek musical notation.
const ignorableBlocks = /[\u20d0-\u20ff\u{1d100}-\u{1d1ff}\u{1d200}-\u{1d24f}]/u

function exception(character: string): Derived | undefined {
  if (exceptionsValid.test(character)) return 'valid'
  if (exceptionsContext.test(character)) return 'context'
  if (exceptionsDisallowed.test(character)) return 'disallowed'
  if (unassigned.test(character)) return 'unassigned'
  return undefined
}

/** The derived property of one code point for PRECIS string classes (RFC 8264 §8), in the order given there. */
export function derivedForPrecis(character: string): Derived {
  const code = character.codePointAt(0)!
  const early = exception(character)
  if (early) return early
  if (code >= 0x21 && code <= 0x7e) return 'valid'
  if (code === 0x200c || code === 0x200d) return 'joiner'
  if (oldHangulJamo.test(character) || ignorable.test(character)) return 'disallowed'
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return 'disallowed'
  if (character.normalize('NFKC') !== character) return 'free'
  if (letterDigits.test(character)) return 'valid'
  return freeform.test(character) ? 'free' : 'disallowed'
}

/** The derived property of one code point for labels of domain names (RFC 5892 §3), in the order given there. */
export function derivedForIdna(character: string): Derived {
  const code = character.codePointAt(0)!
  const early = exception(character)
  if (early) return early
  if (code === 0x2d || (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a)) return 'valid'
  if (code === 0x200c || code === 0x200d) return 'joiner'
  // RFC 5892 §2.2. NFKC_Casefold takes default ignorable code points away too, but those are disallowed just the same.
  if (unstable.test(character)) return 'disallowed'
  if (ignorable.test(character) || whiteSpace.test(character)) return 'disallowed'
  if (ignorableBlocks.test(character) || oldHangulJamo.test(character)) return 'disallowed'
  return letterDigits.test(character) ? 'valid' : 'disallowed'
}

/** A code point as people write it: `U+0020`. */
export function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

/**
 * Throws `Malformed` unless each code point is allowed where it stands. `what` begins the sentence ("the local part");
 * `free` also lets in what only the FreeformClass takes.
 */
export function checkCodePoints(
  text: string,
  what: string,
  derived: (character: string) => Derived = derivedForPrecis,
  free = false,
): void {
  const characters = [...text]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    const value = derived(character)
    if (value === 'valid' || (value === 'free' && free)) continue
    if ((value === 'joiner' || value === 'context') && contextAllows(characters, i)) continue
    throw new Malformed(
      value === 'unassigned'
        ? `${what} contains ${codePoint(character)}, which is no character yet`
        : `${what} contains ${codePoint(character)}, which is not allowed ${value === 'joiner' || value === 'context' ? 'in that place' : 'there'}`,
    )
  }
}

/**
 * The lower case of each code point on its own: `toLowerCase` would make a final sigma of a capital one by its
 * neighbours, which the profiles do not (RFC 8265 §3.6).
 */
export function lowerCase(text: string): string {
  return text.replaceAll('\u03a3', '\u03c3').toLowerCase()
}

const wide = /[\u3000\uff00-\uffef]/g

/** Full-width and half-width forms as what they are forms of (RFC 8265 §3.3.1). */
export function ordinaryWidth(text: string): string {
  return text.replace(wide, form => form.normalize('NFKC'))
}

/**
 * A user name in the UsernameCaseMapped profile (RFC 8265 §3.3): the localpart of an address, or what a person types
 * to log in. Throws `Malformed`; `what` begins its sentence.
 */
export function usernameCaseMapped(text: string, what = 'the user name'): string {
  return stable(text, what, enforceUsername)
}

function enforceUsername(text: string, what: string): string {
  const prepared = ordinaryWidth(text)
  checkCodePoints(prepared, what)
  const enforced = lowerCase(prepared).normalize('NFC')
  if (enforced === '') throw new Malformed(`${what} is empty`)
  if (hasRightToLeft(enforced)) checkBidi(enforced, what)
  return enforced
}

const spaces = /\p{Zs}/gu

/**
 * A string in the OpaqueString profile (RFC 8265 §4.2): the resourcepart of an address, or a password. Throws
 * `Malformed`; `what` begins its sentence.
 */
export function opaqueString(text: string, what = 'the string'): string {
  return stable(text, what, enforceOpaque)
}

function enforceOpaque(text: string, what: string): string {
  if (text === '') throw new Malformed(`${what} is empty`)
  checkCodePoints(text, what, derivedForPrecis, true)
  return text.replace(spaces, ' ').normalize('NFC')
}

/**
 * The rules are applied until they change nothing, as they may make of U+0387 a middle dot that must not stand there;
 * what is not stable after three more times is refused (RFC 8264 §7).
 */
function stable(text: string, what: string, enforce: (text: string, what: string) => string): string {
  for (let times = 0; times < 4; times++) {
    const enforced = enforce(text, what)
    if (enforced === text) return text
    text = enforced
  }
  throw new Malformed(`${what} has no stable form`)
}
