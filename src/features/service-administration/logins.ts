import type { Session } from '../../server/session.ts'
import { put, table } from '../../server/table.ts'
import { date } from '../../wire/kinds.ts'

/** When somebody last logged in to an account. */
export const lastLogin = table('last_login', { at: date }, [])

/** Notes that a session begins. Nobody waits for it. */
export function noteLogin({ owner }: Session): void {
  owner.note(put(lastLogin, { at: new Date(owner.host.shared.now()) }))
}
