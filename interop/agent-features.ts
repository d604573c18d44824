import { createHash } from 'node:crypto'

/** What the agents answer to disco#info, with the identity client/bot "agent". */
export const features = [
  'http://jabber.org/protocol/chatstates',
  'http://jabber.org/protocol/disco#info',
  'urn:xmpp:ping',
  'urn:xmpp:receipts',
]
const verification = createHash('sha1')
  .update(`client/bot//agent<${features.join('<')}<`)
  .digest('base64')

/** Tells others what the agent can (XEP-0115): some send chat states and ask for receipts only then. */
export const caps = `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:agent' ver='${verification}'/>`
