import { AccountError } from '../../server/accounts.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { put, remove, table } from '../../server/table.ts'
import { text } from '../../wire/kinds.ts'
import { sendable, tell } from './announcing.ts'

/** A host's message of the day. Another one has another id; one that is only corrected keeps its own. */
export const messageOfTheDay = table('message_of_the_day', { id: text, text }, [])

/** The message of the day that an account got last. */
export const messageSeen = table('message_of_the_day_seen', { id: text }, [])

interface Message {
  readonly id: string
  readonly text: string
}

/** An announcement that every account gets once, now or when it is there next, until it is deleted (XEP-0133 §4.24). */
export class MessageOfTheDay {
  readonly #host: Host
  #message: Message | undefined
  #loaded: Promise<void> | undefined
  #ready = false
  /** Those in memory that have got it. */
  #told = new WeakSet<Owner>()

  constructor(host: Host) {
    this.#host = host
  }

  /** The message, or undefined where there is none. Rejects with StorageError. */
  async current(): Promise<string | undefined> {
    await this.load()
    return this.#message?.text
  }

  /** Reads it from the store where that was not done. Rejects with StorageError. */
  load(): Promise<void> {
    this.#loaded ??= this.#read().catch(error => {
      this.#loaded = undefined
      throw error
    })
    return this.#loaded
  }

  /** Sets another one, and tells all who are there. Throws AccountError where the text cannot be sent. */
  async set(input: unknown): Promise<void> {
    const message = { id: this.#host.shared.id(), text: sendable(input) }
    await this.load()
    await this.#host.service.commit(put(messageOfTheDay, message))
    this.#message = message
    this.#told = new WeakSet()
    const told = [...this.#host.owners.all()].map(owner => {
      const present = owner.sessions.filter(session => session.presence !== undefined)
      return present.length > 0 ? this.#tell(owner, present, message) : undefined
    })
    await Promise.all(told)
  }

  /** Corrects the one that there is; who has it does not get it again. Throws AccountError where there is none. */
  async edit(input: unknown): Promise<void> {
    const message = { id: (await this.#existing()).id, text: sendable(input) }
    await this.#host.service.commit(put(messageOfTheDay, message))
    this.#message = message
  }

  /** Throws AccountError where there is none. */
  async delete(): Promise<void> {
    const message = await this.#existing()
    await this.#host.service.commit(remove(messageOfTheDay, message))
    this.#message = undefined
  }

  /** Somebody is there: its account gets the message, unless it has it. */
  greet(session: Session): void {
    if (this.#ready && (this.#message === undefined || this.#told.has(session.owner))) return
    this.#greet(session).catch(error => {
      const facts = { who: session.jid.full, reason: String(error) }
      this.#host.shared.log('error', 'message of the day not sent', facts)
    })
  }

  async #greet(session: Session): Promise<void> {
    await this.load()
    const message = this.#message
    const { owner } = session
    if (message === undefined || this.#told.has(owner)) return
    // Before anything is waited for: of two sessions at once only one gets it.
    this.#told.add(owner)
    if ((await owner.read(messageSeen))[0]?.id === message.id) return
    await this.#tell(owner, [session], message)
  }

  async #tell(owner: Owner, sessions: readonly Session[], message: Message): Promise<void> {
    this.#told.add(owner)
    for (const session of sessions) tell(this.#host, session, message.text)
    await owner.commit(put(messageSeen, { id: message.id }))
  }

  async #existing(): Promise<Message> {
    await this.load()
    if (this.#message !== undefined) return this.#message
    throw new AccountError(`${this.#host.domain} has no message of the day.`, 'item-not-found')
  }

  async #read(): Promise<void> {
    this.#message = (await this.#host.service.read(messageOfTheDay))[0]
    this.#ready = true
  }
}
