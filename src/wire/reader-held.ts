const most = 1024

/**
 * The pieces of a token that has not ended. Time and memory grow with its length only, whatever the pieces: a string
 * that grew one character at a time would take thirty bytes for each.
 */
export class Held {
  /** Made when there is one: of most that are silent there are four for each connection. */
  #pieces: string[] | undefined
  #blocks: string[] | undefined
  /** Whether there is a piece, be it an empty one. */
  any = false

  add(piece: string): void {
    this.any = true
    if (this.#pieces === undefined) {
      this.#pieces = [piece]
      return
    }
    if (this.#pieces.length === most) {
      ;(this.#blocks ??= []).push(this.#pieces.join(''))
      this.#pieces = []
    }
    this.#pieces.push(piece)
  }

  /** All pieces in one, and forgets them. */
  take(): string {
    const pieces = this.#pieces
    if (pieces === undefined) return ''
    const last = pieces.length === 1 ? pieces[0]! : pieces.join('')
    const text = this.#blocks === undefined ? last : this.#blocks.join('') + last
    this.clear()
    return text
  }

  clear(): void {
    if (!this.any) return
    this.#pieces = undefined
    this.#blocks = undefined
    this.any = false
  }
}
