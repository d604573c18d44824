import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Codec } from '../wire/codec.ts'
import { Element, type Node } from '../wire/element.ts'
import { parse } from '../wire/reader.ts'

/** An example and what it says. `read` marks one that holds more than the codec knows, so that it is not written again. */
export type Case<T> = readonly [xml: string, value: T] | readonly [xml: string, value: T, only: 'read']

/**
 * A test for each example, both ways: reading it gives the value, writing the value gives the example, and an update with
 * what was read changes nothing. The codec's element is the example itself or somewhere inside. White space between
 * elements, and the order of attributes and of children of different names, do not matter.
 */
export function cases<T>(codec: Codec<T>, examples: readonly Case<T>[]): void {
  examples.forEach(([xml, value, only], index) => {
    test(`<${codec.name} xmlns="${codec.namespace}"/>, example ${index + 1}: ${firstLine(xml)}`, () => {
      const element = find(codec, parse(xml.trim()))
      assert.ok(element, 'the example does not hold the element')
      assert.deepEqual(codec.read(element), value)
      assert.equal(anew(codec.update(element, codec.read(element))).toString(), anew(element).toString())
      const written = codec.write(value)
      assert.deepEqual(codec.read(parse(written.toString())), value)
      if (only !== 'read') assert.equal(comparable(written), comparable(element))
    })
  })
}

/** XML as text in which what does not matter is always the same: to compare what was written with an example. */
export function comparable(element: Element): string {
  return ordered(element).toString()
}

/** The same element without the XML that a reader found and kept as it was. */
function anew(element: Element): Element {
  return element.withChildren(element.children.map(child => (typeof child === 'string' ? child : anew(child))))
}

function ordered(element: Element): Element {
  const pairs: string[][] = []
  for (let i = 0; i < element.attributes.length; i += 2) pairs.push(element.attributes.slice(i, i + 2))
  pairs.sort(([a], [b]) => (a! < b! ? -1 : 1))
  return new Element(element.name, element.namespace, pairs.flat(), orderedChildren(element))
}

function orderedChildren(element: Element): Node[] {
  if (element.elements.length === 0) return element.text === '' ? [] : [element.text]
  // The sort is stable: elements of one name keep their order.
  const elements = [...element.elements].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)).map(ordered)
  const text = element.text.trim()
  return text === '' ? elements : [text, ...elements]
}

function key(element: Element): string {
  return `${element.namespace} ${element.name}`
}

function find<T>(codec: Codec<T>, element: Element): Element | undefined {
  if (codec.is(element)) return element
  for (const child of element.elements) {
    const found = find(codec, child)
    if (found) return found
  }
  return undefined
}

function firstLine(xml: string): string {
  const line = xml.trim().split('\n', 1)[0]!
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}
