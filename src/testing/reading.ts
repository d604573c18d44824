import { Element } from '../wire/element.ts'
import type { StreamError } from '../wire/errors.ts'
import { type Framing, type Limits, parse, Reader, type ReaderHandler } from '../wire/reader.ts'

/** Limits that no ordinary test meets. */
export const wide: Limits = { stanzaBytes: 1_000_000, depth: 200, attributes: 200, namespaces: 200 }

/** What a reader told, in order: elements as canonical XML that was made anew, the rest as words. */
export interface Readings {
  readonly events: string[]
  fault: StreamError | undefined
}

export interface ReadingOptions {
  limits?: Limits
  content?: string
  framing?: Framing
  /** Leaves out the look at cached XML. */
  quick?: boolean
}

/** A handler that writes down what it is told, and then does something else. */
export function tellingInto(events: string[], then: () => void = () => {}): ReaderHandler {
  const tell = (event: string) => {
    events.push(event)
    then()
  }
  return {
    opened: (root, declarations) => tell(`opened ${root} ${declarations.join(' ')}`),
    element: element => tell(canonical(element)),
    closed: () => tell('closed'),
    failed: error => tell(`failed ${error.condition}`),
  }
}

/** Gives the chunks to a new reader. An element whose cached XML does not say the same as itself is told as such. */
export function readings(chunks: Iterable<Uint8Array>, options: ReadingOptions = {}): Readings {
  const told: Readings = { events: [], fault: undefined }
  const { events } = told
  const plain = tellingInto(events)
  const handler: ReaderHandler = {
    ...plain,
    element(element) {
      if (options.quick) {
        plain.element(element)
        return
      }
      const made = canonical(element)
      const cached = canonical(parse(element.toString()))
      events.push(made === cached ? made : `${made} but its XML is ${element}`)
    },
    failed(error) {
      told.fault = error
      plain.failed(error)
    },
  }
  const reader = new Reader(handler, options.limits ?? wide, options.content, options.framing)
  for (const chunk of chunks) reader.push(chunk)
  if (options.framing === 'document') reader.end()
  return told
}

/** Canonical XML made from names, attributes and children alone. */
export function canonical(element: Element): string {
  return copy(element).toString()
}

function copy(element: Element): Element {
  const children = element.children.map(child => (typeof child === 'string' ? child : copy(child)))
  return new Element(element.name, element.namespace, element.attributes, children)
}

/** Every way to cut bytes in two, and into single bytes. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield Array.from(bytes, byte => Uint8Array.of(byte))
}
