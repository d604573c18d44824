import { Element } from './element.ts'
import { StreamError } from './errors.ts'
import type { Limits } from './limits.ts'
import { ns } from './namespaces.ts'
import { Reader, type ReaderHandler } from './reader-stream.ts'

/** For text that we wrote ourselves, or a person did. */
const generous: Limits = { stanzaBytes: 0x4000000, depth: 1000, attributes: 1000, namespaces: 1000 }

/** Keeps the one element, or the fault. */
const kept: ReaderHandler & { one: Element | StreamError | undefined } = {
  one: undefined,
  opened() {},
  element(element) {
    this.one = element
  },
  closed() {},
  failed(error) {
    this.one = error
  },
}

/** Reads all documents, one after the other: a new one for each would take as long as reading a small document. */
let reader: Reader | undefined

/**
 * One element from a document of its own, such as a WebSocket message (RFC 7395 §3.3.3). `content` is the namespace read
 * as `jabber:client`. Throws the `StreamError` that a stream would end with.
 */
export function readDocument(document: Uint8Array | string, limits: Limits, content: string = ns.client): Element {
  const first = typeof document === 'string' ? document.charCodeAt(0) : document[0]
  if (first !== 0x3c) throw new StreamError('bad-format', 'A document begins with <')
  reader ??= new Reader(kept, limits, content, 'document')
  reader.limits = limits
  reader.content = content
  reader.push(document)
  reader.end()
  const one = kept.one
  kept.one = undefined
  if (one instanceof Element) {
    reader.restart()
    return one
  }
  reader = undefined
  throw one
}

/** The element of a piece of XML that is at hand; white space around it is left out. Throws a `StreamError`. */
export function parse(xml: string): Element {
  return readDocument(xml.trim(), generous)
}
