import { setting, whole } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import { stanza, writing } from '../../server/pipeline.ts'
import { blockAll, unblockAll } from './block.ts'
import { checkArriving, checkSending, checkWriting } from './checks.ts'
import { defaultList, items } from './list.ts'
import { blockedOf } from './lists.ts'
import { requested } from './pushes.ts'
import { Reports, reportCommands, reports } from './reports.ts'
import { block, blocklist, report, unblock } from './wire.ts'

/** Whom a user wants to hear nothing from, and why (XEP-0191, XEP-0377). Privacy lists are enforced here too: one store, one check. */
export default feature({
  name: 'blocking',
  xeps: [
    { number: 191, version: '1.3' },
    { number: 377, version: '0.4.1' },
  ],
  disco: { server: [block.namespace, report.namespace] },
  config: {
    maximum: setting(whole, 1000, 'Addresses that one account may block.'),
    reports: setting(whole, 1000, 'Reports of spam and abuse that are kept for the operator; the oldest go first.'),
  },
  tables: [items, defaultList, reports],
  commands: reportCommands,
  start: ({ config, host }) => {
    const taken = new Reports(host, config)
    return [
      stanza.sending.check(checkSending),
      stanza.arriving.check(checkArriving),
      writing.check(checkWriting),
      account.get(blocklist, (_, { owner, session }) => {
        session?.set(requested, true)
        return blocklist.write({ items: blockedOf(owner).map(jid => ({ jid, payloads: [] })) })
      }),
      account.set(block, ({ items }, { owner, from }) => {
        const receipt = blockAll(
          host,
          owner,
          items.map(item => item.jid),
          config.maximum,
        )
        const reported = items.filter(item => item.payloads.some(report.is))
        if (reported.length === 0) return receipt?.then(nothing)
        const kept = reported.map(({ jid, payloads }) => taken.take(from.bare, jid, payloads))
        return Promise.all([receipt, ...kept]).then(nothing)
      }),
      account.set(unblock, ({ items }, { owner }) =>
        unblockAll(
          host,
          owner,
          items.map(item => item.jid),
        )?.then(nothing),
      ),
    ]
  },
})

function nothing(): undefined {}
