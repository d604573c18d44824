import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import { contactOf } from '../../server/roster.ts'
import { optional, put, table } from '../../server/table.ts'
import type { Jid } from '../../wire/jid.ts'
import { jid, list, oneOf, text } from '../../wire/kinds.ts'
import { Seal } from './ids.ts'
import { type Default, defaults } from './wire.ts'

/** What an account's archive needs beside the log: the secret of its ids, and what its user wants archived. */
export const archives = table(
  'archive',
  { secret: text, default: optional(oneOf(...defaults)), always: list(jid), never: list(jid) },
  [],
  { loaded: true },
)

/** What a user wants archived (XEP-0441 §2.1). */
export interface Preferences {
  readonly default: Default
  readonly always: readonly Jid[]
  readonly never: readonly Jid[]
}

/** What is at hand of an account while it is in memory. */
interface AtHand {
  readonly secret: string
  readonly seal: Seal
  /** The preferences that the sets were made of. */
  row: (Partial<Preferences> & { readonly secret: string }) | undefined
  always: ReadonlySet<string>
  never: ReadonlySet<string>
}

const nobody: ReadonlySet<string> = new Set()

/** The archives of one host's accounts: what each wants in it, and under which ids it shows that. */
export class Archives {
  readonly #host: Host
  readonly #config: { readonly default: Default }
  readonly #atHand = new WeakMap<Owner, AtHand>()

  constructor(host: Host, config: { readonly default: Default }) {
    this.#host = host
    this.#config = config
  }

  /** What turns ids of this account's log into ids of its archive. */
  seal(owner: Owner): Seal {
    return this.#of(owner).seal
  }

  /** What must be written with the first message that is archived, or nothing where it has been. */
  beginning(owner: Owner): readonly Change[] {
    if (owner.rows(archives).has('')) return []
    return [put(archives, { secret: this.#of(owner).secret, default: undefined, always: [], never: [] })]
  }

  preferences(owner: Owner): Preferences {
    const row = owner.rows(archives).get('')
    return { default: row?.default ?? this.#config.default, always: row?.always ?? [], never: row?.never ?? [] }
  }

  /** The write that keeps these preferences. */
  prefer(owner: Owner, wanted: Preferences): Change {
    return put(archives, { ...wanted, secret: this.#of(owner).secret })
  }

  /** Whether the user wants what goes to or comes from this address archived (XEP-0441 §2.3). */
  wants(owner: Owner, other: Jid): boolean {
    const { row, always, never } = this.#of(owner)
    if (row !== undefined && always.size + never.size > 0) {
      // Who is named more exactly counts first; in doubt nothing is kept.
      if (never.has(other.full)) return false
      if (always.has(other.full)) return true
      const bare = other.bare.full
      if (never.has(bare)) return false
      if (always.has(bare)) return true
    }
    const otherwise = row?.default ?? this.#config.default
    return otherwise === 'always' || (otherwise === 'roster' && contactOf(owner, other)?.listed === true)
  }

  #of(owner: Owner): AtHand {
    const row = owner.rows(archives).get('')
    let found = this.#atHand.get(owner)
    if (found === undefined || (row !== undefined && row.secret !== found.secret)) {
      const secret = row?.secret ?? this.#host.shared.id()
      found = { secret, seal: Seal.of(secret), row: undefined, always: nobody, never: nobody }
      this.#atHand.set(owner, found)
    }
    if (found.row !== row) {
      found.row = row
      found.always = setOf(row?.always)
      found.never = setOf(row?.never)
    }
    return found
  }
}

function setOf(jids: readonly Jid[] = []): ReadonlySet<string> {
  return jids.length === 0 ? nobody : new Set(jids.map(jid => jid.full))
}
