import { Malformed } from './errors.ts'

/** Four numbers of at most 255 without leading zeros, with dots between (RFC 3986 §3.2.2 IPv4address). */
export function isIpv4(text: string): boolean {
  const parts = text.split('.', 5)
  return parts.length === 4 && parts.every(part => isDecimal(part) && Number(part) <= 255)
}

function isDecimal(part: string): boolean {
  if (part.length === 0 || part.length > 3 || (part.length > 1 && part[0] === '0')) return false
  for (let i = 0; i < part.length; i++) {
    const code = part.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

const group = /^[0-9a-f]{1,4}$/i
const zoneText = /^(?:[a-z0-9._~-]|%[0-9a-f]{2})+$/i

/**
 * An address in brackets as RFC 5952 writes it: `[2001:DB8:0:0::1]` gives `[2001:db8::1]`. A zone may follow behind
 * `%25` (RFC 6874) and stays as it is. Throws `Malformed`; `what` begins its sentence.
 */
export function ipv6Literal(text: string, what: string): string {
  const wrong = new Malformed(`${what} is no IPv6 address in brackets`)
  if (!text.startsWith('[') || !text.endsWith(']')) throw wrong
  const inside = text.slice(1, -1)
  const percent = inside.indexOf('%')
  const address = percent < 0 ? inside : inside.slice(0, percent)
  const zone = percent < 0 ? '' : inside.slice(percent)
  if (zone !== '' && (!zone.startsWith('%25') || !zoneText.test(zone.slice(3)))) throw wrong
  const groups = readGroups(address)
  if (!groups) throw wrong
  return `[${writeGroups(groups)}${zone}]`
}

function readGroups(address: string): number[] | undefined {
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const head = readHalf(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? readHalf(halves[1]!, true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  // "::" stands for one group or more (RFC 4291 §2.2).
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function readHalf(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if (group.test(part)) groups.push(Number.parseInt(part, 16))
    else if (last && i === parts.length - 1 && isIpv4(part)) {
      const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number]
      groups.push(a * 256 + b, c * 256 + d)
    } else return undefined
  }
  return groups
}

function writeGroups(groups: readonly number[]): string {
  // RFC 5952 §5: IPv4-mapped addresses keep their dots.
  if (groups.slice(0, 5).every(value => value === 0) && groups[5] === 0xffff) {
    const [high, low] = [groups[6]!, groups[7]!]
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  // RFC 5952 §4.2: the first of the longest runs of two zeros or more.
  let best = 0
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) [best, length] = [i, end - i]
  }
  const text = (part: readonly number[]) => part.map(value => value.toString(16)).join(':')
  return length < 2 ? text(groups) : `${text(groups.slice(0, best))}::${text(groups.slice(best + length))}`
}
