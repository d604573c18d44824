import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { fast, fastFeature, requestToken, tokenElement } from './wire.ts'

cases(fastFeature, [
  [
    `<stream:features xmlns:stream='http://etherx.jabber.org/streams'>
      <authentication xmlns='urn:xmpp:sasl:2'>
        <mechanism>SCRAM-SHA-1</mechanism>
        <mechanism>SCRAM-SHA-1-PLUS</mechanism>
        <inline>
          <fast xmlns='urn:xmpp:fast:0' tls-0rtt='true'>
            <mechanism>HT-SHA-256-ENDP</mechanism>
            <mechanism>HT-SHA-256-EXPR</mechanism>
            <mechanism>HT-SHA-256-NONE</mechanism>
          </fast>
        </inline>
      </authentication>
    </stream:features>`,
    { earlyData: true, mechanisms: ['HT-SHA-256-ENDP', 'HT-SHA-256-EXPR', 'HT-SHA-256-NONE'] },
  ],
])

cases(requestToken, [
  [
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1-PLUS'>
      <initial-response>[base64 encoded SASL data]</initial-response>
      <bind xmlns='urn:xmpp:bind:0'>
        <tag>AwesomeXMPP</tag>
      </bind>
      <request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-ENDP'/>
    </authenticate>`,
    { mechanism: 'HT-SHA-256-ENDP' },
  ],
])

cases(tokenElement, [
  [
    `<success xmlns='urn:xmpp:sasl:2'>
      <authorization-identity>user@example.com/AwesomeXMPP.4232f4d4</authorization-identity>
      <token xmlns='urn:xmpp:fast:0'
             expiry='2020-03-12T14:36:15Z'
             token='WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm' />
    </success>`,
    { token: 'WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm', expiry: new Date('2020-03-12T14:36:15Z') },
  ],
  [
    `<token xmlns='urn:xmpp:fast:0' expiry='2020-03-31T14:36:15Z' token='R3VyIHpiZmcgbnl2aXIgdmYgZ3VyIGp2eXFyZmcu'/>`,
    { token: 'R3VyIHpiZmcgbnl2aXIgdmYgZ3VyIGp2eXFyZmcu', expiry: new Date('2020-03-31T14:36:15Z') },
  ],
])

cases(fast, [
  [
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-ENDP'>
      <initial-response>[base64 encoded SASL data]</initial-response>
      <bind xmlns='urn:xmpp:bind:0'>
        <tag>AwesomeXMPP</tag>
      </bind>
      <fast xmlns='urn:xmpp:fast:0' count='123' />
    </authenticate>`,
    { count: 123 },
  ],
  [`<fast xmlns='urn:xmpp:fast:0' count='123' invalidate='true'/>`, { count: 123, invalidate: true }],
  [`<fast xmlns='urn:xmpp:fast:0'/>`, {}],
])

test('true may be written 1', () => {
  assert.deepEqual(fast.read(parse(`<fast xmlns='urn:xmpp:fast:0' invalidate='1'/>`)), { invalidate: true })
})

test('what is neither a count nor true or false is refused', () => {
  for (const attribute of ["count='-1'", "count='1.5'", "count=''", "count='1e3'", "count='99999999999999999999'"])
    assert.throws(() => fast.read(parse(`<fast xmlns='urn:xmpp:fast:0' ${attribute}/>`)), Malformed, attribute)
  assert.throws(() => fast.read(parse(`<fast xmlns='urn:xmpp:fast:0' invalidate='yes'/>`)), Malformed)
  for (const attribute of ['', "mechanism=''"])
    assert.throws(() => requestToken.read(parse(`<request-token xmlns='urn:xmpp:fast:0' ${attribute}/>`)), Malformed)
})
