import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { received, request } from './wire.ts'

// XEP-0184 §7, examples 3 and 4
cases(request, [
  [
    `<message xmlns='jabber:client' from='northumberland@shakespeare.lit/westminster' id='richard2-4.1.247'
      to='kingrichard@royalty.england.lit/throne'>
      <body>My lord, dispatch; read o'er these articles.</body>
      <request xmlns='urn:xmpp:receipts'/>
    </message>`,
    {},
  ],
])
cases(received, [
  [
    `<message xmlns='jabber:client' from='kingrichard@royalty.england.lit/throne' id='bi29sg183b4v'
      to='northumberland@shakespeare.lit/westminster'>
      <received xmlns='urn:xmpp:receipts' id='richard2-4.1.247'/>
    </message>`,
    { id: 'richard2-4.1.247' },
  ],
])

test('XEP-0184 §7: a receipt names the message', () => {
  assert.throws(() => received.read(parse('<received xmlns="urn:xmpp:receipts"/>')), Malformed)
  assert.throws(() => received.read(parse('<received xmlns="urn:xmpp:receipts" id=""/>')), Malformed)
})
