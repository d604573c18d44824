import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { block, blocklist, report, unblock } from './wire.ts'

const romeo = { jid: Jid.parse('romeo@montague.net'), payloads: [] }
const iago = { jid: Jid.parse('iago@shakespeare.lit'), payloads: [] }

cases(blocklist, [
  [`<iq type='get' id='blocklist1'><blocklist xmlns='urn:xmpp:blocking'/></iq>`, { items: [] }],
  [
    `<iq type='result' id='blocklist1'>
      <blocklist xmlns='urn:xmpp:blocking'>
        <item jid='romeo@montague.net'/>
        <item jid='iago@shakespeare.lit'/>
      </blocklist>
    </iq>`,
    { items: [romeo, iago] },
  ],
])

cases(block, [
  [
    `<iq from='juliet@capulet.com/chamber' type='set' id='block1'>
      <block xmlns='urn:xmpp:blocking'>
        <item jid='romeo@montague.net'/>
      </block>
    </iq>`,
    { items: [romeo] },
  ],
])

cases(unblock, [
  [
    `<iq type='set' id='unblock1'>
      <unblock xmlns='urn:xmpp:blocking'>
        <item jid='romeo@montague.net'/>
      </unblock>
    </iq>`,
    { items: [romeo] },
  ],
  [`<iq type='set' id='unblock2'><unblock xmlns='urn:xmpp:blocking'/></iq>`, { items: [] }],
])

const words = { lang: 'en', content: 'Never came trouble to my house like this.' }
const plain = { texts: [], messages: [], reportOrigin: false, thirdParty: false }

cases(report, [
  [
    '<report xmlns="urn:xmpp:reporting:1" reason="urn:xmpp:reporting:spam"/>',
    { ...plain, reason: 'urn:xmpp:reporting:spam' },
  ],
  [
    `<report xmlns="urn:xmpp:reporting:1" reason="urn:xmpp:reporting:spam">
      <text xml:lang="en">Never came trouble to my house like this.</text>
      <report-origin/>
      <third-party/>
    </report>`,
    { ...plain, reason: 'urn:xmpp:reporting:spam', texts: [words], reportOrigin: true, thirdParty: true },
  ],
  [
    `<iq from='juliet@example.com/chamber' type='set' id='block1'>
      <block xmlns='urn:xmpp:blocking'>
        <item jid='romeo@example.net'>
          <report xmlns="urn:xmpp:reporting:1" reason="urn:xmpp:reporting:spam">
            <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example.net' id='28482-98726-73623'/>
            <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@example.net' id='38383-38018-18385'/>
            <text xml:lang="en">Never came trouble to my house like this.</text>
          </report>
        </item>
      </block>
    </iq>`,
    {
      ...plain,
      reason: 'urn:xmpp:reporting:spam',
      texts: [words],
      messages: [
        { by: Jid.parse('romeo@example.net'), id: '28482-98726-73623' },
        { by: Jid.parse('romeo@example.net'), id: '38383-38018-18385' },
      ],
    },
  ],
])

test('XEP-0191 §3.3: a block names an address, and an address is one', () => {
  const read = (xml: string) => () => block.read(parse(xml))
  assert.throws(read('<block xmlns="urn:xmpp:blocking"/>'), Malformed)
  assert.throws(read('<block xmlns="urn:xmpp:blocking"><item/></block>'), Malformed)
  assert.throws(read('<block xmlns="urn:xmpp:blocking"><item jid="a@b@c"/></block>'), Malformed)
  assert.throws(read('<block xmlns="urn:xmpp:blocking"><item jid=""/></block>'), Malformed)
})

test('XEP-0377 §4: a report gives a reason', () => {
  assert.throws(() => report.read(parse('<report xmlns="urn:xmpp:reporting:1"/>')), Malformed)
})
