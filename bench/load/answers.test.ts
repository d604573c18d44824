import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TextStream } from '../peers/stream.ts'
import { answering } from './answers.ts'

/** What is written, and what is handed on, when these chunks come. */
function hear(...chunks: readonly string[]) {
  const written: string[] = []
  const taken: string[] = []
  let all = 0
  const socket = { write: (text: string) => written.push(text) } as unknown as TextStream['socket']
  const take = answering({ socket }, (chunk, asked) => {
    taken.push(chunk.toString())
    all += asked
  })
  for (const chunk of chunks) take(Buffer.from(chunk))
  return { written: written.join(''), taken, all }
}

const error = `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`

test('what a server asks is answered by an error, whatever stands around it', () => {
  const chunk = `<message><body>~</body></message><iq from="localhost" id="q'1" type="get"><query/></iq><r xmlns='urn:xmpp:sm:3'/>`
  const { written, taken, all } = hear(chunk)
  assert.equal(written, `<iq type='error' id='q&apos;1' to='localhost'>${error}`)
  assert.deepEqual(taken, [chunk])
  assert.equal(all, 1)
})

test('a request without a sender is answered without an addressee', () => {
  assert.equal(
    hear(`<iq id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`).written,
    `<iq type='error' id='p'>${error}`,
  )
})

test('results and errors are not answered', () => {
  assert.deepEqual(hear(`<iq id='a' type='result'/><iq id='b' type='error'/>`), {
    ...{ written: '', all: 0 },
    taken: [`<iq id='a' type='result'/><iq id='b' type='error'/>`],
  })
})

test('a request that is cut in two, anywhere, is answered once', () => {
  const text = `<presence/><iq from='localhost' id='q' type='get'><query/></iq><presence/>`
  for (let at = 1; at < text.length; at++) {
    const { written, taken, all } = hear(text.slice(0, at), text.slice(at))
    assert.equal(written, `<iq type='error' id='q' to='localhost'>${error}`, `cut at ${at}`)
    assert.equal(all, 1)
    assert.equal(taken.join(''), text)
  }
})
