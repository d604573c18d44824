import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { user } from '../bench/peers/peer.ts'
import { freePorts, launch, listening, run, stop, withFolder } from '../bench/peers/process.ts'
import { connectTcp } from '../src/testing/connect.ts'
import type { Player } from '../src/testing/play.ts'
import type { Check } from './report.ts'
import { startServer } from './server.ts'
import { type Answer, acknowledges, broken, type Call, has, readTrace } from './trace.ts'

const calls = 'accept4,write,writev,pwrite64,pwritev,sendmsg,sendto,fdatasync,fsync,sync_file_range'
const tracer = (file: string) => [
  'strace',
  '-f',
  '-yy',
  '-s',
  '70000',
  '-e',
  `trace=${calls}`,
  '-e',
  'signal=none',
  '-o',
  file,
]
const [writer, away, there] = [user('romeo'), user('juliet'), user('benvolio')]
const sm = 'urn:xmpp:sm:3'
const alone = 20
const together = 30

/** What was sent: a text that only its commit has, and what must come behind that. */
interface Sent {
  readonly kept: string
  readonly what: string
  readonly answer: Answer
}

async function answers(player: Player, ids: readonly string[]): Promise<void> {
  const left = new Set(ids)
  while (left.size > 0) {
    const element = await player.receive()
    const type = element.attribute('type')
    if (element.name !== 'iq' || (type !== 'result' && type !== 'error')) continue
    if (type === 'error' && !element.attribute('id')!.startsWith('ping')) throw new Error(`refused: ${element}`)
    left.delete(element.attribute('id')!)
  }
}

/** Roster changes one by one, then many at once, then messages to someone who is away, each with a ping behind it. */
async function load(port: number): Promise<Sent[]> {
  const connect = connectTcp({ host: '127.0.0.1', port, carrier: 'plain' })
  const player = await connect({ jid: `${writer.name}@localhost`, password: writer.password, resource: 'trace' })
  const sent: Sent[] = []
  const set = (number: number) => {
    const id = `set-${number}-`
    sent.push({ kept: `item-${number}-@`, what: `the answer "${id}"`, answer: has(id) })
    const item = `<item jid='item-${number}-@localhost' name='number ${number}'/>`
    player.send(`<iq type='set' id='${id}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`)
    return id
  }
  const say = (number: number) => {
    const id = `ping-${number}-`
    sent.push({ kept: `word-${number}-`, what: `the answer "${id}"`, answer: has(id) })
    const body = `<body>word-${number}-</body>`
    player.send(`<message type='chat' to='${away.name}@localhost'>${body}</message>`)
    player.send(`<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
    return id
  }
  for (let number = 0; number < alone; number++) await answers(player, [set(number)])
  for (let number = 0; number < alone; number++) await answers(player, [say(number)])
  await answers(
    player,
    Array.from({ length: together }, (_, number) => set(alone + number)),
  )
  await answers(
    player,
    Array.from({ length: together }, (_, number) => say(alone + number)),
  )
  await player.disconnect()
  return sent
}

/**
 * Messages between two who are there, one by one and then many at once: the sender counts (XEP-0198), so each has its
 * acknowledgement, and its delivery.
 */
async function chat(port: number): Promise<Sent[]> {
  const connect = connectTcp({ host: '127.0.0.1', port, carrier: 'plain' })
  const login = ({ name, password }: typeof writer) => connect({ jid: `${name}@localhost`, password, resource: 'chat' })
  const [sender, recipient] = await Promise.all([login(writer), login(there)])
  recipient.send('<presence/>')
  while ((await recipient.receive()).name !== 'presence');
  sender.send(`<enable xmlns='${sm}'/>`)
  while (!(await sender.receive()).is('enabled', sm));
  const sent: Sent[] = []
  const say = () => {
    const [number, kept] = [sent.length / 2 + 1, `said-${sent.length / 2 + 1}-`]
    sent.push({ kept, what: `the acknowledgement of message ${number}`, answer: acknowledges(number) })
    sent.push({ kept, what: `the delivery of message ${number}`, answer: has(kept) })
    sender.send(`<message type='chat' to='${there.name}@localhost'><body>${kept}</body></message><r xmlns='${sm}'/>`)
    return kept
  }
  const settled = async (last: string) => {
    while ((await recipient.receive()).child('body')?.text !== last);
    for (let h = 0; h < sent.length / 2; ) {
      const element = await sender.receive()
      if (element.attribute('type') === 'error') throw new Error(`refused: ${element}`)
      if (element.is('a', sm)) h = Number(element.attribute('h'))
    }
  }
  for (let number = 0; number < alone; number++) await settled(say())
  let last = ''
  for (let number = 0; number < together; number++) last = say()
  await settled(last)
  await Promise.all([sender.disconnect(), recipient.disconnect()])
  return sent
}

const loads = async (port: number) => [...(await load(port)), ...(await chat(port))]

/** What is wrong with a trace; the first of it, and how much. */
function judge(
  trace: readonly Call[],
  sent: readonly Sent[],
): { wrong: number; first: string | undefined; syncs: number } {
  const faults = sent
    .map(({ kept, what, answer }) => broken(trace, kept, what, answer))
    .filter(fault => fault !== undefined)
  const syncs = trace.filter(call => call.name === 'fdatasync' || call.name === 'fsync').length
  return { wrong: faults.length, first: faults[0], syncs }
}

/** Traces the server of the command line. */
async function traceProgram(folder: string): Promise<{ trace: Call[]; sent: Sent[] }> {
  const file = join(folder, 'trace')
  const server = await startServer({ folder, plain: true, under: tracer(file) })
  try {
    await server.addUsers([writer, away, there])
    const sent = await loads(server.plain)
    return { sent, trace: readTrace(await settled(file, () => server.stop())) }
  } finally {
    await server.stop()
  }
}

/** Traces the same server with SQLite's `synchronous` as told. */
async function tracePlanted(folder: string, synchronous: 'off' | 'full'): Promise<{ trace: Call[]; sent: Sent[] }> {
  const [file, log, data] = [join(folder, 'trace'), join(folder, 'log'), join(folder, 'data')]
  await mkdir(data)
  const [port] = (await freePorts(1)) as [number]
  const program = [process.execPath, join(import.meta.dirname, 'planted.ts'), data, String(port), synchronous]
  const users = [writer, away, there].map(({ name, password }) => `${name}=${password}`)
  const [command, ...args] = [...tracer(file), ...program, ...users]
  const child = launch(command!, args, { log })
  try {
    await listening(child, port, log)
    const sent = await loads(port)
    return { sent, trace: readTrace(await settled(file, () => stop(child))) }
  } finally {
    await stop(child)
  }
}

/** The trace, once the tracer has written all of it. */
async function settled(file: string, end: () => Promise<void>): Promise<string> {
  await end()
  return readFile(file, 'latin1')
}

export async function traceChecks(check: Check): Promise<void> {
  await run('strace', ['-V']).catch(() => {
    throw new Error('strace is not installed: apt-get install strace')
  })
  const inOrder = ({ trace, sent }: { trace: Call[]; sent: Sent[] }) => {
    const { wrong, first, syncs } = judge(trace, sent)
    if (wrong > 0)
      throw new Error(`${wrong} of ${sent.length} answers, acknowledgements and deliveries came too early: ${first}`)
    return `${sent.length} answers, acknowledgements and deliveries, each behind the sync of its commit; ${syncs} syncs`
  }
  await check('answers come after the sync of their commit', () =>
    withFolder('durability', async folder => inOrder(await traceProgram(folder))),
  )
  await check('the same, without the command line', () =>
    withFolder('durability', async folder => inOrder(await tracePlanted(folder, 'full'))),
  )
  await check('the test fails with synchronous=OFF', () =>
    withFolder('durability', async folder => {
      const { trace, sent } = await tracePlanted(folder, 'off')
      const { wrong, first, syncs } = judge(trace, sent)
      if (wrong < sent.length) throw new Error(`only ${wrong} of ${sent.length} were found wrong, with ${syncs} syncs`)
      return `${wrong} of ${sent.length} found wrong: ${first}`
    }),
  )
}
