import type { SeededRandom } from '../../runtime/simulated-random.ts'
import type { Profile } from './profile.ts'
import { hosts } from './server-life.ts'

const names = ['romeo', 'juliet', 'mercutio', 'benvolio', 'nurse', 'tybalt']

/** What kinds of clients an account has: several of today, one that knows no archive, one without XEP-0198, or all sorts. */
export type AccountKind = 'modern' | 'old' | 'plain' | 'mixed'

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
      place === 0 ? 'modern' : place === 1 ? 'old' : pick(random, ['modern', 'mixed', 'plain', 'old'] as const)
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
  })
  const old = (resource: string): Profile => ({
    ...modern(resource),
    resumes: true,
    carbons: false,
    catchesUp: false,
    priority: 0,
  })
  const plain = (resource: string): Profile => ({ ...old(resource), managed: false, resumes: false })
  switch (kind) {
    case 'modern':
      return ['phone', 'laptop', 'tablet'].slice(0, 1 + random.below(3)).map(modern)
    case 'old':
      return [old('desk')]
    case 'plain':
      return [plain('relic')]
    case 'mixed':
      return [modern('phone'), often(50) ? old('desk') : plain('relic'), { ...old('work'), carbons: true }]
  }
}

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]!
}
