import assert from 'node:assert/strict'
import test from 'node:test'
import { parseScript, ScriptError } from './scs.ts'

const cast = `# RFC 6121 §5: a word between two
[Client] Romeo
\tjid: romeo@localhost
\tpassword: wherefore art: thou

[Client] Romeo's phone
    jid: romeo@localhost/phone
    password: x
----------
`

test('reads cast and steps with their lines', () => {
  const script = parseScript(`${cast}
Romeo connects
# aside
Romeo's phone sends:
    <presence>

      <status>up</status>
    </presence>
Romeo receives nothing
Romeo disconnects
`)
  assert.equal(script.title, 'RFC 6121 §5: a word between two')
  assert.deepEqual(
    script.cast.map(({ name, jid, password, resource }) => [name, jid, password, resource]),
    [
      ['Romeo', 'romeo@localhost', 'wherefore art: thou', undefined],
      ["Romeo's phone", 'romeo@localhost', 'x', 'phone'],
    ],
  )
  assert.deepEqual(
    script.steps.map(({ line, actor, action }) => [line, actor.name, action]),
    [
      [11, 'Romeo', 'connects'],
      [13, "Romeo's phone", 'sends'],
      [18, 'Romeo', 'receives nothing'],
      [19, 'Romeo', 'disconnects'],
    ],
  )
  const sends = script.steps[1]!
  assert.equal(sends.action === 'sends' && sends.xml, '<presence>\n<status>up</status>\n</presence>')
})

test('a client may need a carrier, and drive its connection itself', () => {
  const script = parseScript(
    '[Client] A\n jid: a@b\n password: c\n carrier: starttls\n----\nA opens a stream\nA starts TLS\n',
  )
  assert.deepEqual(
    script.cast.map(({ carrier }) => carrier),
    ['starttls'],
  )
  assert.deepEqual(
    script.steps.map(({ action }) => action),
    ['opens a stream', 'starts TLS'],
  )
})

test('what is no script is refused with its line', () => {
  const refused = (text: string, line: number, sentence: RegExp) =>
    assert.throws(
      () => parseScript(text),
      (error: unknown) => error instanceof ScriptError && error.line === line && sentence.test(error.message),
    )
  refused('[Client] Romeo\n', 2, /line of dashes/)
  refused('----\n', 1, /no \[Client\]/)
  refused('  jid: a\n----\n', 1, /nothing stands above/)
  refused('[Server] Romeo\n----\n', 1, /expected "\[Client\] Name"/)
  refused('[Client] A\n jid: a@b\n----\n', 1, /needs jid and password/)
  refused('[Client] A\n jid: a@b\n pasword: c\n----\n', 3, /expected jid, password/)
  refused('[Client] A\n jid: a@b\n jid: c@d\n----\n', 3, /once each/)
  refused(`${cast}Tybalt connects\n`, 10, /nobody of the cast/)
  refused(`${cast}Romeo dies\n`, 10, /"dies" is not connects, opens a stream/)
  refused(`${cast}Romeo opens a stream\n <a/>\n`, 11, /takes no XML/)
  refused('[Client] A\n jid: a@b\n password: c\n carrier: pigeon\n----\n', 1, /starttls or tls, not "pigeon"/)
  refused(`${cast}Romeo sends:\nRomeo connects\n`, 10, /XML below "sends:" is missing/)
  refused(`${cast}Romeo connects\n <a/>\n`, 11, /takes no XML/)
  refused(`${cast.replace("Romeo's phone", 'Romeo')}`, 6, /two of "Romeo"/)
})
