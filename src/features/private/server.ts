import { setting, size, whole, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import type { Owner } from '../../server/owner.ts'
import { put, remove, table } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { int, text } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'
import { parse } from '../../wire/reader.ts'
import { utf8Length } from '../../wire/utf8.ts'
import { privateQuery } from './wire.ts'

/** What is stored under a namespace and name: a `<query/>` with all elements of that name that came together. */
const stored = table('private', { namespace: text, name: text, xml: text }, ['namespace', 'name'])

/** What there is of that, at hand in memory: the limits are kept without reading it all. */
const sizes = table('private_sizes', { namespace: text, name: text, bytes: int }, ['namespace', 'name'], {
  loaded: true,
})

/** Characters that a name and its namespace may have together: they stay in memory. */
const longestKey = 512

/** A place for whatever clients want to keep for themselves (XEP-0049). */
export default feature({
  name: 'private',
  xeps: [{ number: 49, version: '1.2' }],
  disco: { server: [privateQuery.namespace], account: [privateQuery.namespace] },
  config: {
    maximum: setting(
      within(whole, 1, 10_000, 'from 1 to 10000'),
      100,
      'Elements of different names that one account may store as private XML.',
    ),
    total: setting(
      within(size, 1024, 2 ** 28, 'from 1 KiB to 256 MiB'),
      512 * 1024,
      'Bytes of private XML that one account may store in all.',
    ),
  },
  tables: [stored, sizes],
  start: ({ config }) => [
    // §2.3: whoever asks for another's hears that it is not theirs.
    account.get(privateQuery, ({ elements }, { owner }) => find(owner, elements), { refusal: 'forbidden' }),
    account.set(privateQuery, ({ elements }, { owner }) => store(owner, elements, config)?.then(() => undefined), {
      refusal: 'forbidden',
    }),
  ],
})

/** What is stored under the name of the one element that is asked for; the element itself where nothing is. */
async function find(owner: Owner, elements: readonly Element[]): Promise<Element> {
  const [asked, second] = elements
  // §2.3: no element is a "Bad Format", more than one are a query for more than one thing.
  if (asked === undefined || second !== undefined)
    throw new StanzaError('bad-request', { text: 'Ask for exactly one element.' })
  checkNamespace(asked)
  const { namespace, name } = asked
  const row = (await owner.read(stored, { namespace, name }))[0]
  return row === undefined ? privateQuery.write({ elements: [new Element(name, namespace)] }) : parse(row.xml)
}

/** §2.3: one element or several of one namespace. They take the places of those that had their names. */
function store(owner: Owner, elements: readonly Element[], limits: { maximum: number; total: number }): Receipt {
  const namespace = elements[0]?.namespace
  if (namespace === undefined) throw new StanzaError('not-acceptable', { text: 'There is nothing to store.' })
  if (elements.some(one => one.namespace !== namespace))
    throw new StanzaError('not-acceptable', { text: 'Store elements of one namespace at a time.' })
  checkNamespace(elements[0]!)
  const changes = [...Map.groupBy(elements, one => one.name)].map(([name, same]) => rowOf(namespace, name, same))
  checkLimits(owner, changes, limits)
  return owner.commit(
    ...changes.flatMap(row => {
      const change = row.bytes === 0 ? remove : put
      return [change(stored, row), change(sizes, row)]
    }),
  )
}

/** §2.3: the element has a namespace of its own, so neither that of the query nor the stream's. */
function checkNamespace({ namespace }: Element): void {
  if (namespace === privateQuery.namespace || namespace === ns.client || namespace === '')
    throw new StanzaError('not-acceptable', { text: 'The element needs a namespace of its own.' })
}

interface Stored {
  readonly namespace: string
  readonly name: string
  readonly xml: string
  readonly bytes: number
}

/** A row for elements of one name. One that is empty is what is found where nothing is stored: it takes no room. */
function rowOf(namespace: string, name: string, elements: readonly Element[]): Stored {
  if (namespace.length + name.length > longestKey)
    throw new StanzaError('not-acceptable', { text: 'The name and namespace of the element are too long.' })
  const [first] = elements
  const empty = elements.length === 1 && first!.children.length === 0 && first!.attributes.length === 0
  const xml = privateQuery.write({ elements }).toString()
  return { namespace, name, xml, bytes: empty ? 0 : utf8Length(xml, 0, xml.length) }
}

function checkLimits(owner: Owner, changes: readonly Stored[], { maximum, total }: { maximum: number; total: number }) {
  const bytes = new Map([...owner.rows(sizes)].map(([key, row]) => [key, row.bytes]))
  for (const row of changes) {
    if (row.bytes === 0) bytes.delete(sizes.keyOf(row))
    else bytes.set(sizes.keyOf(row), row.bytes)
  }
  // What makes it less is always let through: a limit may have become smaller.
  if (changes.every(row => row.bytes === 0)) return
  if (bytes.size > maximum)
    throw new StanzaError('policy-violation', {
      text: `Private XML has at most ${maximum} elements of different names.`,
    })
  let sum = 0
  for (const one of bytes.values()) sum += one
  if (sum > total)
    throw new StanzaError('policy-violation', {
      text: `Private XML has at most ${total} bytes, and this made it ${sum}.`,
    })
}
