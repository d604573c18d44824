import { setting, whole } from '../../server/config.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { presence } from '../../server/pipeline.ts'
import { optional, put, table } from '../../server/table.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { date, text } from '../../wire/kinds.ts'
import { departures } from '../presence/exports.ts'
import { lastActivity } from './wire.ts'

/** When an account's presence was last taken back, and with what words. */
const departure = table('last_activity', { at: date, status: optional(text) }, [])

/** For how long the host has been running, and when somebody was last there (XEP-0012). */
export default feature({
  name: 'last',
  xeps: [{ number: 12, version: '2.0' }],
  disco: { server: [lastActivity.namespace], account: [lastActivity.namespace] },
  config: {
    status: setting(whole, 1000, 'Characters that are kept of the status with which somebody left.'),
  },
  tables: [departure],
  start({ config, host }) {
    const started = host.shared.now()
    return [
      presence.sending.notify(e => {
        // Once is enough: that the stream ends after it is no news, and has no words.
        if (e.to === undefined && e.type === 'unavailable' && e.session?.wasAvailable) noted(host, e, config.status)
      }),
      departures.add(async owner => (await departureOf(owner))?.at),
      server.get(lastActivity, () => lastActivity.write({ seconds: secondsSince(started, host) })),
      // XEP-0012 §3, §4: of the bare JID and of each resource.
      account.get(lastActivity, (_, { owner }) => lastOf(host, owner), { by: 'subscribers', refusal: 'forbidden' }),
    ]
  },
})

function noted(host: Host, { owner, stanza }: Envelope, statusLength: number): void {
  const status = shortened(stanza.child('status')?.text ?? '', statusLength)
  const row = { at: new Date(host.shared.now()), status: status === '' ? undefined : status }
  owner.note(put(departure, row))
}

async function departureOf(owner: Owner) {
  return (await owner.read(departure))[0]
}

async function lastOf(host: Host, owner: Owner): Promise<Element> {
  // XEP-0012 §3: whoever is there, be it without presence, was active now.
  if (owner.sessions.length > 0) return lastActivity.write({ seconds: 0 })
  const found = await departureOf(owner)
  if (found === undefined) throw new StanzaError('item-not-found', { text: 'This account has not been used yet.' })
  const { at, status } = found
  return lastActivity.write({ seconds: secondsSince(at.getTime(), host), ...(status !== undefined && { status }) })
}

/** The clock may have been set back meanwhile. */
function secondsSince(moment: number, host: Host): number {
  return Math.max(0, Math.floor((host.shared.now() - moment) / 1000))
}

/** At most so many characters, and no half of one. */
function shortened(status: string, length: number): string {
  const end = status.codePointAt(length - 1)! > 0xffff ? length - 1 : length
  return status.length > length ? status.slice(0, end) : status
}
