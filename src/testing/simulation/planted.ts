import { Host } from '../../server/host.ts'
import { Outbox } from '../../server/outbox.ts'
import { Road } from '../../server/road.ts'
import { Session } from '../../server/session.ts'
import { alteredCommits } from '../altered-store.ts'
import { carbons } from './stanzas.ts'
import type { World } from './world.ts'

/** Puts a bug into a world; what is returned takes it out again. */
export type Plant = (world: World) => () => void

/** Bugs that a run must find: each breaks the promise in one of the ways in which servers do. */
export const plants = {
  /** Nobody waits for the store: `<a/>` and deliveries come before the commit. */
  'acknowledged before the commit': world => {
    world.server.storage = group =>
      Object.assign(group, {
        ...alteredCommits(group, (_owner, _writes, go) => {
          go()?.catch(() => {})
          return undefined
        }),
      })
    return () => {}
  },
  /** The disk says that it has synced what it only means to. */
  'a disk that lies': world => {
    world.platter.lies = true
    return () => {}
  },
  /** What a client did not take is written again from its end. */
  'redelivered in the wrong order': () => {
    const { waiting } = Outbox.prototype
    return replaced(Outbox.prototype, 'waiting', function (this: Outbox<unknown>) {
      return [...waiting.call(this)].reverse()
    })
  },
  /** The backlog counts as taken as soon as it is written: no answer from behind it is waited for. */
  'cursor moved too early': () => {
    const { request } = Host.prototype
    const asked = replaced(Host.prototype, 'request', async function (this: Host, ...what) {
      request.apply(this, what).catch(() => {})
      return undefined
    })
    const arrived = replaced(Outbox.prototype, 'arrived', async () => true)
    return () => {
      asked()
      arrived()
    }
  },
  /** A session that is resumed has forgotten that it wants copies. */
  'no carbons after a resumption': () => {
    const { attach, deliver } = Session.prototype
    const resumed = new WeakSet<Session>()
    const attached = replaced(Session.prototype, 'attach', function (this: Session, ...to) {
      resumed.add(this)
      attach.apply(this, to)
    })
    const delivered = replaced(Session.prototype, 'deliver', function (this: Session, ...what) {
      const isCopy = what[0].elements.some(one => one.namespace === carbons)
      if (!isCopy || !resumed.has(this)) deliver.apply(this, what)
    })
    return () => {
      attached()
      delivered()
    }
  },
  /** What a session did not take is gone with it. */
  'nothing takes the undelivered road': () => replaced(Road.prototype, 'undeliverable', () => {}),
} as const satisfies Record<string, Plant>

/** Puts another method in the place of one, until what is returned is called. */
function replaced<T extends object, N extends keyof T>(prototype: T, name: N, method: T[N]): () => void {
  const original = prototype[name]
  prototype[name] = method
  return () => {
    prototype[name] = original
  }
}
