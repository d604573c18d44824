/**
 * Scripts in scansion's language: a play of clients, so that the same scene is played against any server.
 *
 *     # Two lines of title or comment; a `#` begins one only at the start of a line
 *     [Client] Romeo
 *         jid: romeo@localhost
 *         password: wherefore
 *
 *     [Client] Juliet's phone
 *         jid: juliet@localhost
 *         password: balcony
 *         resource: phone
 *
 *     -----
 *
 *     Romeo connects
 *     Romeo sends:
 *         <presence/>
 *     Romeo receives:
 *         <presence from="${Romeo's full JID}"/>
 *     Romeo disconnects
 *
 * `connects` logs in and binds a resource; presence is the script's own business. `receives:` is about the next
 * stanza that comes: `match.ts` tells the rules. A line that ends in a colon is followed by indented XML.
 * `${NAME's full JID}` and `${NAME's JID}` (bare) stand for what the server bound; `[Client]` names have no colon.
 *
 * Ours, beyond scansion:
 *
 * - `Romeo receives:` with several elements: they come one after another, in any order. One that says
 *   `scansion:optional="true"` may come among them.
 * - `Romeo opens a stream`: for scripts about what `connects` does. The first time Romeo gets a connection on which nothing
 *   was said, and each time a stream header is sent; what the server answers is then received, features included.
 *   `Romeo starts TLS` follows a `<proceed/>`. `carrier: starttls` or `carrier: tls` below `[Client]` says what that needs,
 *   whatever other scripts are played over, and `${NAME's PLAIN}` is the message of that mechanism, in base64.
 * - `Romeo receives nothing`: what everybody sent so far has been worked off (each does a ping round trip), and
 *   nothing has come for Romeo.
 */

/** Something wrong with a script or with how it went, and where: lines are counted from 1. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.line = line
  }
}

/** One `[Client]` with the address and password that it logs in with. */
export interface Actor {
  readonly name: string
  readonly line: number
  /** Bare JID. */
  readonly jid: string
  readonly password: string
  /** The resource it asks for; the server chooses where it is missing. */
  readonly resource: string | undefined
  /** What its connection has to be, where that matters. */
  readonly carrier: 'starttls' | 'tls' | undefined
}

const actions = ['connects', 'opens a stream', 'starts TLS', 'disconnects', 'receives nothing'] as const

export type Step =
  | { readonly line: number; readonly actor: Actor; readonly action: (typeof actions)[number] }
  | { readonly line: number; readonly actor: Actor; readonly action: 'sends' | 'receives'; readonly xml: string }

export interface Script {
  /** The first comment line, or empty. */
  readonly title: string
  readonly cast: readonly Actor[]
  readonly steps: readonly Step[]
}

interface Line {
  readonly number: number
  readonly text: string
  readonly indented: boolean
}

/** Reads a script; throws `ScriptError` where it is none. XML is only cut out: it is read when its turn comes. */
export function parseScript(text: string): Script {
  const all = text.split(/\r?\n/)
  const lines = all
    .map((line, index): Line => ({ number: index + 1, text: line.trim(), indented: /^[ \t]/.test(line) }))
    .filter(line => line.text !== '' && (line.indented || !line.text.startsWith('#')))
  const curtain = lines.findIndex(line => !line.indented && /^-{3,}$/.test(line.text))
  if (curtain < 0) throw new ScriptError(all.length, 'no line of dashes stands between the clients and what they do')
  const cast = readCast(lines.slice(0, curtain))
  const title = all.find(line => line.startsWith('#'))?.replace(/^#+\s*/, '') ?? ''
  return { title, cast, steps: readSteps(lines.slice(curtain + 1), cast) }
}

function readCast(lines: readonly Line[]): Actor[] {
  const cast: Actor[] = []
  for (const [head, body] of blocks(lines)) {
    const name = /^\[Client\]\s+([^:\s][^:]*)$/.exec(head.text)?.[1]
    if (name === undefined) throw new ScriptError(head.number, `expected "[Client] Name", not "${head.text}"`)
    if (cast.some(actor => actor.name === name)) throw new ScriptError(head.number, `there are two of "${name}"`)
    cast.push(readActor(name, head.number, body))
  }
  if (cast.length === 0) throw new ScriptError(1, 'there is no [Client]')
  return cast
}

function readActor(name: string, line: number, body: readonly Line[]): Actor {
  const options = new Map<string, string>()
  for (const { number, text } of body) {
    const [, key, value] = /^(\w+)\s*:\s*(.+)$/.exec(text) ?? []
    if (key === undefined || !['jid', 'password', 'resource', 'carrier'].includes(key) || options.has(key)) {
      throw new ScriptError(
        number,
        `expected jid, password, resource or carrier with a value, once each, not "${text}"`,
      )
    }
    options.set(key, value!)
  }
  const [jid, password] = [options.get('jid'), options.get('password')]
  if (jid === undefined || password === undefined) throw new ScriptError(line, `"${name}" needs jid and password`)
  const carrier = options.get('carrier')
  if (carrier !== undefined && carrier !== 'starttls' && carrier !== 'tls')
    throw new ScriptError(line, `the carrier of "${name}" is starttls or tls, not "${carrier}"`)
  const slash = jid.indexOf('/')
  const bare = slash < 0 ? jid : jid.slice(0, slash)
  const resource = options.get('resource') ?? (slash < 0 ? undefined : jid.slice(slash + 1))
  return { name, line, jid: bare, password, resource, carrier }
}

/** Each line at the margin with the indented ones below it. */
function blocks(lines: readonly Line[]): [Line, Line[]][] {
  const all: [Line, Line[]][] = []
  for (const line of lines) {
    if (!line.indented) all.push([line, []])
    else if (all.length > 0) all.at(-1)![1].push(line)
    else throw new ScriptError(line.number, 'nothing stands above this indented line')
  }
  return all
}

function readSteps(lines: readonly Line[], cast: readonly Actor[]): Step[] {
  return blocks(lines).map(([head, body]): Step => {
    const actor = cast
      .filter(one => head.text.startsWith(`${one.name} `))
      .reduce<Actor | undefined>((best, one) => (best && best.name.length > one.name.length ? best : one), undefined)
    if (!actor) throw new ScriptError(head.number, `nobody of the cast begins "${head.text}"`)
    const line = head.number
    const action = head.text.slice(actor.name.length).trim()
    switch (action) {
      case 'sends:':
      case 'receives:':
        if (body.length === 0) throw new ScriptError(line, `the indented XML below "${action}" is missing`)
        return {
          line,
          actor,
          action: action === 'sends:' ? 'sends' : 'receives',
          xml: body.map(one => one.text).join('\n'),
        }
      default: {
        const known = actions.find(one => one === action)
        if (known === undefined)
          throw new ScriptError(line, `"${action}" is not ${actions.join(', ')}, sends: or receives:`)
        if (body.length > 0) throw new ScriptError(body[0]!.number, `"${action}" takes no XML`)
        return { line, actor, action: known }
      }
    }
  })
}
