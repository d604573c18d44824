/** Round keys of a `Seal`. */
const rounds = 27
/** Characters of a sealed id: 64 bits in hexadecimal. */
const length = 16

/**
 * Turns ids of a log into ids of an archive and back. Those of a log grow with time; those of an archive must be
 * unpredictable (XEP-0313 §3) and tell nobody anything (XEP-0359 §6). It is the 64-bit block cipher Speck64/128, of which
 * one block costs less than a tenth of a microsecond.
 */
export class Seal {
  readonly #keys = new Uint32Array(rounds)

  /** Four words of key, the first one first used. */
  constructor(key: readonly [number, number, number, number]) {
    const low = [key[1] >>> 0, key[2] >>> 0, key[3] >>> 0]
    let word = key[0] >>> 0
    for (let round = 0; round < rounds; round++) {
      this.#keys[round] = word
      const at = round % 3
      low[at] = ((word + right(low[at]!, 8)) ^ round) >>> 0
      word = (left(word, 3) ^ low[at]!) >>> 0
    }
  }

  /** A seal whose key is in a text of at least 24 characters that nobody can guess. */
  static of(secret: string): Seal {
    const words = [0, 0, 0, 0] as [number, number, number, number]
    // Six characters of the 64 that there are: more than one word holds.
    for (let at = 0; at < 24; at++) words[at & 3] = Math.imul(words[at & 3]!, 67) + secret.charCodeAt(at)
    return new Seal(words)
  }

  /** The archive's id of an entry of the log. */
  close(id: number): string {
    const [x, y] = this.encrypt(Math.floor(id / 2 ** 32), id)
    return word(x) + word(y)
  }

  /** The id in the log, or undefined where this cannot be an id of the archive. */
  open(text: string): number | undefined {
    if (text.length !== length) return undefined
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      // Only as it was written: each entry has one id.
      if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return undefined
    }
    const [x, y] = this.#decrypt(Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16))
    const id = x * 2 ** 32 + y
    return Number.isSafeInteger(id) ? id : undefined
  }

  /** One block: two words of 32 bits. */
  encrypt(x: number, y: number): readonly [number, number] {
    for (let round = 0; round < rounds; round++) {
      x = (right(x, 8) + y) ^ this.#keys[round]!
      y = left(y, 3) ^ x
    }
    return [x >>> 0, y >>> 0]
  }

  #decrypt(x: number, y: number): readonly [number, number] {
    for (let round = rounds - 1; round >= 0; round--) {
      y = right(y ^ x, 3)
      x = left(((x ^ this.#keys[round]!) - y) | 0, 8)
    }
    return [x >>> 0, y >>> 0]
  }
}

function right(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function left(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function word(value: number): string {
  return bytes[value >>> 24]! + bytes[(value >>> 16) & 255] + bytes[(value >>> 8) & 255] + bytes[value & 255]
}
