import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { type DiscoNode, discoEntries, discoNodes, infoOf } from './exports.ts'
import { discoInfo, discoItems } from './wire.ts'

type Where = 'server' | 'account'

/** What the host and its accounts are and can do (XEP-0030): the sum of what the features declare. */
export default feature({
  name: 'disco',
  xeps: [
    { number: 30, version: '2.5.0' },
    { number: 128, version: '1.0.1' },
  ],
  disco: {
    server: [discoInfo.namespace, discoItems.namespace],
    account: [discoInfo.namespace, discoItems.namespace],
  },
  start: ({ host }) => [
    discoEntries.add({ where: 'account', items: resources }),
    server.get(discoInfo, ({ node }, e) => info(host, 'server', node, e)),
    server.get(discoItems, ({ node }, e) => items(host, 'server', node, e)),
    // XEP-0030 §8: only who may see the account's presence learns that it is there.
    account.get(discoInfo, ({ node }, e) => info(host, 'account', node, e), { by: 'subscribers' }),
    account.get(discoItems, ({ node }, e) => items(host, 'account', node, e), {
      by: 'subscribers',
      otherwise: ({ node }) => discoItems.write({ ...mirrored(node), items: [] }),
    }),
  ],
})

function info(host: Host, where: Where, node: string | undefined, e: Envelope): Element {
  const found = node ? known(host, where, node).info(e, node) : infoOf(host, where)
  return discoInfo.write({ ...found, ...mirrored(node) })
}

function items(host: Host, where: Where, node: string | undefined, e: Envelope): Element {
  if (node) return discoItems.write({ node, items: known(host, where, node).items(e, node) })
  const entries = host.extensions(discoEntries).filter(one => one.where === where)
  return discoItems.write({ ...mirrored(node), items: entries.flatMap(one => one.items(e)) })
}

/** XEP-0030 §3.2: the answer names the node as the request did. One without a name (§4.2) is the entity itself. */
function mirrored(node: string | undefined): { node?: string } {
  return node === undefined ? {} : { node }
}

/** XEP-0030 §7: a node that is not there. */
function known(host: Host, where: Where, node: string): DiscoNode {
  const found = host.extensions(discoNodes).find(one => one.where === where && one.is(node))
  if (found === undefined) throw new StanzaError('item-not-found')
  return found
}

/** XEP-0030 §4.1, example 15: an account's items are its available resources. */
function resources({ owner }: Envelope) {
  return owner.sessions.filter(session => session.presence !== undefined).map(({ jid }) => ({ jid }))
}
