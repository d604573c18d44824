import type { Player } from '../../src/testing/play.ts'
import type { Element } from '../../src/wire/element.ts'
import { type Name, nameOf } from './ledger.ts'

const mam = 'urn:xmpp:mam:2'
const rsm = 'http://jabber.org/protocol/rsm'

/** What an archive has, page by page (XEP-0313, XEP-0059), from behind an entry on. */
export async function readArchive(
  player: Player,
  after: string | undefined,
): Promise<{ names: Name[]; last: string | undefined }> {
  const names: Name[] = []
  for (let page = 1; ; page++) {
    const place = after === undefined ? '' : `<after>${after}</after>`
    const set = `<set xmlns='${rsm}'><max>250</max>${place}</set>`
    player.send(`<iq type='set' id='page-${page}'><query xmlns='${mam}'>${set}</query></iq>`)
    let element = await player.receive()
    for (; element.attribute('id') !== `page-${page}`; element = await player.receive()) {
      const name = archived(element)
      if (name) names.push(name)
    }
    const fin = element.child('fin', mam)
    if (!fin) throw new Error(`the archive answered ${element}`)
    after = fin.child('set', rsm)?.child('last')?.text ?? after
    if (fin.attribute('complete') === 'true') return { names, last: after }
  }
}

function archived(element: Element): Name | undefined {
  const message = element
    .child('result', mam)
    ?.child('forwarded', 'urn:xmpp:forward:0')
    ?.child('message', 'jabber:client')
  return nameOf(message?.child('body')?.text ?? '')
}
