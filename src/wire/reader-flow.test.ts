import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wide } from '../testing/reading.ts'
import { Element } from './element.ts'
import { StreamError } from './errors.ts'
import { type Limits, parse, Reader, readDocument } from './reader.ts'

const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

/** A reader, what it told, and what is done when an element of some name comes. */
class Recorder {
  readonly told: string[] = []
  readonly elements: Element[] = []
  readonly reader: Reader
  on: Record<string, () => void> = {}

  constructor(limits: Limits = wide) {
    this.reader = new Reader(this, limits)
  }

  /** Text as the bytes of one chunk. */
  push(text: string): void {
    this.reader.push(Buffer.from(text))
  }

  opened(): void {
    this.#tell('opened')
  }

  element(element: Element): void {
    this.elements.push(element)
    this.#tell(element.name)
  }

  closed(): void {
    this.#tell('closed')
  }

  failed(error: StreamError): void {
    this.#tell(error.condition)
  }

  #tell(what: string): void {
    this.told.push(what)
    this.on[what]?.()
  }
}

test('restart in the middle of a chunk: the rest is a new stream', () => {
  const one = new Recorder()
  one.on['auth'] = () => one.reader.restart()
  one.push(`${header}<auth/><?xml version='1.0'?>${header}<a/>`)
  one.push(`<auth></auth>\n${header}<b/></stream:stream>`)
  one.push('<c/>')
  assert.deepEqual(one.told, ['opened', 'auth', 'opened', 'a', 'auth', 'opened', 'b', 'closed'])
  one.reader.restart()
  one.push(`${header}<d/>`)
  assert.deepEqual(one.told.slice(8), ['opened', 'd'])
})

test('restart forgets declarations and whatever was unfinished', () => {
  const one = new Recorder()
  one.push(`${header}<a b='c`)
  one.reader.restart()
  one.push(`${header}<a xmlns:p='n'`)
  one.reader.restart()
  one.push('<stream:stream>')
  assert.deepEqual(one.told, ['opened', 'opened', 'not-well-formed'])
})

test('pause keeps the rest of the chunk and later chunks, in order', () => {
  const one = new Recorder()
  one.on['a'] = one.on['c'] = () => one.reader.pause()
  const bytes = Buffer.from('<d/>')
  one.push(`${header}<a/><b/><c/>`)
  one.reader.push(bytes)
  bytes.fill(0) // chunks are only lent
  one.push('</stream:stream>')
  assert.deepEqual(one.told, ['opened', 'a'])
  one.reader.resume()
  assert.deepEqual(one.told, ['opened', 'a', 'b', 'c'])
  one.reader.resume()
  one.reader.resume()
  assert.deepEqual(one.told, ['opened', 'a', 'b', 'c', 'd', 'closed'])
})

test('a chunk is only lent: the begin of a character is copied', () => {
  const one = new Recorder()
  const bytes = Buffer.from(`${header}<a>é`)
  one.reader.push(bytes.subarray(0, -1))
  const last = bytes.subarray(-1)
  bytes.fill(0x20, 0, bytes.length - 1)
  one.reader.push(last)
  one.push('</a>')
  assert.equal(one.elements[0]?.text, 'é')
})

test('pause before anything, and pause and resume within the handler', () => {
  const one = new Recorder()
  one.reader.pause()
  one.push(`${header}<a/>`)
  assert.deepEqual(one.told, [])
  one.on['a'] = () => {
    one.reader.pause()
    one.reader.resume()
    one.push('<c/>')
  }
  one.reader.resume()
  one.push('<b/>')
  assert.deepEqual(one.told, ['opened', 'a', 'c', 'b'])
})

test('while paused, a restart waits too', () => {
  const one = new Recorder()
  one.on['response'] = () => one.reader.pause()
  one.push(`${header}<response/>${header}<a/>`)
  one.reader.restart()
  assert.deepEqual(one.told, ['opened', 'response'])
  one.reader.resume()
  assert.deepEqual(one.told, ['opened', 'response', 'opened', 'a'])
})

test('what waits has a limit, and small chunks count for what they take', () => {
  for (const size of [1, 16_384]) {
    const one = new Recorder({ ...wide, stanzaBytes: 10_000 })
    one.push(header)
    one.reader.pause()
    const chunk = Buffer.alloc(size, ' ')
    let pushed = 0
    while (one.told.length === 1 && pushed < 1_000_000) {
      one.reader.push(chunk)
      pushed += size
    }
    assert.deepEqual(one.told, ['opened', 'policy-violation'])
    assert.ok(pushed > 2000)
    one.reader.resume()
    assert.deepEqual(one.told, ['opened', 'policy-violation'])
  }
})

test('discard drops what was pipelined behind <starttls/> (RFC 6120 §5.4.3.3)', () => {
  const one = new Recorder()
  one.on['starttls'] = () => {
    one.reader.pause()
    one.push('<injected/>')
    one.reader.discard()
    one.reader.restart()
  }
  one.push(`${header}<starttls/><injected/>\xc3`)
  one.reader.resume()
  one.push(`${header}<a/>`)
  assert.deepEqual(one.told, ['opened', 'starttls', 'opened', 'a'])
})

test('limits can be changed at any time', () => {
  const one = new Recorder({ ...wide, stanzaBytes: 100 })
  const big = `<big>${'x'.repeat(100)}</big>`
  one.on['a'] = () => (one.reader.limits = wide)
  one.push(`${header}<a/>${big}`)
  one.reader.limits = { ...wide, stanzaBytes: 100 }
  one.push(big)
  assert.deepEqual(one.told, ['opened', 'a', 'big', 'policy-violation'])
})

test('a fault is told once, and nothing is read behind it', () => {
  const one = new Recorder()
  one.push(`${header}<a></b><c/>`)
  one.push('<d/>')
  one.reader.restart()
  one.reader.resume()
  one.push(header)
  assert.deepEqual(one.told, ['opened', 'not-well-formed'])
})

test('a policy-violation says which policy', () => {
  const one = new Recorder({ ...wide, stanzaBytes: 100 })
  let error: StreamError | undefined
  one.failed = fault => {
    error = fault
  }
  one.push(`${header}<a b='${'c'.repeat(100)}`)
  assert.equal(error?.text, 'An element of more than 100 bytes')
  assert.ok(error?.application?.is('stanza-too-big', 'urn:xmpp:errors'))
})

test('10,000 attributes are refused at the first that is too many', () => {
  const one = new Recorder({ ...wide, attributes: 50 })
  one.push(`${header}<a ${Array.from({ length: 51 }, (_, index) => `a${index}='1'`).join(' ')}`)
  assert.deepEqual(one.told, ['opened', 'policy-violation'])
})

test('a thousand attributes that are allowed are still compared', () => {
  const many = Array.from({ length: 1000 }, (_, index) => `a${index}='1'`).join(' ')
  assert.equal(readDocument(`<a ${many}/>`, { ...wide, attributes: 2000 }).attributes.length, 2000)
  assert.throws(() => readDocument(`<a ${many} a7=''/>`, { ...wide, attributes: 2000 }), StreamError)
})

test('a StreamError of the handler ends the stream; another error comes out of push, and nothing is read then', () => {
  const one = new Recorder()
  one.on['a'] = () => {
    throw new StreamError('conflict')
  }
  one.push(`${header}<a/><b/>`)
  assert.deepEqual(one.told, ['opened', 'a', 'conflict'])
  const two = new Recorder()
  two.on['a'] = () => {
    throw new TypeError('a bug')
  }
  assert.throws(() => two.push(`${header}<a/><b/>`), TypeError)
  two.push('<c/>')
  assert.deepEqual(two.told, ['opened', 'a'])
})

test('256 KiB in chunks of one byte take a time that grows with their number only', () => {
  const filler = 'x'.repeat(262_144)
  for (const [before, middle, after] of [
    ["<a b='", filler, "'/>"],
    ['<a>', filler, '</a>'],
    ['<', filler, '/>'],
    ['<a>', filler.replaceAll('x', ']'), '</a>'],
    ['<a><![CDATA[', filler, ']]></a>'],
    ['<a>&#', filler.replaceAll('x', '0'), '65;</a>'],
    ['<a', filler.replaceAll('x', ' '), '/>'],
  ] as const) {
    const one = new Recorder()
    one.push(header)
    const bytes = Buffer.from(before + middle + after)
    const start = process.cpuUsage()
    for (let at = 0; at < bytes.length; at++) one.reader.push(bytes.subarray(at, at + 1))
    const { user } = process.cpuUsage(start)
    assert.equal(one.elements.length, 1, before)
    // Some 0.1 s; quadratic, it would be a minute.
    assert.ok(user < 4_000_000, `${before}: ${user} µs`)
  }
})

test('a mebibyte in one chunk takes a time that grows with its length only', () => {
  for (const [before, middle, after] of [
    ["<a b='", '&amp;', "'/>"],
    ['<a b="', "&apos;'", '"/>'],
    ['<a>', '&amp;\n', '</a>'],
    ['<a>', ']]<![CDATA[]]]]>', '</a>'],
    ['<a>', "<b c='\t\"'/>\r\n", '</a>'],
    ['<a>', '<b c="d&lt;"></b >', '</a>'],
    ['', "<é d='é'>é</é>", '<a/>'],
  ] as const) {
    const one = new Recorder({ ...wide, stanzaBytes: 2 ** 21 })
    one.push(header)
    const text = before + middle.repeat(2 ** 20 / middle.length) + after
    const start = process.cpuUsage()
    one.push(text)
    const { user } = process.cpuUsage(start)
    assert.equal(one.elements.at(-1)?.name, 'a', middle)
    // Some 0.05 s; quadratic, it would be several.
    assert.ok(user < 1_500_000, `${middle}: ${user} µs`)
  }
})

test('the content of a first-level element is a slice of the input where that is canonical', () => {
  const slice = (inner: string, sliced: boolean, start = '<m>', end = '</m>') => {
    const one = new Recorder()
    one.push(`${header}<z/>${start}${inner}${end}`)
    const element = one.elements[1]!
    assert.equal(element.inner === inner, sliced, inner)
    const again = parse(element.toString())
    assert.deepEqual([again.children, again.attributes], [element.children, element.attributes])
  }
  slice("<b c = 'd' xml:lang='en' >&#101;>\t</b ><x xmlns='n'><y xmlns=''/></x>", true)
  slice("<b\n c='é'/>", true)
  slice('<b></b>', true, "<m to='a' xmlns:p='n' p:q='r'>")
  slice("<b c='d'/>", true, "<m xmlns='n'>")
  slice("<p:b c='d'/>", false, "<m xmlns:p='n'>")
  slice("<b p:c='d'/>", false, "<m xmlns:p='n'>")
  slice("<p:b xmlns:p='n' c='d'/>", false)
  slice("<b c='d' xmlns:p='n'/>", false)
  slice("<b c='d'/><![CDATA[]]>", false)
  slice("<b c='d'/>", false, "<p:m xmlns:p='n'>", '</p:m>')
  slice("<b c='d'/>\r\n", false)
  slice("<b c='d'/>", false, '<m>', '</m >')
  const one = new Recorder()
  one.push(`${header}<m><b c='d'/>`)
  one.push("</m><m></m><m/><m a='b'>")
  assert.equal(one.elements[0]!.inner, '<b c="d"/>')
  assert.deepEqual([one.elements[1]!.inner, one.elements[2]!.inner], ['', ''])
})

test('names and namespaces are the same objects each time', () => {
  const names = new Set<string>()
  for (let i = 0; i < 3000; i++) names.add(parse(`<n${i % 7} xmlns='urn:${i % 5}' a='${i}'/>`).name)
  assert.equal(names.size, 7)
  for (let i = 0; i < 3000; i++) assert.equal(parse(`<some-longer-name-${i} b${i}='c'/>`).name, `some-longer-name-${i}`)
  // Of a long name the key has its end only.
  assert.deepEqual(
    parse("<a x-12345678='1' y-12345678='2' z-12345678='3'/>").attributes.filter((_, i) => i % 2 === 0),
    ['x-12345678', 'y-12345678', 'z-12345678'],
  )
})

test('a document is one element (RFC 7395 §3.3.3)', () => {
  const read = (document: string | Uint8Array) => readDocument(document, wide).toString()
  assert.equal(read(Buffer.from("<a xmlns='n'>é</a>")), '<a xmlns="n">é</a>')
  assert.equal(read("<s:a xmlns:s='n'/>\n"), '<a xmlns="n"/>')
  assert.equal(read("<?xml version='1.0'?>\n<a/>"), '<a/>')
  const condition = (document: string | Uint8Array) => {
    try {
      return read(document)
    } catch (error) {
      return (error as StreamError).condition
    }
  }
  for (const wrong of [
    '<a>',
    '<a/><b/>',
    '<a/>b',
    '<a/></a>',
    '<a/><![CDATA[]]>',
    "<?xml version='1.0'?>",
    '<a/>\ud800',
  ])
    assert.equal(condition(wrong), 'not-well-formed', wrong)
  for (const wrong of ['', ' <a/>', 'a']) assert.equal(condition(wrong), 'bad-format')
  assert.equal(condition('<a/><!-- -->'), 'restricted-xml')
  assert.equal(condition(Buffer.from([0x3c, 0x61, 0x2f, 0x3e, 0xc3])), 'not-well-formed')
  assert.equal(condition('<a>\ud800</a>'), 'not-well-formed')
  assert.throws(() => readDocument('<a>é</a>', { ...wide, stanzaBytes: 8 }), /policy-violation/)
  assert.equal(readDocument('<a>é</a>', { ...wide, stanzaBytes: 9 }).text, 'é')
  assert.equal(readDocument("<a xmlns='jabber:server'/>", wide, 'jabber:server').namespace, 'jabber:client')
  assert.equal(read('<a/>'), '<a/>')
})

test('parse reads what stands in tests and stores', () => {
  assert.deepEqual(parse(" <a b='1'>c<d/></a>\n "), new Element('a', '', ['b', '1'], ['c', new Element('d', '')]))
  assert.throws(() => parse('<a>'), StreamError)
})

test('a tag that goes on in another chunk keeps its own attributes, whatever other streams read meanwhile', () => {
  const mine = "<message to='a' id='1' type='chat'><body xml:lang='de'>x</body></message>"
  const theirs = "<message to='b' id='2' type='headline' from='c' lang='n'/>"
  for (let cut = 1; cut < mine.length; cut++) {
    const one = new Recorder()
    const other = new Recorder()
    for (const { reader } of [one, other]) reader.push(Buffer.from(header))
    one.push(mine.slice(0, cut))
    other.push(theirs.slice(0, cut % theirs.length))
    one.push(mine.slice(cut))
    other.push(theirs.slice(cut % theirs.length))
    const [message, body] = [one.elements[0]!, one.elements[0]!.child('body')!]
    assert.deepEqual(message.attributes, ['to', 'a', 'id', '1', 'type', 'chat'], `cut at ${cut}`)
    assert.deepEqual(body.attributes, ['xml:lang', 'de'], `cut at ${cut}`)
    assert.deepEqual(other.elements[0]!.attributes, [
      'to',
      'b',
      'id',
      '2',
      'type',
      'headline',
      'from',
      'c',
      'lang',
      'n',
    ])
  }
})
