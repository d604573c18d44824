import type { SeededRandom } from '../../runtime/simulated-random.ts'
import type { Profile } from './profile.ts'
import { hosts } from './server-life.ts'

const names = ['romeo', 'juliet', 'mercutio', 'benvolio', 'nurse', 'tybalt']

/**
 * What kinds of clients an account has: several of today; one that knows no archive, with a name for its device or
 * without; one without XEP-0198; or all sorts.
 */
export type AccountKind = 'modern' | 'named' | 'old' | 'plain' | 'mixed'

export interface Account {
  /** Bare JID. */
  readonly jid: string
  readonly kind: AccountKind
  readonly profiles: readonly Profile[]
}

/** The accounts of a run, and their devices. */
export function castFor(random: SeededRandom): readonly Account[] {
  const count = 3 + random.below(3)
  return names.slice(0, count).map((name, place) => {
    const jid = `${name}@${hosts[random.below(4) === 0 ? 1 : 0]}`
    // The first two make sure that there is always one of each that matters most.
    const kind =
      place === 0 ? 'modern' : place === 1 ? 'old' : pick(random, ['modern', 'mixed', 'plain', 'named'] as const)
    return { jid, kind, profiles: profiles(random, jid, kind) }
  })
}

function profiles(random: SeededRandom, account: string, kind: AccountKind): Profile[] {
  const often = (of: number) => random.below(100) < of
  const modern = (resource: string): Profile => ({
    account,
    resource,
    managed: true,
    resumes: !often(15),
    carbons: !often(15),
    catchesUp: true,
    priority: often(20) ? -1 : often(50) ? 0 : 5,
    agent: often(50) ? agent(random) : undefined,
  })
  const old = (resource: string): Profile => ({
    ...modern(resource),
    resumes: true,
    carbons: false,
    catchesUp: false,
    priority: 0,
    agent: undefined,
  })
  const plain = (resource: string): Profile => ({ ...old(resource), managed: false, resumes: false })
  switch (kind) {
    case 'modern':
      return ['phone', 'laptop', 'tablet'].slice(0, 1 + random.below(3)).map(modern)
    case 'named':
      return [{ ...old('desk'), agent: agent(random) }]
    case 'old':
      return [old('desk')]
    case 'plain':
      return [plain('relic')]
    case 'mixed':
      return [modern('phone'), often(50) ? old('desk') : plain('relic'), { ...old('work'), carbons: true }]
  }
}

/** A UUID (XEP-0388 §2.1). */
function agent(random: SeededRandom): string {
  const digits = Array.from(random.bytes(16), byte => byte.toString(16).padStart(2, '0')).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]!
}
