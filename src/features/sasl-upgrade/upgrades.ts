import { Composed } from '../../server/composed.ts'
import type { Host } from '../../server/host.ts'
import type { Stream } from '../../server/stream.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import type { ScramHash } from '../../wire/sasl/crypto.ts'
import { scramMechanism } from '../../wire/sasl/scram.ts'
import { SaslError, scramKeysOf } from '../../wire/sasl/server.ts'
import type { Sasl2Login, SaslInline, SaslTask, SaslTasks, TaskStep } from '../sasl2/exports.ts'
import { salt, saltedHash, upgrade } from './wire.ts'

const prefix = 'UPGR-'

/** What one login has come to. */
interface Progress {
  /** `Accounts.passwordsSet` before the password was proved. */
  readonly passwordsSet: number
  /** Tasks that the client asks for and that were not looked at yet. */
  readonly wanted: Set<string>
  /** The task that is to be done now, with what the keys are made of. */
  next:
    | { readonly name: string; readonly hash: ScramHash; readonly salt: Uint8Array; readonly iterations: number }
    | undefined
}

/** SCRAM upgrade tasks (XEP-0480 §3). */
export class Upgrades implements SaslInline, SaslTasks {
  readonly #host: Host
  readonly #logins = new WeakMap<Sasl2Login, Progress>()
  readonly #announced = new Composed<readonly Element[]>()

  constructor(host: Host) {
    this.#host = host
  }

  /** §2.1: the same for every account, so that nothing is told about any. */
  announce(stream: Stream): readonly Element[] {
    const { mechanisms } = stream.streams.config.login
    return this.#announced.of([mechanisms], () => this.#offered(stream).map(task => upgrade.write({ task })))
  }

  /** Throws SaslError `malformed-request`. */
  check(login: Sasl2Login): void {
    const offered = this.#offered(login.stream)
    const wanted = new Set<string>()
    for (const child of login.request.elements) {
      if (!upgrade.is(child)) continue
      const task = reading(() => upgrade.read(child).task)
      // What is not on offer any more is no reason to refuse a login.
      if (offered.includes(task)) wanted.add(task)
    }
    const { passwordsSet } = this.#host.accounts
    if (wanted.size > 0) this.#logins.set(login, { passwordsSet, wanted, next: undefined })
  }

  async due(login: Sasl2Login): Promise<readonly string[]> {
    const progress = this.#logins.get(login)
    // Who has a token and not the password may not make a password of their own out of it.
    if (progress === undefined || !showsPassword(login.mechanism)) return []
    for (const name of progress.wanted) {
      progress.wanted.delete(name)
      const { hash } = scramMechanism(name.slice(prefix.length))!
      const better = await this.#host.accounts.betterKeys(login.owner, hash)
      if (better === undefined) continue
      progress.next = { name, hash, ...better }
      // §2.2: a single one.
      return [name]
    }
    return []
  }

  begin(login: Sasl2Login): SaslTask {
    const { passwordsSet, next } = this.#logins.get(login)!
    const { hash, salt: made, iterations } = next!
    const { accounts } = this.#host
    let asked = false
    return {
      async step(children): Promise<TaskStep> {
        if (!asked) {
          asked = true
          return { data: [salt.write({ salt: made, iterations })] }
        }
        const child = children.find(one => saltedHash.is(one))
        if (child === undefined) throw new SaslError('malformed-request', 'There is no <hash/>.')
        const { salted } = reading(() => saltedHash.read(child))
        const keys = await readingLater(scramKeysOf(login.context.crypto, hash, salted, made, iterations))
        await accounts.keep(login.owner, keys, passwordsSet)
        return { done: [] }
      },
    }
  }

  #offered({ streams }: Stream): readonly string[] {
    return streams.config.login.mechanisms.filter(name => name.startsWith('SCRAM-')).map(name => prefix + name)
  }
}

function showsPassword(mechanism: string): boolean {
  return mechanism === 'PLAIN' || scramMechanism(mechanism) !== undefined
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw malformed(error)
  }
}

async function readingLater<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw malformed(error)
  }
}

function malformed(error: unknown): unknown {
  return error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
}
