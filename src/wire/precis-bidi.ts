import { Malformed } from './errors.ts'

/** Bidi classes as far as the Bidi Rule tells them apart; `neutral` is ES, CS, ET, ON or BN, `right` R or AL. */
type Direction = 'left' | 'right' | 'european' | 'arabic' | 'mark' | 'neutral'

const mark = /[\p{Mn}\p{Me}]/u
// Marks of Indic scripts that are L (Unicode 17).
const leftMarks = /[\u0cbf\u0cc6\u{11a07}\u{11a08}\u{11c3f}]/u
const european = /[0-9\u06f0-\u06f9]/
const arabic = /[\u0660-\u0669\u{10d30}-\u{10d39}]/u
// The blocks of scripts written from right to left; also code points not yet assigned there are R or AL by default.
const right = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
// ASCII but letters and digits, the joiners, and what else an identifier may hold that has no direction.
const neutral =
  /[!-/:-@[-`{-~\u00b7\u02b9\u02ba\u02c6-\u02cf\u02ec\u0375\u200c-\u200d\u2e2f\u30fb\ua67f\ua717-\ua71f\ua788]/

function direction(character: string): Direction {
  if (mark.test(character)) return leftMarks.test(character) ? 'left' : 'mark'
  if (european.test(character)) return 'european'
  if (arabic.test(character)) return 'arabic'
  if (right.test(character)) return 'right'
  return neutral.test(character) ? 'neutral' : 'left'
}

/** Whether a code point is written from right to left (R, AL or AN): then the Bidi Rule applies (RFC 5893 §1.4). */
export function hasRightToLeft(text: string): boolean {
  if (!right.test(text)) return false
  for (const character of text) {
    const is = direction(character)
    if (is === 'right' || is === 'arabic') return true
  }
  return false
}

/** The Bidi Rule (RFC 5893 §2) for one label or user name. Throws `Malformed`; `what` begins its sentence. */
export function checkBidi(text: string, what: string): void {
  const classes = Array.from(text, direction)
  const first = classes[0]
  let end = classes.length - 1
  while (end > 0 && classes[end] === 'mark') end--
  const last = classes[end]!
  if (first === 'right') {
    if (classes.includes('left')) throw mixed(what) // condition 2
    if (last === 'neutral' || last === 'mark') throw unended(what) // condition 3
    if (classes.includes('european') && classes.includes('arabic'))
      throw new Malformed(`${what} mixes European and Arabic digits (RFC 5893)`) // condition 4
  } else if (first === 'left') {
    if (classes.includes('right') || classes.includes('arabic')) throw mixed(what) // condition 5
    if (last !== 'left' && last !== 'european') throw unended(what) // condition 6
  } else {
    // Condition 1.
    throw new Malformed(`${what} must begin with a letter, as it is written from right to left (RFC 5893)`)
  }
}

function mixed(what: string): Malformed {
  return new Malformed(`${what} mixes directions of writing (RFC 5893)`)
}

function unended(what: string): Malformed {
  return new Malformed(`${what} must end with a letter or a digit, as it is written from right to left (RFC 5893)`)
}
