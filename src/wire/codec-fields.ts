import type { Codec } from './codec.ts'
import { Element, type Node } from './element.ts'
import { Malformed } from './errors.ts'
import type { Kind } from './kinds.ts'

/** Where a value sits in an element. `Maybe` says that it may be missing. */
export interface Field<T, Maybe extends boolean = false> {
  readonly maybe: Maybe
  /** Makes the field ready for its place: an element, and the key it has there. */
  bind(key: string, owner: Owner, required: boolean): Part<T>
}

/** A field whose value is one child element, so that `many` can take it. */
export interface Leaf<T> extends Field<T> {
  content(key: string, owner: Owner): Content<T>
}

/** The element that a field is in. */
export interface Owner {
  readonly namespace: string
  readonly name: string
  readonly parts: readonly Part<unknown>[]
}

/** A field in its place. */
export interface Part<T> {
  readonly key: string
  /** Undefined only where it may be missing. */
  read(element: Element): T | undefined
  /** Puts the value in, in the place of the one that is there. */
  put(attributes: string[], children: Node[], value: T | undefined): void
  /** Whether a child element is this field's. */
  owns(child: Element): boolean
}

/** How one child element is read and written. */
interface Content<T> {
  readonly namespace: string
  readonly name: string
  read(element: Element): T
  write(value: T): Element
  update(element: Element, value: T): Element
}

/** Any field, but it may be missing. */
export function maybe<T>(field: Field<T>): Field<T, true> {
  return { maybe: true, bind: (key, owner) => field.bind(key, owner, false) }
}

/** An attribute; its name is the key where none is given. `attr.maybe` may be missing. */
export const attr = Object.assign(attribute, {
  maybe: <T>(kind: Kind<T>, name?: string): Field<T, true> => maybe(attribute(kind, name)),
})

function attribute<T>(kind: Kind<T>, name?: string): Field<T> {
  return {
    maybe: false,
    bind(key, owner, required) {
      const label = name ?? key
      const what = `the attribute "${label}"`
      return {
        key,
        owns: () => false,
        read(element) {
          const text = element.attribute(label)
          if (text !== undefined) return readKind(kind, text, what, owner)
          return required ? lacks(owner, what) : undefined
        },
        put(attributes, _, value) {
          if (value === undefined && required) lacks(owner, what)
          let at = 0
          while (at < attributes.length && attributes[at] !== label) at += 2
          if (value === undefined) attributes.splice(at, 2)
          else if (at < attributes.length) attributes[at + 1] = kind.write(value)
          else attributes.push(label, kind.write(value))
        },
      }
    },
  }
}

/**
 * The text of a child element; its name is the key and its namespace the element's where none is given:
 * `leaf(text)`, `leaf(text, 'first-name')`, `leaf('urn:other', text)`, `leaf('urn:other', text, 'first-name')`.
 */
export function leaf<T>(kind: Kind<T>, name?: string): Leaf<T>
export function leaf<T>(namespace: string, kind: Kind<T>, name?: string): Leaf<T>
export function leaf<T>(first: string | Kind<T>, second?: string | Kind<T>, third?: string): Leaf<T> {
  const [namespace, kind, name] =
    typeof first === 'string' ? [first, second as Kind<T>, third] : [undefined, first, second as string | undefined]
  const content = (key: string, owner: Owner): Content<T> => {
    const is = { namespace: namespace ?? owner.namespace, name: name ?? key }
    return {
      ...is,
      read: element => readKind(kind, element.text, 'the text', is),
      write: value => new Element(is.name, is.namespace, [], texts(kind.write(value))),
      update: (element, value) => element.withChildren(texts(kind.write(value))),
    }
  }
  return { maybe: false, content, bind: (key, owner, required) => single(key, owner, content(key, owner), required) }
}

/** The element's own text; missing is what is empty. */
export function body<T>(kind: Kind<T>): Field<T> {
  return {
    maybe: false,
    bind: (key, owner, required) => ({
      key,
      owns: () => false,
      read(element) {
        const text = element.text
        return text !== '' || required ? readKind(kind, text, 'the text', owner) : undefined
      },
      put(_, children, value) {
        if (value === undefined && required) lacks(owner, 'its text')
        replace(children, child => typeof child === 'string', value === undefined ? [] : texts(kind.write(value)))
      },
    }),
  }
}

/** Whether an empty child element is there; its name is the key and its namespace the element's where none is given. */
export function flag(namespace?: string, name?: string): Field<boolean> {
  return {
    maybe: false,
    bind(key, owner) {
      const is = { namespace: namespace ?? owner.namespace, name: name ?? key }
      const owns = (child: Element) => child.name === is.name && child.namespace === is.namespace
      return {
        key,
        owns,
        read: element => element.child(is.name, is.namespace) !== undefined,
        put(_, children, value) {
          const there = children.find(child => typeof child !== 'string' && owns(child))
          if (!value === !there) return
          replace(children, child => child === there, value ? [new Element(is.name, is.namespace)] : [])
        },
      }
    },
  }
}

/** The first child element of this codec. */
export function one<T>(codec: Codec<T>): Field<T> {
  return { maybe: false, bind: (key, owner, required) => single(key, owner, whole(codec), required) }
}

/** Like the codec, but its update sets all fields: also those that may be missing, and now are. */
function whole<T>(codec: Codec<T>): Content<T> {
  return {
    ...codec,
    update(element, value) {
      const before = tried(() => codec.read(element))
      if (before === undefined) return codec.write(value)
      const gone: Record<string, undefined> = {}
      for (const key in before) gone[key] = undefined
      return codec.update(element, { ...gone, ...value })
    },
  }
}

/** All child elements of this codec, or of this leaf, in their order; none is an empty list. */
export function many<T>(of: Codec<T> | Leaf<T>): Field<readonly T[]> {
  return {
    maybe: false,
    bind: (key, owner) => several(key, 'content' in of ? of.content(key, owner) : whole(of)),
  }
}

/** All child elements that no other field of this codec reads, in their order. */
export function rest(): Field<readonly Element[]> {
  return {
    maybe: false,
    bind(key, owner) {
      const others = (child: Node): child is Element =>
        typeof child !== 'string' && !owner.parts.some(part => part.key !== key && part.owns(child))
      return {
        key,
        owns: () => false,
        read: element => element.children.filter(others),
        put: (_, children, value) => replace(children, others, value ?? []),
      }
    },
  }
}

function single<T>(key: string, owner: Owner, content: Content<T>, required: boolean): Part<T> {
  const { namespace, name } = content
  const what = `the element ${said(content)}`
  const owns = (child: Element) => child.name === name && child.namespace === namespace
  return {
    key,
    owns,
    read(element) {
      const child = element.child(name, namespace)
      if (child) return content.read(child)
      return required ? lacks(owner, what) : undefined
    },
    put(_, children, value) {
      if (value === undefined && required) lacks(owner, what)
      const at = children.findIndex(child => typeof child !== 'string' && owns(child))
      if (at >= 0 && value !== undefined) children[at] = content.update(children[at] as Element, value)
      else if (at >= 0) children.splice(at, 1)
      else if (value !== undefined) children.push(content.write(value))
    },
  }
}

function several<T>(key: string, content: Content<T>): Part<readonly T[]> {
  const { namespace, name } = content
  const owns = (child: Element) => child.name === name && child.namespace === namespace
  return {
    key,
    owns,
    read(element) {
      const values: T[] = []
      for (const child of element.children)
        if (typeof child !== 'string' && owns(child)) values.push(content.read(child))
      return values
    },
    put(_, children, values = []) {
      const written = values.map(value => content.write(value))
      const there = children.filter(child => typeof child !== 'string' && owns(child)) as Element[]
      if (there.length === 0) for (const child of written) children.push(child)
      else replace(children, child => typeof child !== 'string' && owns(child), kept(content, there, written))
    },
  }
}

/** The new elements, but the old one for each that says the same to this codec: it may hold more. */
function kept<T>(content: Content<T>, there: readonly Element[], written: readonly Element[]): Element[] {
  const old = new Map<string, Element[]>()
  for (const element of there) {
    const view = tried(() => content.write(content.read(element)).toString())
    if (view === undefined) continue
    const list = old.get(view)
    if (list) list.push(element)
    else old.set(view, [element])
  }
  return written.map(element => old.get(element.toString())?.shift() ?? element)
}

function tried<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** Puts new nodes in the places of those that are meant: one for one, what is more behind the last, or behind all. */
function replace(children: Node[], meant: (child: Node) => boolean, next: readonly Node[]): void {
  const old = children.splice(0)
  const last = old.findLastIndex(meant)
  let taken = 0
  for (let i = 0; i < old.length; i++) {
    const child = old[i]!
    if (!meant(child)) children.push(child)
    else if (taken < next.length) children.push(next[taken++]!)
    if (i === last) while (taken < next.length) children.push(next[taken++]!)
  }
  while (taken < next.length) children.push(next[taken++]!)
}

function texts(text: string): readonly Node[] {
  return text === '' ? [] : [text]
}

function readKind<T>(kind: Kind<T>, text: string, what: string, owner: { name: string; namespace: string }): T {
  try {
    return kind.read(text)
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`${said(owner)}: ${what} is not ${kind.name}. ${error.message}`)
    throw error
  }
}

function lacks(owner: Owner, what: string): never {
  throw new Malformed(`${said(owner)} lacks ${what}`)
}

/** An element as messages name it. */
export function said(element: { readonly name: string; readonly namespace: string }): string {
  return `<${element.name} xmlns="${element.namespace}"/>`
}
