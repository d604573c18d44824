import assert from 'node:assert/strict'
import test from 'node:test'
import { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { type Connect, type Open, type Player, play } from './play.ts'
import { parseScript, ScriptError } from './scs.ts'
import { readXml } from './scs-xml.ts'

const cast = `[Client] Romeo
 jid: romeo@localhost
 password: a
[Client] Juliet
 jid: juliet@localhost
 password: b
---
`

/** A world without a server: messages go to the player whose bare JID they name, pings are answered. */
function world(): Connect {
  const players = new Map<string, (element: Element) => void>()
  return async ({ jid }) => {
    const queue: Element[] = []
    let wake: (() => void) | undefined
    const take = (element: Element) => {
      queue.push(element)
      wake?.()
    }
    players.set(jid, take)
    const player: Player = {
      jid: `${jid}/here`,
      send(xml) {
        const [stanza] = readXml({ line: 0, actor: {} as never, action: 'sends', xml }, () => undefined)
        if (stanza!.name === 'iq')
          return take(new Element('iq', ns.client, ['type', 'result', 'id', stanza!.attribute('id')!]))
        players.get(stanza!.attribute('to')!)?.(stanza!.with('from', `${jid}/here`))
      },
      async receive() {
        while (queue.length === 0) await new Promise<void>(resolve => (wake = resolve))
        return queue.shift()!
      },
      async disconnect() {
        players.delete(jid)
      },
    }
    return player
  }
}

const played = (acts: string, patience = 1000) => play(parseScript(cast + acts), world(), { patience })

test('a scene is played to its end', () =>
  played(`
Romeo connects
Juliet connects
Romeo sends:
  <message to="\${Juliet's JID}"><body>one</body></message>
Romeo sends:
  <message to="juliet@localhost"><body>two</body></message>
  <message to="juliet@localhost"><body>three</body></message>
Juliet receives:
  <message from="\${Romeo's full JID}"><body>one</body></message>
Juliet receives:
  <message><body>three</body></message>
  <message><body>two</body></message>
Juliet receives nothing
Juliet disconnects
`))

const fails = (acts: string, line: number, sentence: RegExp, patience?: number) =>
  assert.rejects(played(acts, patience), (error: unknown) => {
    assert.ok(error instanceof ScriptError, String(error))
    assert.match(error.message, sentence)
    assert.equal(error.line, line)
    return true
  })

const scene = `Romeo connects
Juliet connects
Romeo sends:
  <message to="juliet@localhost"><body>one</body></message>
`

test('what comes otherwise is told with its line, expected and received', () =>
  fails(
    `${scene}Juliet receives:\n  <message><body>two</body></message>\n`,
    12,
    /<body> is "one", not "two"\n {2}expected:\n {4}<message>\n {6}<body>two<\/body>\n.*received:.*<body>one<\/body>/s,
  ))

test('several elements in any order must all come', () =>
  fails(`${scene}Juliet receives:\n  <message><body>two</body></message>\n  <iq/>\n`, 12, /none of what is expected/))

test('what never comes fails after the wait', () =>
  fails(`${scene}Romeo receives:\n  <message/>\n`, 12, /nothing came within 20 ms.*received:\n {4}nothing/s, 20))

test('receives nothing fails when something came', () =>
  fails(`${scene}Juliet receives nothing\n`, 12, /something came.*<body>one/s))

test('an order that makes no sense is told with its line', async () => {
  await fails('Romeo sends:\n  <a/>\n', 8, /Romeo is not connected/)
  await fails('Romeo connects\nRomeo connects\n', 9, /connected already/)
  await fails('Romeo connects\nRomeo sends:\n  <a>\n', 9, /XML is wrong/)
  await fails(`Romeo connects\nRomeo sends:\n  <a to="\${Juliet's JID}"/>\n`, 9, /no \$\{Juliet's JID\}/)
})

/** Somebody whose streams answer with features, each once it is opened, and who is bound by the third. */
function beginnings(said: string[]): Open {
  return async ({ jid }) => {
    const queue: Element[] = []
    let streams = 0
    return {
      get jid() {
        return streams < 3 ? jid : `${jid}/here`
      },
      begin() {
        said.push('begins')
        streams++
        queue.push(new Element('features', ns.streams))
      },
      async secure() {
        if (said.includes('TLS')) throw new Error('there is TLS')
        said.push('TLS')
      },
      send: xml => void said.push(xml),
      receive: async () => queue.shift() ?? Promise.reject(new Error('nothing is there')),
      async disconnect() {},
    }
  }
}

const features = 'Romeo receives:\n  <stream:features/>\n'

test('a connection that a script drives itself: streams, TLS, and a JID that is known when it is', async () => {
  const said: string[] = []
  const acts = `
Romeo opens a stream
${features}Romeo starts TLS
Romeo opens a stream
${features}Romeo sends:
  <auth xmlns="urn:x">\${Romeo's PLAIN}</auth>
Romeo opens a stream
${features}Romeo sends:
  <presence to="\${Romeo's full JID}"/>
`
  await play(parseScript(cast + acts), world(), { open: beginnings(said) })
  const plain = Buffer.from('\0romeo\0a').toString('base64')
  const auth = `<auth xmlns="urn:x">${plain}</auth>`
  assert.deepEqual(said, ['begins', 'TLS', 'begins', auth, 'begins', '<presence to="romeo@localhost/here"/>'])
})

test('what cannot be opened is told with its line', async () => {
  const fails = (acts: string, sentence: RegExp, open?: Open) =>
    assert.rejects(play(parseScript(cast + acts), world(), { patience: 100, ...(open && { open }) }), sentence)
  const open = beginnings([])
  await fails('Romeo opens a stream\n', /line 8: streams cannot be opened/)
  await fails('Romeo connects\nRomeo opens a stream\n', /line 9: who connects is beyond "opens a stream"/, open)
  await fails('Romeo starts TLS\n', /line 8: Romeo is not connected/, open)
  await fails(
    'Romeo opens a stream\nRomeo starts TLS\nRomeo starts TLS\n',
    /line 10: TLS does not start: there is TLS/,
    open,
  )
})
