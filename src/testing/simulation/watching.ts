import { feature } from '../../server/feature.ts'
import { writing } from '../../server/pipeline.ts'
import { brought } from './stanzas.ts'
import type { World } from './world.ts'

/** What must be seen where the server does it, because no client can tell: it changes nothing. */
export function watching(world: World) {
  return feature({
    name: 'watching',
    start: () => [
      writing.check((session, stanza) => {
        if (session.managed !== undefined || stanza.name !== 'message') return
        const token = brought(stanza, session.jid.bare.full)?.token
        if (token !== undefined) world.written.add(token)
      }),
    ],
  })
}
