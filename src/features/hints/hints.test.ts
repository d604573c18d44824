import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { parse } from '../../wire/reader.ts'
import { isHinted, noCopy, noPermanentStore, noStore, store } from './wire.ts'

// XEP-0334 §3.1, example 1
const example = `<message xmlns='jabber:client' from='romeo@montague.lit/laptop' to='juliet@capulet.lit/laptop'>
  <body>V unir avtug'f pybnx gb uvqr zr sebz gurve fvtug</body>
  <no-copy xmlns="urn:xmpp:hints"/>
  <no-store xmlns="urn:xmpp:hints"/>
</message>`

cases(noCopy, [[example, {}]])
cases(noStore, [[example, {}]])
cases(noPermanentStore, [['<no-permanent-store xmlns="urn:xmpp:hints"/>', {}]])
cases(store, [['<store xmlns="urn:xmpp:hints"/>', {}]])

test('XEP-0334 §5: hints are those of the message itself, and not of an error', () => {
  const message = parse(example)
  assert.deepEqual(
    [noCopy, noStore, noPermanentStore, store].map(hint => isHinted(message, hint)),
    [true, true, false, false],
  )
  assert.equal(isHinted(message.with('type', 'error'), noStore), false)
  assert.equal(isHinted(parse('<message xmlns="jabber:client"><no-store/></message>'), noStore), false)
})
