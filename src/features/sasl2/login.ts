import { deviceName } from '../../server/device.ts'
import type { Host } from '../../server/host.ts'
import { Attempt, type Proven } from '../../server/login.ts'
import type { Owner } from '../../server/owner.ts'
import type { Stream } from '../../server/stream.ts'
import type { Element } from '../../wire/element.ts'
import { StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError, type SaslServerContext } from '../../wire/sasl/server.ts'
import { type Sasl2Login, type SaslTask, type SaslTasks, saslInline, saslTasks } from './exports.ts'
import { challenge, proceed, readAuthenticate, readData, success, taskData, type UserAgent } from './wire.ts'

/** One login by SASL2, from `<authenticate/>` to `<success/>`: the exchange, then tasks, then what was asked for with it. */
export class Login implements Sasl2Login {
  readonly stream: Stream
  readonly request: Element
  readonly mechanism: string
  readonly agent: UserAgent | undefined
  readonly context: SaslServerContext
  reestablished = false
  /** Whether tasks were asked for: then nobody can authenticate again on this stream (§4.8). */
  continued = false
  readonly #host: Host
  readonly #attempt: Attempt
  readonly #initial: Uint8Array | undefined
  #owner: Owner | undefined
  /** What the mechanism says at last, until it is said (§2.6.1, §2.6.3). */
  #additional: Uint8Array | undefined
  /** The tasks that the client may choose from, and whose they are. */
  #offered: { readonly from: SaslTasks; readonly names: readonly string[] } | undefined
  #task: SaslTask | undefined

  /** Throws SaslError for a request that cannot be read. */
  constructor(stream: Stream, request: Element) {
    const { mechanism, initial, agent } = readAuthenticate(request)
    this.stream = stream
    this.request = request
    this.mechanism = mechanism
    this.agent = agent
    this.#host = stream.host!
    this.#initial = initial
    this.#attempt = Attempt.of(stream)
    this.context = this.#attempt.context(username => this.about(username))
  }

  get owner(): Owner {
    if (this.#owner === undefined) throw new Error('Nobody has logged in yet.')
    return this.#owner
  }

  about(username: string): void {
    this.#attempt.about(username)
    const { from } = this.stream
    // §2.3, §4.4: whom the header named is who logs in.
    if (from !== undefined && from.full !== this.#address(username)) throw new SaslError('invalid-authzid')
  }

  /** Begins the exchange. Rejects with SaslError; so do all steps. Resolves with whether the login is over. */
  async begin(): Promise<boolean> {
    const parts = this.#host.extensions(saslInline)
    for (const part of parts) part.check?.(this)
    this.#attempt.begin(this.mechanism, this.context, () => {
      for (const part of parts) {
        const exchange = part.exchange?.(this)
        if (exchange !== undefined) return exchange
      }
      return undefined
    })
    return this.#step(this.#initial)
  }

  /** `<response/>` (§2.5) */
  async respond(element: Element): Promise<boolean> {
    if (this.#owner !== undefined) throw outOfTurn(element)
    return this.#step(readData(element))
  }

  /** `<next/>` (§2.6.3) */
  async next(element: Element): Promise<boolean> {
    const offered = this.#offered
    if (offered === undefined) throw outOfTurn(element)
    const name = element.attribute('task')
    if (name === undefined || !offered.names.includes(name))
      throw new SaslError('malformed-request', 'There is no such task now.')
    this.#offered = undefined
    this.#task = offered.from.begin(this, name)
    return this.#advance(this.#task, element.elements)
  }

  /** `<task-data/>` (§2.6.3) */
  async taskData(element: Element): Promise<boolean> {
    if (this.#task === undefined) throw outOfTurn(element)
    return this.#advance(this.#task, element.elements)
  }

  async #step(data: Uint8Array | undefined): Promise<boolean> {
    const step = await this.#attempt.step(data)
    if ('challenge' in step) {
      this.stream.link.write(challenge(step.challenge).xml(ns.client))
      return false
    }
    return this.#proven(step.success)
  }

  async #proven(proven: Proven): Promise<boolean> {
    const account = await this.#attempt.account(proven)
    this.#owner = await this.#host.owners.find(account)
    if (this.#owner === undefined) throw new SaslError('account-disabled')
    this.#additional = proven.data
    return this.#proceed([])
  }

  async #advance(task: SaslTask, children: readonly Element[]): Promise<boolean> {
    const step = await task.step(children)
    if ('data' in step) {
      this.stream.link.write(taskData(step.data).xml(ns.client))
      return false
    }
    this.#task = undefined
    return this.#proceed(step.done)
  }

  /** The next task, or the end; `done` is what the last task says at last. */
  async #proceed(done: readonly Element[]): Promise<boolean> {
    for (const from of this.#host.extensions(saslTasks)) {
      const names = await from.due(this)
      if (names.length === 0) continue
      this.#offered = { from, names }
      this.continued = true
      this.stream.link.write(proceed(this.#said(), names).xml(ns.client))
      return false
    }
    await this.#succeed(done)
    return true
  }

  /** §2.6.1: what was asked for is done now, and the client hears of all of it at once. */
  async #succeed(done: readonly Element[]): Promise<void> {
    const { stream } = this
    stream.hold()
    try {
      stream.device = await this.#device()
      const said = [...done]
      for (const part of this.#host.extensions(saslInline)) said.push(...((await part.run?.(this)) ?? []))
      if (stream.gone) return
      this.#attempt.succeeded(this.owner.address)
      const account = stream.session?.jid ?? this.owner.address
      stream.link.write(success(this.#said(), account, said).xml(ns.client))
      // XEP-0198 §9.2 says so; §2.6.1 here has no such exception.
      if (!this.reestablished) stream.offer()
    } catch (error) {
      if (stream.session === undefined) stream.device = undefined
      // What has a session cannot fail to log in any more.
      else if (error instanceof SaslError) throw new Error('a login was refused too late', { cause: error })
      throw error
    } finally {
      stream.release()
    }
  }

  /** What the mechanism said at last, once. */
  #said(): Uint8Array | undefined {
    const data = this.#additional
    this.#additional = undefined
    return data
  }

  async #device(): Promise<string | undefined> {
    const id = this.agent?.id
    return id === undefined ? undefined : deviceName(this.context.crypto, this.owner.address, id)
  }

  #address(username: string): string | undefined {
    return Jid.tryParse(`${username}@${this.#host.domain.domain}`)?.full
  }
}

/** §2.4: who says something else than what is due is disconnected. */
function outOfTurn(element: Element): StreamError {
  return new StreamError('policy-violation', `<${element.name}/> is out of turn.`)
}
