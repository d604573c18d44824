import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReaderHandler } from '../wire/reader.ts'
import { webSocketFraming } from './framing.ts'
import { MessageReader } from './messages.ts'

const limits = { stanzaBytes: 1000, depth: 10, attributes: 10, namespaces: 10 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function reading(step?: (name: string, reader: MessageReader) => void): { reader: MessageReader; told: string[] } {
  const told: string[] = []
  const handler: ReaderHandler = {
    opened: () => told.push('opened'),
    element: element => {
      told.push(element.name)
      step?.(element.name, reader)
    },
    closed: () => told.push('closed'),
    failed: error => told.push(error.condition),
  }
  const reader = new MessageReader(handler, limits)
  reader.push(bytes(webSocketFraming.open({})))
  return { reader, told }
}

test('too much that waits fails, once', () => {
  const { reader, told } = reading()
  reader.pause()
  for (let i = 0; i < 3000; i++) reader.push(bytes('<a xmlns="x"/>'))
  assert.deepEqual(told, ['opened', 'policy-violation'])
  reader.resume()
  reader.push(bytes('<a xmlns="x"/>'))
  assert.deepEqual(told, ['opened', 'policy-violation'])
})

test('a message pushed or resumed from within the handler is read behind the present one', () => {
  const { reader, told } = reading((name, reader) => {
    if (name !== 'a') return
    reader.pause()
    reader.push(bytes('<b xmlns="x"/>'))
    reader.resume()
    reader.push(bytes('<c xmlns="x"/>'))
    told.push('a ends')
  })
  reader.push(bytes('<a xmlns="x"/>'))
  assert.deepEqual(told, ['opened', 'a', 'a ends', 'b', 'c'])
})

test('a kept message is copied, because it was only lent', () => {
  const { reader, told } = reading()
  const message = bytes('<a xmlns="x"/>')
  reader.pause()
  reader.push(message)
  message.fill(0)
  reader.resume()
  assert.deepEqual(told, ['opened', 'a'])
})

test('discard forgets what waits; nothing is read behind the close', () => {
  const { reader, told } = reading()
  reader.pause()
  reader.push(bytes('<a xmlns="x"/>'))
  reader.discard()
  reader.resume()
  reader.push(bytes(webSocketFraming.close))
  reader.push(bytes('<b xmlns="x"/>'))
  assert.deepEqual(told, ['opened', 'closed'])
})
