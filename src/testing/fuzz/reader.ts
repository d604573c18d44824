import { StreamError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { parse } from '../../wire/reader.ts'
import { type Readings, readings } from '../reading.ts'
import { interrupted } from './interrupted.ts'
import { mutated } from './mutate.ts'
import { Random } from './random.ts'
import { type Reference, reference, restrictions } from './reference.ts'
import { headers } from './seeds.ts'
import { written } from './write.ts'

/** What has been counted over all inputs. */
export interface Figures {
  inputs: number
  /** Well-formed by the reference, and a whole stream. */
  wellFormed: number
  bytes: number
  /** Inputs by what became of them: `closed`, `unfinished`, or the condition of the stream error. */
  readonly outcomes: Record<string, number>
  /** Inputs in which reader and reference differ for a reason of the written list. */
  readonly differences: Record<string, number>
}

export function noFigures(): Figures {
  return { inputs: 0, wellFormed: 0, bytes: 0, outcomes: {}, differences: {} }
}

/** Another namespace of streams' content (XEP-0114). */
const content = 'jabber:component:accept'

const scope = new Map([
  ['', ns.client as string],
  ['stream', ns.streams as string],
])

/** The bytes of one input: examples as they are, written anew, or with something wrong in them. */
export function makeInput(list: readonly string[], random: Random): Buffer {
  let body = ''
  const way = random.below(20)
  for (let count = 1 + random.below(2); count > 0; count--) {
    const seed = random.pick(list)
    body += way < 12 ? rewritten(seed, random) : seed
  }
  const header = random.pick(headers)
  const end = header.startsWith('<s:') ? '</s:stream>' : '</stream:stream>'
  let bytes: Buffer = Buffer.from(header + body + end)
  if (way < 3 || way >= 15) for (let times = 1 + random.below(3); times > 0; times--) bytes = mutated(bytes, random)
  return bytes
}

function rewritten(seed: string, random: Random): string {
  const wrapped = `<w xmlns='jabber:client' xmlns:stream='${ns.streams}' xmlns:db='jabber:server:dialback'>${seed}</w>`
  try {
    return parse(wrapped)
      .children.map(child => (typeof child === 'string' ? ' ' : written(child, scope, random)))
      .join('')
  } catch (error) {
    if (error instanceof StreamError) return seed
    throw error
  }
}

/** Reads one input whole and in pieces, beside the reference. Throws a sentence where they disagree. */
export function check(bytes: Buffer, random: Random, figures: Figures): void {
  const whole = readings([bytes])
  const pieces = readings(random.once(50) ? singles(bytes) : cut(bytes, random), { quick: true })
  const [told, again] = [whole.events.join('\n'), pieces.events.join('\n')]
  if (told !== again) throw new Error(`whole:\n${told}\nin pieces:\n${again}`)
  if (random.once(4)) checkDisturbed(bytes, told, random)
  if (random.once(4)) checkOtherContent(bytes, whole)
  const expected = reference(bytes)
  const difference = compare(bytes, whole, expected)
  if (difference !== undefined) count(figures.differences, difference)
  figures.inputs++
  figures.bytes += bytes.length
  if (expected.outcome === 'closed' && expected.restriction === undefined && expected.allowance === undefined)
    figures.wellFormed++
  count(figures.outcomes, whole.fault?.condition ?? (whole.events.at(-1) === 'closed' ? 'closed' : 'unfinished'))
}

/** Reading is the same, however often it is paused, and whoever else reads meanwhile. */
function checkDisturbed(bytes: Buffer, expected: string, random: Random): void {
  for (const events of interrupted(cut(bytes, random), cut(bytes, random), random)) {
    const told = events.join('\n')
    if (told !== expected) throw new Error(`whole:\n${expected}\ndisturbed:\n${told}`)
  }
}

/** The same stream with its content in another namespace is read the same, and as `jabber:client` (RFC 6120 §4.8.3). */
function checkOtherContent(bytes: Buffer, whole: Readings): void {
  const text = bytes.toString('latin1')
  // Who writes the namespace by references would be left out.
  if (text.includes(content) || /xmlns[^>]*&/.test(text)) return
  const other = readings([Buffer.from(text.replaceAll(ns.client, content), 'latin1')], { content })
  const inside = ({ events }: Readings) => events.filter(event => !event.startsWith('opened')).join('\n')
  const [told, expected] = [inside(other).replaceAll(content, ns.client), inside(whole)]
  if (told !== expected) throw new Error(`whole:\n${expected}\nwith other content:\n${told}`)
}

/** The reason of the list for which they may differ; undefined where they agree. Throws where they may not differ. */
function compare(bytes: Buffer, { events, fault }: Readings, expected: Reference): string | undefined {
  const disagree = (what: string) =>
    new Error(
      `${what}\nreader:\n${events.join('\n')} ${fault?.text ?? ''}\nreference:\n${JSON.stringify(expected, null, 1)}`,
    )
  const elements = events.filter(event => event.startsWith('<'))
  const fewer = Math.min(elements.length, expected.elements.length)
  for (let i = 0; i < fewer; i++) if (elements[i] !== expected.elements[i]) throw disagree(`element ${i} differs`)
  if (expected.message === 'not UTF-8') {
    if (events.at(-1) === 'closed') return 'anything behind the end'
    return fault === undefined ? 'unfinished token' : undefined
  }
  if (expected.outcome === 'unknown') return expected.allowance
  if (elements.length !== expected.elements.length) throw disagree('not as many elements')
  if (expected.restriction !== undefined) {
    if (fault?.condition !== restrictions[expected.restriction]) throw disagree('a restriction is not kept')
    return expected.restriction
  }
  const closed = events.at(-1) === 'closed'
  if (closed !== (expected.outcome === 'closed')) throw disagree('only one accepts it')
  if (expected.outcome !== 'refused' || fault !== undefined) return expected.allowance
  // Names, references and the declaration are looked at when they end, which this one does not.
  if (!/<[^>]*$|&[^;]*$/.test(bytes.toString())) throw disagree('only the reference refuses it')
  return 'unfinished token'
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

function* singles(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const at = Array.from({ length: 1 + random.below(6) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
}

/** Makes and checks the input of this number. What is thrown says how to have it again. */
export function run(list: readonly string[], seed: number, index: number, figures: Figures): void {
  const random = new Random(seed, index)
  const bytes = makeInput(list, random)
  try {
    check(bytes, random, figures)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`seed ${seed}, input ${index}: ${JSON.stringify(bytes.toString('latin1'))}\n${text}`)
  }
}
