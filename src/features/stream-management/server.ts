import { setting, time, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { Management } from '../../server/management.ts'
import type { Owner } from '../../server/owner.ts'
import { lastWords } from '../../server/restart.ts'
import type { Session } from '../../server/session.ts'
import { resumability } from '../../server/snapshot.ts'
import type { Stream } from '../../server/stream.ts'
import type { Streams } from '../../server/streams.ts'
import type { Infer } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError } from '../../wire/sasl/server.ts'
import { bindInline } from '../bind2/exports.ts'
import { saslInline } from '../sasl2/exports.ts'
import { Ended } from './ended.ts'
import { resumptions } from './exports.ts'
import { countKept, forgetOldCounts, keepCount, keepCounts, keptCount, keptCounts } from './kept.ts'
import { answer, enable, enabled, failed, request, resume, resumed, streamManagement, tooHigh } from './wire.ts'

const offered = streamManagement.write({})

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
  start: ({ config, host }) => {
    const ended = new Ended()
    return [
      // §9.2
      saslInline.add({
        offer: () => offered,
        check: ({ request }) => void resumption(request),
        async run(login) {
          const wish = resumption(login.request)
          if (wish === undefined) return []
          const answer = await comeBack(login.stream, login.owner, wish, ended)
          login.reestablished = login.stream.session !== undefined
          return [answer]
        },
      }),
      // §9.1
      bindInline.add({
        feature: streamManagement.namespace,
        begin(session, bind, stream) {
          try {
            const wish = enable.of(bind)
            return wish && [begin(stream, session, wish, config.resumption, ended)]
          } catch (error) {
            if (!(error instanceof Malformed)) throw error
            return [failed('bad-request')]
          }
        },
      }),
      {
        registers: 'stream-feature',
        namespace: streamManagement.namespace,
        when: ['authenticated', 'bound'],
        offer: ({ session }) => (session?.managed === undefined ? offered : undefined),
        take(stream, element) {
          if (stream.session === undefined) return beforeBinding(stream, element, ended)
          const { session } = stream
          if (enable.is(element)) {
            // §3: a second time SHOULD be a stream error.
            if (session.managed !== undefined)
              throw new StreamError('policy-violation', 'Stream management is enabled already.')
            stream.write(begin(stream, session, read(enable, element), config.resumption, ended).xml(ns.client))
          } else if (session.managed === undefined) throw new StreamError('policy-violation', 'Enable it first.')
          else if (request.is(element)) session.tell()
          else if (answer.is(element)) take(session, read(answer, element).h)
          else throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing here.`)
          return undefined
        },
      },
      resumability.add((session, { resumption, resumable, acknowledged }, expire) => {
        manage(session, resumption, resumable, expire, acknowledged)
        ended.follow(session, resumption)
      }),
      lastWords.add(() => {
        for (const owner of host.owners.all()) keepCounts(owner, ended.of(owner))
      }),
    ]
  },
})

/** §3: stanzas are counted from the answer on, which is returned. */
function begin(stream: Stream, session: Session, wish: Infer<typeof enable>, longest: number, ended: Ended): Element {
  const { streams } = stream
  const id = streams.id()
  const asked = wish.max === undefined ? longest : wish.max * 1000
  const resumable = wish.resume === true ? Math.min(longest, asked) : 0
  manage(session, id, resumable, () => streams.endSession(session))
  if (resumable > 0) ended.follow(session, id)
  return enabled.write(resumable > 0 ? { id, resume: true, max: Math.floor(resumable / 1000) } : {})
}

/** Counting begins; after a restart, so many that the client was sent are acknowledged already. */
function manage(session: Session, id: string, resumable: number, expire: () => void, acknowledged = 0): void {
  session.manage(
    (outbox, received) => ({
      counts: new Management(id, resumable, outbox, received),
      request: requestXml,
      answer: h => answer.write({ h }).xml(ns.client),
      expire,
      keep: resumable > 0 ? keeping(session, id) : nothing,
      kept: () => (resumable > 0 ? countKept(session.owner, id) : undefined),
    }),
    acknowledged,
  )
}

/** Keeps the count of a session with what it counts; older ones make room when it is first kept. */
function keeping({ owner }: Session, id: string): (h: number) => void {
  const { shared } = owner.host
  const began = shared.now()
  let begun = false
  return h => {
    keepCount(owner, id, h, began)
    if (begun) return
    begun = true
    forgetOldCounts(owner).catch(error => shared.log('warn', 'old counts not forgotten', { reason: String(error) }))
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
  if (resume.is(element)) return resumeAlone(stream, read(resume, element), ended)
  // §3: the order is enforced.
  if (enable.is(element)) {
    stream.write(failed('unexpected-request').xml(ns.client))
    return undefined
  }
  throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing before binding.`)
}

async function resumeAlone(stream: Stream, wish: Infer<typeof resume>, ended: Ended): Promise<void> {
  const host = stream.host!
  const owner = await host.owners.find(Jid.of(stream.username!, host.domain.domain))
  if (stream.gone) return
  stream.hold()
  try {
    stream.link.write((await comeBack(stream, owner, wish, ended)).xml(ns.client))
  } finally {
    stream.release()
  }
}

/** The session goes on in this stream, if it is there: the answer, which comes before all that it writes (§5). */
async function comeBack(
  stream: Stream,
  owner: Owner | undefined,
  { previd, h }: Infer<typeof resume>,
  ended: Ended,
): Promise<Element> {
  const session = owner && (await released(stream.streams, owner, previd))
  if (stream.gone) throw new StreamError('reset', 'The connection is gone.')
  if (owner === undefined || session === undefined) {
    // §5: how much was handled of one that is over; only its own account learns that.
    const handled = owner && ((await ended.handled(owner, previd)) ?? (await keptCount(owner, previd)))
    return failed('item-not-found', handled)
  }
  const { counts } = session.managed!
  const known = counts.acknowledge(h)
  stream.streams.resumed(session, stream)
  const answer = resumed.write({ previd, h: counts.told(session.handled) })
  if (!known) take(session, h)
  session.attach(stream)
  for (const back of stream.host!.extensions(resumptions)) back(session)
  return answer
}

/** A request to come back within a login (§9.2). Throws SaslError where it cannot be read: before anybody has logged in. */
function resumption(request: Element): Infer<typeof resume> | undefined {
  try {
    return resume.of(request)
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
  }
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
