import { type Field, type Owner, type Part, said } from './codec-fields.ts'
import { Element, type Node } from './element.ts'
import { Malformed } from './errors.ts'

export { attr, body, type Field, flag, leaf, many, maybe, one, rest } from './codec-fields.ts'

/**
 * Reads an element as a value and writes one: a view. What it does not know stays in the element, and `update` leaves it
 * in its place.
 */
export interface Codec<T> {
  readonly namespace: string
  readonly name: string
  /** Throws `Malformed`, naming the element and the field. */
  read(element: Element): T
  write(value: T): Element
  /** Reads the first child of this name and namespace; undefined where there is none. Throws as `read` does. */
  of(parent: Element): T | undefined
  is(element: Element): boolean
  /** The element with these fields changed; `undefined` takes away what may be missing. The rest stays in place. */
  update(element: Element, change: Partial<T>): Element
}

/** The type of the values of a codec. */
export type Infer<C> = C extends Codec<infer T> ? T : never

type Fields = Readonly<Record<string, Field<unknown, boolean>>>
type Simple<T> = { [K in keyof T]: T[K] }
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never

/** The value that fields make together. */
export type Value<F extends Fields> = Simple<
  { readonly [K in keyof F as F[K]['maybe'] extends true ? never : K]: ValueOf<F[K]> } & {
    readonly [K in keyof F as F[K]['maybe'] extends true ? K : never]?: ValueOf<F[K]>
  }
>

/** A codec for an element of this name and namespace. Fields are written in the order given here. */
export function element<const F extends Fields>(namespace: string, name: string, fields: F): Codec<Value<F>> {
  const parts: Part<unknown>[] = []
  const owner: Owner = { namespace, name, parts }
  for (const [key, field] of Object.entries(fields)) parts.push(field.bind(key, owner, !field.maybe))

  const is = (element: Element) => element.name === name && element.namespace === namespace
  const read = (element: Element): Value<F> => {
    if (!is(element)) throw new Malformed(`${said(owner)} was expected, not ${said(element)}`)
    const value: Record<string, unknown> = {}
    for (const part of parts) {
      const found = part.read(element)
      if (found !== undefined) value[part.key] = found
    }
    return value as Value<F>
  }
  return {
    namespace,
    name,
    is,
    read,
    write(value) {
      const attributes: string[] = []
      const children: Node[] = []
      const values = value as Record<string, unknown>
      for (const part of parts) part.put(attributes, children, values[part.key])
      return new Element(name, namespace, attributes, children)
    },
    of(parent) {
      const child = parent.child(name, namespace)
      return child && read(child)
    },
    update(element, change) {
      const attributes = [...element.attributes]
      const children = [...element.children]
      const values = change as Record<string, unknown>
      for (const part of parts) if (part.key in values) part.put(attributes, children, values[part.key])
      return new Element(name, namespace, attributes, children)
    },
  }
}

/** A codec that also asks whether the fields go together: `check` throws `Malformed` where they do not. */
export function checked<T>(codec: Codec<T>, check: (value: T) => void): Codec<T> {
  const read = (element: Element): T => {
    const value = codec.read(element)
    check(value)
    return value
  }
  const of = (parent: Element) => {
    const child = parent.child(codec.name, codec.namespace)
    return child && read(child)
  }
  return { ...codec, read, of }
}
