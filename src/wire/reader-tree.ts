import { Element, type Node } from './element.ts'
import { StreamError } from './errors.ts'
import type { Limits } from './limits.ts'
import { ns } from './namespaces.ts'
import { exceeded, malformed } from './reader-faults.ts'
import type { Input } from './reader-input.ts'
import { nameKind, sharedNamespace } from './reader-names.ts'
import { Scope } from './reader-scope.ts'
import type { TagScanner } from './reader-tag.ts'

/**
 * Where we are: before the root, between a stream's first-level elements, inside a first-level element, after a
 * document's root, or at the end of a stream, behind which nothing is read.
 */
export const places = { before: 0, between: 1, inside: 2, after: 3, closed: 4 } as const
export type Place = (typeof places)[keyof typeof places]

/** Whoever gets what the tree makes. */
export interface Receiver {
  opened(root: Element, declarations: readonly string[]): void
  element(element: Element): void
  closed(): void
}

/** An element whose end has not come. */
interface Open {
  readonly raw: string
  readonly name: string
  readonly namespace: string
  readonly attributes: readonly string[]
  /** Default namespace of its content. */
  readonly inherited: string
  children: Node[] | undefined
  /** Declarations in scope around it. */
  readonly outside: number
  readonly parent: Open | undefined
}

const none: readonly never[] = []

/** Makes elements of tags and text: namespaces resolved, attributes checked, each finished first-level element handed over. */
export class Tree {
  limits: Limits
  place: Place = places.before
  /** The namespace of the content; in the elements it is `jabber:client`. */
  content: string
  /** Whether the root is an element like others, delivered when it is complete (RFC 7395 §3.3.3). */
  readonly framed: boolean
  readonly #input: Input
  readonly #receiver: Receiver
  readonly #scope = new Scope()
  #top: Open | undefined
  #depth = 0
  /** Where the content of the first-level element begins in the input, while a slice of it would be canonical; else -1. */
  #slice = -1
  /** The default namespace that the present tag declares. */
  #default: string | undefined

  constructor(input: Input, receiver: Receiver, limits: Limits, content: string, framed: boolean) {
    this.#input = input
    this.#receiver = receiver
    this.limits = limits
    this.content = content
    this.framed = framed
  }

  /** Forgets everything: a new stream begins. */
  reset(): void {
    this.place = places.before
    this.#top = undefined
    this.#depth = 0
    this.#slice = -1
    this.#scope.size = 0
  }

  /** The content of the element that is being read is not one canonical slice of the input. */
  uncanonical(): void {
    this.#slice = -1
  }

  /** The name that the next end tag must have. */
  get openName(): string {
    return this.#top === undefined ? '' : this.#top.raw
  }

  /** Text or an element inside an element. */
  append(node: Node): void {
    const top = this.#top!
    const { children } = top
    if (children === undefined) top.children = [node]
    // Most have two at most, and what `push` makes has room for 17.
    else if (children.length === 1) top.children = [children[0]!, node]
    else children.push(node)
  }

  /** A start tag, or an empty element's. */
  open(tag: TagScanner): void {
    const parent = this.#top
    const outside = this.#scope.size
    const name = tag.name
    let inherited = parent === undefined ? '' : parent.inherited
    let attributes: readonly string[] = none
    if (tag.count > 0) {
      attributes = this.#attributes(tag, outside)
      if (this.#default !== undefined) inherited = this.#default
    }
    const namespace = name.prefix === '' ? inherited : this.#prefixed(name.prefix)
    const isRoot = this.place === places.before && !this.framed
    if (!isRoot && this.#depth >= this.limits.depth)
      throw exceeded(`More than ${this.limits.depth} elements inside each other`)
    if (tag.empty && !isRoot) {
      this.#scope.size = outside
      this.#finished(new Element(name.local, namespace, attributes, none, ''))
      return
    }
    const element = {
      raw: name.raw,
      name: name.local,
      namespace,
      attributes,
      inherited,
      children: undefined,
      outside,
      parent,
    }
    if (isRoot) {
      this.#openRoot(element, tag.empty)
      return
    }
    this.#depth++
    this.#top = element
    if (this.#depth === 1) {
      this.place = places.inside
      this.#slice = name.prefix === '' ? this.#input.at : -1
    }
  }

  /** The end tag of what is open; `from` is where it begins in the input, or -1 where nobody knows any more. */
  close(from: number): void {
    const top = this.#top!
    this.#top = top.parent
    this.#scope.size = top.outside
    if (this.#depth === 0) {
      this.#closeRoot()
      return
    }
    let inner: string | undefined
    if (top.children === undefined) inner = ''
    else if (this.#depth === 1 && this.#slice !== -1 && from !== -1) inner = this.#input.text.slice(this.#slice, from)
    this.#depth--
    this.#finished(new Element(top.name, top.namespace, top.attributes, top.children ?? none, inner))
  }

  #finished(element: Element): void {
    if (this.#depth > 0) {
      this.append(element)
      return
    }
    this.#input.complete(this.limits.stanzaBytes)
    this.place = this.framed ? places.after : places.between
    this.#slice = -1
    this.#receiver.element(element)
  }

  #openRoot(root: Open, empty: boolean): void {
    // RFC 6120 §4.8.1
    if (root.namespace !== ns.streams)
      throw new StreamError('invalid-namespace', `A stream is in the namespace ${ns.streams}`)
    if (root.name !== 'stream') throw new StreamError('bad-format', 'A stream begins with <stream>')
    this.#input.complete(this.limits.stanzaBytes)
    this.place = places.between
    this.#top = root
    this.#receiver.opened(new Element(root.name, root.namespace, root.attributes, none, ''), this.#scope.pairs())
    if (empty && this.#top === root) this.#closeRoot()
  }

  #closeRoot(): void {
    this.place = places.closed
    this.#receiver.closed()
  }

  /** The attributes without the declarations, which are made. */
  #attributes(tag: TagScanner, outside: number): readonly string[] {
    const { names, values, count } = tag
    let prefixed = false
    let length = 0
    this.#default = undefined
    for (let i = 0; i < count; i++) {
      const name = names[i]!
      switch (name.kind) {
        case nameKind.defaultDeclaration:
          this.#default = this.#declare('', values[i]!, outside)
          break
        case nameKind.prefixDeclaration:
          this.#slice = -1
          this.#declare(name.local, values[i]!, outside)
          break
        case nameKind.prefixed:
          prefixed = true
          length += 2
          break
        default:
          length += 2
      }
    }
    if (length === 0) return none
    // As long as it is: what grows keeps room for as much again.
    const attributes = new Array<string>(length)
    for (let i = 0, at = 0; i < count; i++) {
      const { kind, raw } = names[i]!
      if (kind === nameKind.defaultDeclaration || kind === nameKind.prefixDeclaration) continue
      attributes[at++] = raw
      attributes[at++] = values[i]!
    }
    if (prefixed) this.#resolve(attributes)
    if (repeated(attributes)) throw malformed('The same attribute twice')
    return attributes
  }

  /** Makes a declaration; the namespace as elements will have it. */
  #declare(prefix: string, value: string, outside: number): string {
    const namespace = sharedNamespace(value)
    this.#scope.declare(prefix, namespace, outside, this.limits.namespaces)
    if (namespace !== this.content || namespace === ns.client) return namespace
    this.#slice = -1
    return ns.client
  }

  /** The namespace of an element that has a prefix. */
  #prefixed(prefix: string): string {
    this.#slice = -1
    if (prefix === 'xmlns') throw malformed('An element cannot have the prefix xmlns')
    const namespace = this.#scope.find(prefix)
    // `xml` can be no default namespace, so such an element has no canonical form; nobody defines one.
    if (prefix === 'xml') throw new StreamError('bad-namespace-prefix', 'An element cannot have the prefix xml')
    // RFC 6120 §4.8.5
    if (namespace === this.content)
      throw new StreamError('bad-namespace-prefix', `An element of ${namespace} cannot have a prefix`)
    return namespace
  }

  /** Puts the namespace in the place of each prefix. */
  #resolve(attributes: string[]): void {
    this.#slice = -1
    for (let i = 0; i < attributes.length; i += 2) {
      const name = attributes[i]!
      const colon = name.indexOf(':')
      if (colon <= 0) continue
      const prefix = name.slice(0, colon)
      if (prefix !== 'xml') attributes[i] = sharedNamespace(`{${this.#scope.find(prefix)}}${name.slice(colon + 1)}`)
    }
  }
}

/** Whether a name is there twice (XML 1.0 §3.1; Namespaces in XML §6.3). */
function repeated(attributes: readonly string[]): boolean {
  const length = attributes.length
  // Up to here comparing each with each is quicker than a set.
  if (length > 40) return new Set(attributes.filter((_, index) => index % 2 === 0)).size < length / 2
  for (let i = 2; i < length; i += 2) for (let k = 0; k < i; k += 2) if (attributes[i] === attributes[k]) return true
  return false
}
