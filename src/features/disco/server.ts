import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import { contactOf, isSubscriber } from '../../server/roster.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { type DiscoNode, discoEntries, discoNodes, infoOf } from './exports.ts'
import { discoInfo, discoItems } from './wire.ts'

type Where = 'server' | 'account'

/** What the host and its accounts are and can do (XEP-0030): the sum of what the features declare. */
export default feature({
  name: 'disco',
  xeps: [
    { number: 30, version: '2.5rc3' },
    { number: 128, version: '1.0.1' },
  ],
  disco: {
    server: [discoInfo.namespace, discoItems.namespace],
    account: [discoInfo.namespace, discoItems.namespace],
  },
  start: ({ host }) => [
    server.get(discoInfo, ({ node }, e) => info(host, 'server', node, e)),
    server.get(discoItems, ({ node }, e) => items(host, 'server', node, e)),
    account.get(discoInfo, ({ node }, e) => allowed(e) && info(host, 'account', node, e), { by: 'anyone' }),
    account.get(discoItems, ({ node }, e) => allowed(e) && items(host, 'account', node, e), { by: 'anyone' }),
  ],
})

function info(host: Host, where: Where, node: string | undefined, e: Envelope): Element {
  if (node === undefined) return discoInfo.write(infoOf(host, where))
  return discoInfo.write({ node, ...known(host, where, node).info(e, node) })
}

function items(host: Host, where: Where, node: string | undefined, e: Envelope): Element {
  if (node !== undefined) return discoItems.write({ node, items: known(host, where, node).items(e, node) })
  const entries = host.extensions(discoEntries).filter(one => one.where === where)
  return discoItems.write({ items: entries.flatMap(one => one.items(e)) })
}

/** XEP-0030 §7: a node that is not there. */
function known(host: Host, where: Where, node: string): DiscoNode {
  const found = host.extensions(discoNodes).find(one => one.where === where && one.is(node))
  if (found === undefined) throw new StanzaError('item-not-found')
  return found
}

/** XEP-0030 §8: only who may see the account's presence learns that it is there. */
function allowed({ from, owner }: Envelope): true {
  if (from.bare.equals(owner.address) || isSubscriber(contactOf(owner, from))) return true
  throw new StanzaError('service-unavailable')
}
