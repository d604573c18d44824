import type { Session } from '../../server/session.ts'
import { put, table } from '../../server/table.ts'
import { date } from '../../wire/kinds.ts'

/** When somebody last logged in to an account. */
export const lastLogin = table('last_login', { at: date }, [])

/** Notes that a session begins. Nobody waits for it: what is lost with the disk is told in the log. */
export function noteLogin({ owner, jid }: Session): void {
  const { log, now } = owner.host.shared
  owner.commit(put(lastLogin, { at: new Date(now()) }))?.catch(error => {
    log('error', 'time of login not stored', { who: jid.full, reason: String(error) })
  })
}
