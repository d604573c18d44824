/** Numbers that look random and are the same each time for the same seed (xorshift with a mixed seed). */
export class Random {
  #state: number

  /** Any integers. */
  constructor(seed: number, index = 0) {
    let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
    this.#state = (state ^ (state >>> 13)) | 0 || 1
  }

  /** A whole number from 0 up to, but not, `count`. */
  below(count: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return Math.floor(((Math.imul(state, 0x9e3779b1) >>> 0) / 0x100000000) * count)
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}
