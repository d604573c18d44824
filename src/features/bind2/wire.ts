import { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'

/** The namespace of XEP-0386. */
export const bind2 = 'urn:xmpp:bind:0'

/** What a server offers (§3.1): the names of what can be asked for with the binding. */
export function bindFeature(features: readonly string[]): Element {
  const inline = features.map(name => new Element('feature', bind2, ['var', name]))
  return new Element('bind', bind2, [], [new Element('inline', bind2, [], inline)])
}

/** The names in the feature, in its order. */
export function readBindFeature(feature: Element): string[] {
  const inline = feature.child('inline', bind2)?.elements ?? []
  return inline.map(one => one.attribute('var')).filter(name => name !== undefined)
}

/** The request (§3.2); `wanted` are the features that the session begins with. */
export function bind(tag: string | undefined, wanted: readonly Element[] = []): Element {
  const tags = tag === undefined ? [] : [new Element('tag', bind2, [], [tag])]
  return new Element('bind', bind2, [], [...tags, ...wanted])
}

/** The `<bind/>` in a login's request, or undefined. Throws `Malformed` where there are two. */
export function bindOf(request: Element): Element | undefined {
  const found = request.elements.filter(child => child.is('bind', bind2))
  if (found.length > 1) throw new Malformed('There is more than one <bind/>.')
  return found[0]
}

/** The tag of a request, or undefined without one. Throws `Malformed` where it is no text or there are two. */
export function tagOf(request: Element): string | undefined {
  const tags = request.elements.filter(child => child.is('tag', bind2))
  if (tags.length > 1) throw new Malformed('There is more than one <tag/>.')
  if (tags[0] !== undefined && tags[0].elements.length > 0) throw new Malformed('<tag/> is a text.')
  return tags[0]?.text || undefined
}

/** The answer (§3.2), with what became of the features that were asked for. */
export function bound(children: readonly Element[]): Element {
  return new Element('bound', bind2, [], [...children])
}
