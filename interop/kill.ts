import type { Jackdaw } from '../bench/peers/jackdaw.ts'
import { user } from '../bench/peers/peer.ts'
import { withFolder } from '../bench/peers/process.ts'
import { connectTcp } from '../src/testing/connect.ts'
import type { Connect, Player } from '../src/testing/play.ts'
import type { Element } from '../src/wire/element.ts'
import type { Check } from './report.ts'
import { startServer } from './server.ts'

const writers = ['romeo', 'mercutio', 'benvolio'].map(user)
const away = user('juliet')
/** Pairs of change and IQ that each writer has in flight. */
const inFlight = 8

/** No limit but the disk's: a refusal would end the load. */
const roomy = ['[offline]', 'maximum = 1000000', '[roster]', 'maximum = 1000000']

/** What one round's load was told is done. */
interface Answered {
  /** JIDs of roster items, by writer. */
  readonly items: Map<string, Set<string>>
  readonly words: Set<string>
}

/** Writes until the server is gone; each change has its own number, `round` makes it unique. */
async function load(
  connect: Connect,
  name: string,
  round: number,
  answered: Answered,
  password: string,
): Promise<void> {
  const player = await connect({ jid: `${name}@localhost`, password, resource: 'load' })
  let number = 0
  const waiting = new Map<string, () => void>()
  const next = () => {
    const key = `${name}-${round}-${++number}`
    if (number % 2) {
      const item = `<item jid='${key}@localhost' name='${key}'/>`
      player.send(`<iq type='set' id='${key}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`)
      waiting.set(key, () => answered.items.get(name)!.add(`${key}@localhost`))
    } else {
      player.send(`<message type='chat' to='${away.name}@localhost'><body>${key}</body></message>`)
      player.send(`<iq type='get' id='${key}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
      waiting.set(key, () => answered.words.add(key))
    }
  }
  for (let count = 0; count < inFlight; count++) next()
  for (;;) {
    let element: Element
    try {
      element = await player.receive()
    } catch {
      return // the server was killed
    }
    if (element.attribute('type') === 'error') throw new Error(`${name} was refused: ${element}`)
    const id = element.attribute('id') ?? ''
    const done = element.name === 'iq' && element.attribute('type') !== 'set' ? waiting.get(id) : undefined
    if (!done) continue
    done()
    waiting.delete(id)
    next()
  }
}

async function rosterOf(connect: Connect, name: string, password: string): Promise<Set<string>> {
  const player = await connect({ jid: `${name}@localhost`, password, resource: 'look' })
  player.send(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`)
  let element = await player.receive()
  while (element.attribute('id') !== 'roster') element = await player.receive()
  await player.disconnect()
  return new Set(element.child('query', 'jabber:iq:roster')?.elements.map(item => item.attribute('jid')!))
}

/**
 * Takes what waits for the one who is away, until all of `expected` has come or nothing has for five seconds; answers
 * the server's pings, so that it knows what was taken.
 */
async function takeOffline(connect: Connect, expected: ReadonlySet<string>): Promise<string[]> {
  const player = await connect({ jid: `${away.name}@localhost`, password: away.password, resource: 'look' })
  player.send('<presence/>')
  const words: string[] = []
  const left = new Set(expected)
  let asked = false
  for (;;) {
    const element = await soon(player.receive())
    if (element === undefined) break
    const body = element.name === 'message' ? element.child('body')?.text : undefined
    if (body !== undefined) {
      words.push(body)
      left.delete(body)
    } else if (element.name === 'iq' && element.attribute('type') === 'get') answer(player, element)
    else if (element.attribute('id') === 'end') break
    if (left.size > 0 || asked) continue
    // What is behind the last one that we know of comes before this is answered.
    asked = true
    player.send(`<iq type='get' id='end' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  }
  await player.disconnect()
  return words
}

/** What a promise resolves with, or undefined after five seconds. */
function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>(resolve => setTimeout(resolve, 5000, undefined).unref())])
}

function answer(player: Player, request: Element): void {
  const to = request.attribute('from')
  player.send(`<iq type='result' id='${request.attribute('id')}'${to ? ` to='${to}'` : ''}/>`)
}

export async function killRounds(check: Check, rounds: number): Promise<void> {
  await withFolder('kill', async folder => {
    let server: Jackdaw = await startServer({ folder, plain: true, settings: roomy })
    try {
      await server.addUsers([...writers, away])
      const connect = connectTcp({ host: '127.0.0.1', port: server.plain, carrier: 'plain' })
      const items = new Map(writers.map(({ name }) => [name, new Set<string>()]))
      for (let round = 1; round <= rounds; round++) {
        await check(`round ${round}: all that was answered is there`, async () => {
          const answered: Answered = { items, words: new Set() }
          const loads = Promise.all(writers.map(({ name, password }) => load(connect, name, round, answered, password)))
          // Looked at below; until then a failure must not end the process.
          loads.catch(() => {})
          // The moment differs from round to round, so that it meets different parts of a commit.
          await new Promise(resolve => setTimeout(resolve, 350 + ((round * 137) % 400)))
          await server.kill()
          await loads
          server = await server.again()
          return judge(connect, answered)
        })
      }
    } finally {
      await server.stop()
    }
  })
}

async function judge(connect: Connect, { items, words }: Answered): Promise<string> {
  let sets = 0
  for (const { name, password } of writers) {
    const there = await rosterOf(connect, name, password)
    const lost = [...items.get(name)!].filter(jid => !there.has(jid))
    if (lost.length > 0) throw new Error(`${lost.length} roster changes of ${name} are lost, ${lost[0]} among them`)
    sets += items.get(name)!.size
  }
  const came = await takeOffline(connect, words)
  const lost = [...words].filter(word => !came.includes(word))
  if (lost.length > 0) throw new Error(`${lost.length} of ${words.size} messages are lost, ${lost[0]} among them`)
  const twice = came.length - new Set(came).size
  if (words.size < 10 || sets < 10) throw new Error(`too little was answered: ${sets} changes, ${words.size} messages`)
  return `${sets} roster changes so far, ${words.size} messages (${came.length - words.size} more were not answered, ${twice} twice)`
}
