/**
 * CPU time of reading stanzas: `node bench/reader.ts`. What is measured: bytes of one stream to finished elements,
 * each looked at once (its name and children), in chunks of one stanza and of 16 KiB; beside it saxes with namespaces,
 * building the same tree from its events. User and system time of this process, the best of eight rounds: other work
 * on the machine only adds to it.
 */
import { SaxesParser } from 'saxes'
import { Element, type Node } from '../src/wire/element.ts'
import { Reader, type ReaderHandler } from '../src/wire/reader.ts'

const header =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>"
const body =
  'Good night, good night! Parting is such sweet sorrow, that I shall say good night till it be morrow, again!'
const stanzas: Record<string, string> = {
  'chat, 235 bytes': `<message to='u1@localhost/r' from='u2@localhost/r' type='chat' id='x'><body>${body}</body><no-store xmlns='urn:xmpp:hints'/></message>`,
  'chat, pretty-printed': `<message to='u1@localhost/r'\n    from='u2@localhost/r' type='chat' id='x'>\n  <body>${body}</body>\n  <no-store xmlns='urn:xmpp:hints'/>\n</message>`,
  'chat, not ASCII': `<message to='u1@localhost/r' from='u2@localhost/r' type='chat' id='x'><body>${body.replaceAll('o', 'ö')}</body><no-store xmlns='urn:xmpp:hints'/></message>`,
  presence: "<presence to='u1@localhost/r'/>",
}
const limits = { stanzaBytes: 262_144, depth: 100, attributes: 100, namespaces: 100 }
let seen = 0

function look(element: Element): void {
  seen += element.name.length + element.children.length
}

const handler: ReaderHandler = {
  opened() {},
  element: look,
  closed() {},
  failed(error) {
    throw error
  },
}

type Push = (chunk: Uint8Array) => void

function ours(): Push {
  const reader = new Reader(handler, limits)
  return chunk => reader.push(chunk)
}

function saxes(): Push {
  const parser = new SaxesParser({ xmlns: true })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const open: { name: string; namespace: string; attributes: string[]; children: Node[] }[] = []
  parser.on('opentag', tag => {
    const attributes: string[] = []
    for (const name in tag.attributes) {
      const attribute = tag.attributes[name]!
      if (attribute.prefix !== 'xmlns' && name !== 'xmlns') attributes.push(attribute.local, attribute.value)
    }
    open.push({ name: tag.local, namespace: tag.uri, attributes, children: [] })
  })
  parser.on('text', text => {
    if (open.length > 1) open.at(-1)!.children.push(text)
  })
  parser.on('closetag', () => {
    const top = open.pop()!
    const element = new Element(top.name, top.namespace, top.attributes, top.children)
    if (open.length > 1) open.at(-1)!.children.push(element)
    else look(element)
  })
  return chunk => parser.write(decoder.decode(chunk, { stream: true }))
}

/** Microseconds of CPU time a stanza. */
function measure(make: () => Push, chunks: readonly Uint8Array[], stanzaCount: number): number {
  const rounds: number[] = []
  for (let round = 0; round < 8; round++) {
    const push = make()
    push(Buffer.from(header))
    const passes = Math.ceil(10_000 / stanzaCount)
    const before = process.cpuUsage()
    for (let pass = 0; pass < passes; pass++) for (const chunk of chunks) push(chunk)
    const { user, system } = process.cpuUsage(before)
    rounds.push((user + system) / (passes * stanzaCount))
  }
  return Math.min(...rounds)
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

console.log('µs of CPU a stanza                  one a chunk          16 KiB chunks')
console.log('                                  jackdaw     saxes     jackdaw     saxes')
for (const [name, stanza] of Object.entries(stanzas)) {
  const count = Math.ceil(500_000 / stanza.length)
  const bytes = Buffer.from(stanza.repeat(count))
  const one = cut(bytes, Buffer.byteLength(stanza))
  const many = cut(bytes, 16_384)
  const figures = [one, many].flatMap(chunks => [measure(ours, chunks, count), measure(saxes, chunks, count)])
  console.log(name.padEnd(31), ...figures.map(figure => figure.toFixed(2).padStart(9)))
}
console.log(`(${seen} looked at; ${process.version}, ${process.arch})`)
