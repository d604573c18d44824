/** How a message came. */
export type Way = 'live' | 'carbon' | 'delayed' | 'archive'

/** A message as a device has it. */
export interface Had {
  readonly token: string
  /** Its id in the account's archive, where it came with one. */
  readonly id: string | undefined
  readonly way: Way
  /** In which session of the device it first came. */
  readonly session: number
}

/** What one device has: the app above a client that follows the specifications, which drops what it has already. */
export class Inbox {
  /** In the order in which it first came. */
  readonly had: Had[] = []
  readonly #ids = new Set<string>()
  readonly #tokens = new Map<string, string | undefined>()
  /** Mistakes of the server that show here. */
  readonly faults: string[] = []

  has(token: string): boolean {
    return this.#tokens.has(token)
  }

  /** A message came; whether it is new here. */
  take(message: Had): boolean {
    const { token, id } = message
    if (id !== undefined && this.#ids.has(id)) return false
    const before = this.#tokens.get(token)
    if (id !== undefined && before !== undefined) {
      this.faults.push(`${token} came as ${before} and as ${id}`)
      return false
    }
    if (id !== undefined) this.#ids.add(id)
    if (this.#tokens.has(token) && (before === undefined || id === undefined)) {
      // What the device sent itself, or what is in no archive: known by its origin-id.
      this.#tokens.set(token, before ?? id)
      return false
    }
    this.#tokens.set(token, id)
    this.had.push(message)
    return true
  }

  /** The device said this itself. */
  own(token: string): void {
    if (!this.#tokens.has(token)) this.#tokens.set(token, undefined)
  }
}
