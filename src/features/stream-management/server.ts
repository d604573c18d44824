import { setting, time, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { Management } from '../../server/management.ts'
import type { Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import type { Stream } from '../../server/stream.ts'
import type { Streams } from '../../server/streams.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { Ended } from './ended.ts'
import { resumptions } from './exports.ts'
import { forgetOldCounts, keepCount, keptCount, keptCounts } from './kept.ts'
import { answer, enable, enabled, failed, request, resume, resumed, streamManagement, tooHigh } from './wire.ts'

const requestXml = request.write({}).xml(ns.client)

/** Both sides know what the other one has, and a session outlives its connection (XEP-0198). */
export default feature({
  name: 'stream-management',
  xeps: [{ number: 198, version: '1.6.3' }],
  config: {
    resumption: setting(
      within(time, 0, 86_400_000, 'from 0 (never) to one day'),
      600_000,
      'How long a session is kept for a client whose connection broke.',
    ),
  },
  tables: [keptCounts],
  start: ({ config }) => {
    const ended = new Ended()
    return [
      {
        registers: 'stream-feature',
        namespace: streamManagement.namespace,
        when: ['authenticated', 'bound'],
        offer: () => streamManagement.write({}),
        take(stream, element) {
          if (stream.session === undefined) return beforeBinding(stream, element, ended)
          const { session } = stream
          if (enable.is(element)) begin(stream, session, read(enable, element), config.resumption, ended)
          else if (session.managed === undefined) throw new StreamError('policy-violation', 'Enable it first.')
          else if (request.is(element)) session.tell()
          else if (answer.is(element)) take(session, read(answer, element).h)
          else throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing here.`)
          return undefined
        },
      },
    ]
  },
})

/** §3: stanzas are counted from the answer on. */
function begin(
  stream: Stream,
  session: Session,
  wish: { resume?: boolean; max?: number },
  longest: number,
  ended: Ended,
): void {
  // §3: a second time SHOULD be a stream error.
  if (session.managed !== undefined) throw new StreamError('policy-violation', 'Stream management is enabled already.')
  const { streams } = stream
  const id = streams.id()
  const asked = wish.max === undefined ? longest : wish.max * 1000
  const resumable = wish.resume === true ? Math.min(longest, asked) : 0
  session.manage((outbox, received) => ({
    counts: new Management(id, resumable, outbox, received),
    request: requestXml,
    answer: h => answer.write({ h }).xml(ns.client),
    expire: () => streams.endSession(session),
    keep: resumable > 0 ? keeping(stream, session, id) : nothing,
  }))
  if (resumable > 0) ended.follow(session, id)
  const told = resumable > 0 ? { id, resume: true, max: Math.floor(resumable / 1000) } : {}
  stream.write(enabled.write(told).xml(ns.client))
}

/** Keeps the count of a session with what it counts; older ones make room when it is first kept. */
function keeping({ streams }: Stream, session: Session, id: string): (h: number) => void {
  const { owner } = session
  const began = streams.now()
  let begun = false
  return h => {
    keepCount(owner, id, h, began)
    if (begun) return
    begun = true
    forgetOldCounts(owner).catch(error => streams.log('warn', 'old counts not forgotten', { reason: String(error) }))
  }
}

function nothing(): void {}

/** §4, §6 */
function take(session: Session, h: number): void {
  const { counts } = session.managed!
  if (!counts.acknowledge(h)) {
    const text = `You acknowledged ${h} stanzas, but I only sent you ${counts.sent} so far.`
    throw new StreamError('undefined-condition', { text, application: tooHigh(h, counts.sent) })
  }
  session.told()
}

/** §5: before binding, a client can only come back. */
function beforeBinding(stream: Stream, element: Element, ended: Ended): Promise<void> | undefined {
  if (resume.is(element)) return comeBack(stream, read(resume, element), ended)
  // §3: the order is enforced.
  if (enable.is(element)) {
    stream.write(failed('unexpected-request').xml(ns.client))
    return undefined
  }
  throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing before binding.`)
}

async function comeBack(stream: Stream, { previd, h }: { previd: string; h: number }, ended: Ended): Promise<void> {
  const host = stream.host!
  const owner = await host.owners.find(Jid.of(stream.username!, host.domain.domain))
  if (stream.gone) return
  const session = owner && (await released(stream.streams, owner, previd))
  if (stream.gone) return
  if (owner === undefined || session === undefined) {
    // §5: how much was handled of one that is over; only its own account learns that.
    const handled = owner && ((await ended.handled(owner, previd)) ?? (await keptCount(owner, previd)))
    stream.write(failed('item-not-found', handled).xml(ns.client))
    return
  }
  const { counts } = session.managed!
  const known = counts.acknowledge(h)
  stream.streams.resumed(session, stream)
  stream.write(resumed.write({ previd, h: counts.told(session.handled) }).xml(ns.client))
  if (!known) take(session, h)
  session.attach(stream)
  for (const back of host.extensions(resumptions)) back(session)
}

/**
 * The session of this name, when it may be resumed: its old stream is over, and all that came by that is handled, so that
 * the count is told which stays.
 */
async function released(streams: Streams, owner: Owner, id: string): Promise<Session | undefined> {
  for (;;) {
    const session = owner.sessions.find(one => one.resumable && one.managed?.counts.id === id)
    if (session === undefined) return undefined
    streams.detach(session)
    const settled = session.settled()
    if (settled === undefined) return session
    await settled
  }
}

function read<T>(codec: { read(element: Element): T }, element: Element): T {
  try {
    return codec.read(element)
  } catch (error) {
    throw error instanceof Malformed ? new StreamError('bad-format', error.message) : error
  }
}
