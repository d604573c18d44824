import { base64url } from '../../server/device.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { RowOf } from '../../server/table.ts'
import { optional, put, remove, table } from '../../server/table.ts'
import { base64, date, oneOf, text, whole } from '../../wire/kinds.ts'
import type { SaslCrypto } from '../../wire/sasl/crypto.ts'
import { utf8 } from '../../wire/sasl/text.ts'

const columns = {
  device: text,
  /** `current` has been used; `new` has been given out, and takes its place when it is (XEP-0484 §5.1). */
  slot: oneOf('current', 'new'),
  /** The only one that it is good for (§3.4). */
  mechanism: text,
  seed: base64,
  issued: date,
  expires: date,
  /** When its device last logged in with something else than a token. */
  since: date,
  used: optional(date),
  /** How often its client has used it, as the client counts; empty while it does not. */
  count: optional(whole),
  software: optional(text),
  description: optional(text),
}

/**
 * Tokens as they are at rest. HT needs the token itself to check a proof, so no hash of it would do. What is kept is half
 * of it, a seed; the other half is the id by which its client logs in, of which only a hash is kept (`deviceName`). So a
 * stolen database opens no account.
 */
export const tokens = table('fast_tokens', columns, ['device', 'slot'], { loaded: true })

export type Token = RowOf<typeof columns>

/** Bytes of a seed: 256 bits of chance are in each token (draft-schmaus-kitten-sasl-ht-09 §5 asks for 128). */
export const seedLength = 32

/** How old the time of its last use may become before it is written again, in milliseconds: not each login is a commit. */
const usedToWithin = 3_600_000

/** The token that a seed and the id of a client make: HMAC-SHA-256, in base64url. */
export async function tokenText(crypto: Pick<SaslCrypto, 'hmac'>, seed: Uint8Array, id: string): Promise<string> {
  return base64url(await crypto.hmac('sha-256', seed, utf8(`FAST token\0${id}`)))
}

/** The tokens of a device, the newest first: both places, each of which may be empty. */
export function tokensOf(owner: Owner, device: string): readonly [Token | undefined, Token | undefined] {
  const rows = owner.rows(tokens)
  return [rows.get(`${device}\0new`), rows.get(`${device}\0current`)]
}

/** What a successful use of a token changes (§3.5): it is the current one from then on, and an older one is none any more. */
export function used(token: Token, count: number | undefined, now: number): readonly Change[] {
  const current: Token = { ...token, slot: 'current', used: new Date(now), count: count ?? token.count }
  if (token.slot === 'new') return [put(tokens, current), remove(tokens, token)]
  const known = token.used !== undefined && Math.abs(now - token.used.getTime()) < usedToWithin
  return count === undefined && known ? [] : [put(tokens, current)]
}

/** Takes away the tokens of a device, or of all. */
export function revocation(owner: Owner, device?: string): readonly Change[] {
  const rows = [...owner.rows(tokens).values()]
  return rows.filter(row => device === undefined || row.device === device).map(row => remove(tokens, row))
}

/** Takes away what has expired, and then the tokens of the devices that were used longest ago, until another one may have some. */
export function room(owner: Owner, device: string, devicesAtMost: number, now: number): readonly Change[] {
  const changes: Change[] = []
  const others = new Map<string, number>()
  for (const row of owner.rows(tokens).values()) {
    if (row.device === device) continue
    if (row.expires.getTime() <= now) changes.push(remove(tokens, row))
    else others.set(row.device, Math.max(others.get(row.device) ?? 0, lastUse(row)))
  }
  const tooMany = [...others].sort(([, a], [, b]) => a - b).slice(0, Math.max(0, others.size + 1 - devicesAtMost))
  return [...changes, ...tooMany.flatMap(([name]) => revocation(owner, name))]
}

/** When a token was last used, or else given out, in milliseconds since 1970. */
export function lastUse({ used: at, issued }: Token): number {
  return (at ?? issued).getTime()
}
