import { cases } from '../../testing/cases.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { stanzaId } from '../stanza-id/wire.ts'
import { fin, metadata, prefs, query, result } from './wire.ts'

const field = (name: string, values: readonly string[], type?: 'hidden') => ({
  name,
  ...(type && { type }),
  required: false,
  values,
  options: [],
})
const submitted = (fields: readonly ReturnType<typeof field>[]) => ({
  type: 'submit' as const,
  instructions: [],
  items: [],
  fields: [field('FORM_TYPE', ['urn:xmpp:mam:2'], 'hidden'), ...fields],
})
const formType = `<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>`

// XEP-0313, examples 2, 11, 20 and 24
cases(query, [
  [`<iq type='set' id='juliet1'><query xmlns='urn:xmpp:mam:2' queryid='f27'/></iq>`, { queryid: 'f27', flip: false }],
  [
    `<iq type='set' id='juliet1'>
      <query xmlns='urn:xmpp:mam:2'>
        <x xmlns='jabber:x:data' type='submit'>
          ${formType}
          <field var='ids'><value>28482-98726-73623</value></field>
        </x>
      </query>
    </iq>`,
    { form: submitted([field('ids', ['28482-98726-73623'])]), flip: false },
  ],
  [
    `<iq type='set' id='q29303'>
      <query xmlns='urn:xmpp:mam:2'>
        <x xmlns='jabber:x:data' type='submit'>
          ${formType}
          <field var='start'><value>2010-08-07T00:00:00Z</value></field>
        </x>
        <set xmlns='http://jabber.org/protocol/rsm'>
          <max>10</max>
          <after>09af3-cc343-b409f</after>
        </set>
      </query>
    </iq>`,
    {
      form: submitted([field('start', ['2010-08-07T00:00:00Z'])]),
      set: { max: 10, after: '09af3-cc343-b409f' },
      flip: false,
    },
  ],
  [
    `<iq type='set' id='q29309'>
      <query xmlns='urn:xmpp:mam:2'>
        <set xmlns='http://jabber.org/protocol/rsm'><max>10</max><before/></set>
        <flip-page/>
      </query>
    </iq>`,
    { set: { max: 10, before: '' }, flip: true },
  ],
])

// Example 17
const message = `<message xmlns='jabber:client' to='juliet@capulet.lit/balcony' from='romeo@montague.lit/orchard' type='chat'>
    <body>Call me but love, and I'll be new baptized; Henceforth I never will be Romeo.</body>
  </message>`
cases(result, [
  [
    `<message id='aeb213' to='juliet@capulet.lit/chamber'>
      <result xmlns='urn:xmpp:mam:2' queryid='f27' id='28482-98726-73623'>
        <forwarded xmlns='urn:xmpp:forward:0'>
          <delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>
          ${message}
        </forwarded>
      </result>
    </message>`,
    {
      queryid: 'f27',
      id: '28482-98726-73623',
      forwarded: { delay: { stamp: new Date('2010-07-10T23:08:25Z'), reason: '' }, stanza: parse(message) },
    },
  ],
])

// Examples 22 and 4
cases(fin, [
  [
    `<iq type='result' id='u29303'>
      <fin xmlns='urn:xmpp:mam:2' complete='true'>
        <set xmlns='http://jabber.org/protocol/rsm'>
          <first index='0'>23452-4534-1</first>
          <last>390-2342-22</last>
          <count>16</count>
        </set>
      </fin>
    </iq>`,
    { complete: true, set: { first: { index: 0, id: '23452-4534-1' }, last: '390-2342-22', count: 16 } },
  ],
  [`<fin xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'/></fin>`, { set: {} }],
])

// Examples 25 and 26
cases(metadata, [
  [`<iq type='get' id='jui8921rr9'><metadata xmlns='urn:xmpp:mam:2'/></iq>`, {}],
  [
    `<iq type='result' id='jui8921rr9'>
      <metadata xmlns='urn:xmpp:mam:2'>
        <start id='YWxwaGEg' timestamp='2008-08-22T21:09:04Z'/>
        <end id='b21lZ2Eg' timestamp='2020-04-20T14:34:21Z'/>
      </metadata>
    </iq>`,
    {
      start: { id: 'YWxwaGEg', timestamp: new Date('2008-08-22T21:09:04Z') },
      end: { id: 'b21lZ2Eg', timestamp: new Date('2020-04-20T14:34:21Z') },
    },
  ],
])

// XEP-0441, examples 1, 2 and 4
cases(prefs, [
  [`<iq type='get' id='juliet2'><prefs xmlns='urn:xmpp:mam:2'/></iq>`, {}],
  [
    `<prefs xmlns='urn:xmpp:mam:2' default='roster'><always/><never/></prefs>`,
    { default: 'roster', always: { jids: [] }, never: { jids: [] } },
  ],
  [
    `<iq type='set' id='juliet3'>
      <prefs xmlns='urn:xmpp:mam:2' default='roster'>
        <always><jid>romeo@montague.lit</jid></always>
        <never><jid>montague@montague.lit</jid></never>
      </prefs>
    </iq>`,
    {
      default: 'roster',
      always: { jids: [Jid.parse('romeo@montague.lit')] },
      never: { jids: [Jid.parse('montague@montague.lit')] },
    },
  ],
])

// XEP-0359, example 1
cases(stanzaId, [
  [
    `<stanza-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4-431b-adb2-eb6b9e546013' by='room@muc.example.com'/>`,
    { id: 'de305d54-75b4-431b-adb2-eb6b9e546013', by: 'room@muc.example.com' },
  ],
])
