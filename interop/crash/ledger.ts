/** Numbers of one conversation's messages in the order in which somebody had them. */
export class Sequence {
  readonly numbers = new Set<number>()
  #highest = 0
  /** Times that a number came that was there. */
  again = 0
  /** Numbers that came for the first time behind a higher one. */
  reordered = 0

  add(number: number): void {
    if (this.numbers.has(number)) {
      this.again++
      return
    }
    this.numbers.add(number)
    if (number < this.#highest) this.reordered++
    else this.#highest = number
  }
}

/** What one account said to another; its messages are numbered from 1. */
class Conversation {
  sent = 0
  readonly acknowledged = new Set<number>()
  /** As its messages came to the other side's client. */
  readonly seen = new Sequence()
}

/** A message's name: who wrote it to whom, and its number. */
export interface Name {
  readonly from: string
  readonly to: string
  readonly number: number
}

/** Reads the name at the begin of a text; undefined where it has none. */
export function nameOf(text: string): Name | undefined {
  const [, from, to, number] = /^(\w+)-(\w+)-(\d+)\b/.exec(text) ?? []
  return number === undefined ? undefined : { from: from!, to: to!, number: Number(number) }
}

/** What is wrong; all zero where the promise is kept. `first` are examples. */
export interface Verdict {
  /** Acknowledged messages, each counted once. */
  messages: number
  /** Missing in the sender's archive, or in the recipient's. */
  lost: number
  /** Never handed to the recipient's client, who could still read them in its archive. */
  undelivered: number
  /** Entries of archives beyond the first of their message. */
  doubled: number
  /** Messages behind a later one of their conversation: in an archive, or as they came to a client. */
  reordered: number
  /** Times that a client was delivered a message that it had; allowed, and counted. */
  again: number
  first: string[]
}

/** What all clients sent, what the server acknowledged, and what came. */
export class Ledger {
  readonly #conversations = new Map<string, Conversation>()
  /** How many messages have been acknowledged. */
  acknowledged = 0
  /** Messages that were answered by an error, and what else clients found wrong. */
  readonly complaints: string[] = []

  #conversation({ from, to }: Omit<Name, 'number'>): Conversation {
    const key = `${from}-${to}`
    let found = this.#conversations.get(key)
    if (!found) this.#conversations.set(key, (found = new Conversation()))
    return found
  }

  /** The name of the next message of a conversation. */
  next(from: string, to: string): string {
    return `${from}-${to}-${++this.#conversation({ from, to }).sent}`
  }

  /** The server has taken responsibility for a message. */
  acknowledge(id: string): void {
    const name = nameOf(id)!
    const { acknowledged } = this.#conversation(name)
    if (acknowledged.has(name.number)) return void this.complaints.push(`${id} was acknowledged twice`)
    acknowledged.add(name.number)
    this.acknowledged++
  }

  /** A message came to a client: its recipient's, or in its archive the sender's too. */
  see(by: string, text: string): void {
    const name = nameOf(text)
    if (name?.to === by) this.#conversation(name).seen.add(name.number)
  }

  /** How many messages were acknowledged, and have not come to their recipient's client. */
  get undelivered(): number {
    let count = 0
    for (const { acknowledged, seen } of this.#conversations.values())
      for (const number of acknowledged) if (!seen.numbers.has(number)) count++
    return count
  }

  /** Compares with what the archives have: for each account the names of messages, in its archive's order. */
  judge(archives: ReadonlyMap<string, readonly Name[]>): Verdict {
    const verdict = { messages: this.acknowledged, lost: 0, doubled: 0, reordered: 0, undelivered: 0, again: 0 }
    const first: string[] = []
    const found = (count: number, what: () => string) => {
      if (count > 0) first.push(what())
      return count
    }
    const kept = new Map([...archives].map(([account, names]) => [account, sequences(names)]))
    for (const [key, { acknowledged, seen }] of this.#conversations) {
      const absent = (from: Sequence) => [...acknowledged].filter(number => !from.numbers.has(number))
      const lost = new Set<number>()
      for (const account of new Set(key.split('-'))) {
        const sequence = kept.get(account)?.get(key) ?? new Sequence()
        const missing = absent(sequence)
        found(missing.length, () => `${key}-${missing[0]} is missing in the archive of ${account}`)
        for (const number of missing) lost.add(number)
        const { again, reordered } = sequence
        verdict.doubled += found(again, () => `${key}: ${again} again in the archive of ${account}`)
        verdict.reordered += found(reordered, () => `${key}: ${reordered} out of order in the archive of ${account}`)
      }
      verdict.lost += lost.size
      const missing = absent(seen)
      verdict.undelivered += found(missing.length, () => `${key}-${missing[0]} was not delivered`)
      verdict.reordered += found(seen.reordered, () => `${key}: ${seen.reordered} delivered out of order`)
      verdict.again += seen.again
    }
    return { ...verdict, first }
  }
}

function sequences(names: readonly Name[]): Map<string, Sequence> {
  const found = new Map<string, Sequence>()
  for (const { from, to, number } of names) {
    const key = `${from}-${to}`
    let sequence = found.get(key)
    if (!sequence) found.set(key, (sequence = new Sequence()))
    sequence.add(number)
  }
  return found
}
