import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import { contactOf, isSubscriber } from '../../server/roster.ts'
import { StanzaError } from '../../wire/errors.ts'
import { discoInfo, discoItems } from './wire.ts'

/** What the host and its accounts are and can do (XEP-0030): the sum of what the features declare. */
export default feature({
  name: 'disco',
  xeps: [{ number: 30, version: '2.5rc3' }],
  disco: {
    server: [discoInfo.namespace, discoItems.namespace],
    account: [discoInfo.namespace, discoItems.namespace],
  },
  start: ({ host }) => {
    const all = (where: 'server' | 'account') =>
      host.features.flatMap(one => one.disco?.[where] ?? []).map(name => ({ var: name }))
    const ofServer = discoInfo.write({
      identities: [{ category: 'server', type: 'im', name: 'Jackdaw' }],
      features: all('server'),
      extensions: [],
    })
    const ofAccount = discoInfo.write({
      identities: [{ category: 'account', type: 'registered' }],
      features: all('account'),
      extensions: [],
    })
    const nothing = discoItems.write({ items: [] })
    return [
      server.get(discoInfo, ({ node }) => (knownNode(node), ofServer)),
      server.get(discoItems, ({ node }) => (knownNode(node), nothing)),
      account.get(discoInfo, ({ node }, e) => (allowed(e), knownNode(node), ofAccount), { by: 'anyone' }),
      account.get(discoItems, ({ node }, e) => (allowed(e), knownNode(node), nothing), { by: 'anyone' }),
    ]
  },
})

/** XEP-0030 §7: a node that is not there. */
function knownNode(node: string | undefined): void {
  if (node !== undefined) throw new StanzaError('item-not-found')
}

/** XEP-0030 §8: only who may see the account's presence learns that it is there. */
function allowed({ from, owner }: Envelope): void {
  if (!from.bare.equals(owner.address) && !isSubscriber(contactOf(owner, from))) throw new StanzaError('service-unavailable')
}
