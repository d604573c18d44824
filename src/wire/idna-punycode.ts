import { Malformed } from './errors.ts'

// RFC 3492 §5: the parameters of Punycode.
const base = 36
const tMin = 1
const tMax = 26
const skew = 38
const damp = 700
const initialBias = 72
const initialN = 0x80

/** Bias adaptation (RFC 3492 §6.1). */
function adapt(delta: number, points: number, first: boolean): number {
  delta = first ? Math.floor(delta / damp) : delta >> 1
  delta += Math.floor(delta / points)
  let k = 0
  while (delta > ((base - tMin) * tMax) >> 1) {
    delta = Math.floor(delta / (base - tMin))
    k += base
  }
  return k + Math.floor(((base - tMin + 1) * delta) / (delta + skew))
}

function threshold(k: number, bias: number): number {
  return k <= bias + tMin ? tMin : k >= bias + tMax ? tMax : k - bias
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26
  if (code >= 0x61 && code <= 0x7a) return code - 0x61
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  return base
}

/** The text that Punycode spells, without the prefix `xn--` (RFC 3492 §6.2). Throws `Malformed`. */
export function decodePunycode(spelled: string): string {
  const delimiter = spelled.lastIndexOf('-')
  const output = Array.from(spelled.slice(0, Math.max(delimiter, 0)), character => character.charCodeAt(0))
  if (output.some(code => code >= initialN)) throw new Malformed('Punycode holds a character beyond ASCII')
  let n = initialN
  let i = 0
  let bias = initialBias
  for (let at = delimiter > 0 ? delimiter + 1 : 0; at < spelled.length; ) {
    const before = i
    let weight = 1
    for (let k = base; ; k += base) {
      const digit = at < spelled.length ? digitOf(spelled.charCodeAt(at++)) : base
      if (digit === base) throw new Malformed('Punycode ends early or holds what is no digit of it')
      i += digit * weight
      if (i > 0x7fffffff) throw new Malformed('Punycode spells a number that is too big')
      const t = threshold(k, bias)
      if (digit < t) break
      weight *= base - t
    }
    bias = adapt(i - before, output.length + 1, before === 0)
    n += Math.floor(i / (output.length + 1))
    i %= output.length + 1
    if (n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff)) throw new Malformed('Punycode spells what is no character')
    output.splice(i++, 0, n)
  }
  return String.fromCodePoint(...output)
}

/** Text spelled in Punycode, without the prefix `xn--` (RFC 3492 §6.3). For labels: quadratic in its length. */
export function encodePunycode(text: string): string {
  const input = Array.from(text, character => character.codePointAt(0)!)
  let output = String.fromCharCode(...input.filter(code => code < initialN))
  const basic = output.length
  if (basic > 0) output += '-'
  let n = initialN
  let delta = 0
  let bias = initialBias
  for (let handled = basic; handled < input.length; ) {
    const next = input.reduce((least, code) => (code >= n && code < least ? code : least), Number.POSITIVE_INFINITY)
    delta += (next - n) * (handled + 1)
    n = next
    for (const code of input) {
      if (code < n) delta++
      if (code !== n) continue
      let q = delta
      for (let k = base; ; k += base) {
        const t = threshold(k, bias)
        if (q < t) break
        output += digitText(t + ((q - t) % (base - t)))
        q = Math.floor((q - t) / (base - t))
      }
      output += digitText(q)
      bias = adapt(delta, handled + 1, handled === basic)
      delta = 0
      handled++
    }
    delta++
    n++
  }
  return output
}

function digitText(digit: number): string {
  return String.fromCharCode(digit < 26 ? digit + 0x61 : digit - 26 + 0x30)
}
