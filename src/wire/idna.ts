import { Malformed } from './errors.ts'
import { ipv6Literal, isIpv4 } from './idna-address.ts'
import { decodePunycode, encodePunycode } from './idna-punycode.ts'
import { checkCodePoints, derivedForIdna, lowerCase, ordinaryWidth } from './precis.ts'
import { checkBidi, hasRightToLeft } from './precis-bidi.ts'

const combining = /^\p{M}/u
const numeric = /^(?:[0-9]+|0x[0-9a-f]*)$/

/**
 * A domain in its canonical form (RFC 7622 §3.2): labels as U-labels in lower case and NFC, addresses as RFC 3986 and
 * RFC 5952 write them, a trailing dot taken off. Throws `Malformed`; `what` begins its sentence.
 */
export function canonicalDomain(text: string, what = 'the domain'): string {
  if (text.startsWith('[')) return ipv6Literal(text, what)
  // RFC 5895 §2, in its order: lower case, width, NFC, the ideographic full stop.
  const mapped = ordinaryWidth(lowerCase(text)).normalize('NFC').replaceAll('\u3002', '.')
  const name = mapped.endsWith('.') ? mapped.slice(0, -1) : mapped
  if (name === '') throw new Malformed(`${what} is empty`)
  if (isIpv4(name)) return name
  let ascii = -1
  const labels = name.split('.', 128).map(label => {
    const unicode = uLabel(label, what)
    ascii += aLabel(unicode, what).length + 1
    return unicode
  })
  // RFC 1035 §2.3.4: 255 octets, of which the first length and the root take two.
  if (ascii > 253 || labels.length > 127) throw new Malformed(`${what} is longer than the 253 octets of a domain name`)
  const last = labels[labels.length - 1]!
  // Resolvers would read "127.1" or "0x7f000001" as an IPv4 address: another spelling of one, and no name.
  if (numeric.test(last)) throw new Malformed(`${what} ends in a number but is no IPv4 address`)
  // RFC 5893 §1.4: in a domain with one label from right to left, all follow the Bidi Rule (§2) but plain LDH ones,
  // which only must not begin with a digit behind such a label.
  if (labels.some(hasRightToLeft)) for (let at = 0; at < labels.length; at++) checkDirection(labels, at, what)
  return labels.join('.')
}

/** The domain as DNS, TLS and certificates want it: A-labels (RFC 5890 §2.3.2.1). For canonical domains. */
export function asciiDomain(domain: string): string {
  if (domain.startsWith('[') || isAscii(domain)) return domain
  return domain
    .split('.')
    .map(label => aLabel(label, 'the domain'))
    .join('.')
}

function uLabel(label: string, what: string): string {
  if (label === '') throw new Malformed(`${what} has an empty label`)
  if (!label.startsWith('xn--')) return checked(label, what)
  const unicode = decoded(label, what)
  // RFC 5891 §4.2.1: what a label spells must be a U-label that is spelled by it again.
  if (isAscii(unicode) || `xn--${encodePunycode(unicode)}` !== label || unicode !== unicode.normalize('NFC'))
    throw new Malformed(`${what} has a label with "xn--" that spells no international label`)
  return checked(unicode, what)
}

function decoded(label: string, what: string): string {
  if (label.length > 63) throw new Malformed(`${what} has a label longer than 63 octets`)
  try {
    return decodePunycode(label.slice(4))
  } catch (error) {
    if (error instanceof Malformed)
      throw new Malformed(`${what} has a label with "xn--" that is wrong: ${error.message}`)
    throw error
  }
}

/** RFC 5891 §4.2.2 and §4.2.3; for ASCII labels the same rules say "NR-LDH label" (RFC 5890 §2.3.1). */
function checked(label: string, what: string): string {
  checkCodePoints(label, what, derivedForIdna)
  if (label.startsWith('-') || label.endsWith('-'))
    throw new Malformed(`${what} has a label that begins or ends with a hyphen`)
  if (label.startsWith('--', 2)) throw new Malformed(`${what} has a label with "--" in the third and fourth place`)
  if (combining.test(label)) throw new Malformed(`${what} has a label that begins with a combining mark`)
  return label
}

function aLabel(label: string, what: string): string {
  if (label.length > 63) throw new Malformed(`${what} has a label longer than 63 octets`)
  if (isAscii(label)) return label
  const ascii = `xn--${encodePunycode(label)}`
  if (ascii.length > 63) throw new Malformed(`${what} has a label longer than 63 octets`)
  return ascii
}

function checkDirection(labels: readonly string[], at: number, what: string): void {
  const label = labels[at]!
  const first = label.charCodeAt(0)
  if (!isAscii(label)) checkBidi(label, what)
  else if (at > 0 && first >= 0x30 && first <= 0x39 && hasRightToLeft(labels[at - 1]!))
    throw new Malformed(`${what} has a label that begins with a digit behind one written from right to left (RFC 5893)`)
}

/** Whether all of it is ASCII. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
