import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import type { Socket, SocketReader } from '../runtime/runtime.ts'
import { simulatedRuntime } from '../runtime/simulated.ts'
import { SeededRandom } from '../runtime/simulated-random.ts'
import { MemoryNodes } from '../testing/memory-nodes.ts'

const seeds = 100
const steps = 80
const connections = 4
const address = { host: '127.0.0.1', port: 5222 }

/** One end of a connection: what it was told, and whether it was told in order. */
class End implements SocketReader {
  readonly socket: Socket
  readonly wrong: string[] = []
  heard = ''
  ends: (string | undefined)[] = []
  sent = ''
  started = false
  paused = false
  closed = false
  destroyed = false

  constructor(socket: Socket) {
    this.socket = socket
  }

  read(chunk: Uint8Array): void {
    if (this.paused) this.wrong.push('read while it has stopped reading')
    if (this.ends.length > 0) this.wrong.push('read behind the end')
    this.heard += new TextDecoder().decode(chunk)
  }

  ended(error?: Error): void {
    this.ends.push(error?.message)
  }

  drained(): void {
    if (this.socket.pending > 0) this.wrong.push('told that nothing waits while something does')
  }

  start(): void {
    if (this.started || this.closed) return
    this.started = true
    this.socket.start(this)
  }

  write(text: string): void {
    if (this.closed) return
    this.socket.write(text)
    this.sent += text
  }

  pause(paused: boolean): void {
    if (!this.started) return
    this.paused = paused
    if (paused) this.socket.pause()
    else this.socket.resume()
  }

  end(): void {
    this.paused = false
    this.closed = true
    this.socket.end()
  }

  destroy(): void {
    this.destroyed = this.closed = true
    this.socket.destroy()
  }
}

/** Whether all that one end has written came to the other, where nobody let go of it and no node died (`whole`); never anything else. */
function compare(from: End, to: End, whole: boolean): string[] {
  if (!from.sent.startsWith(to.heard)) return ['something else was read than was written']
  const all = whole && to.started && !from.destroyed && !to.destroyed && to.ends[0] === undefined
  return all && to.heard !== from.sent ? ['bytes are lost'] : []
}

async function play(seed: number): Promise<string[]> {
  const random = new SeededRandom(seed)
  const runtime = simulatedRuntime({ crypto: nodeCrypto, seed })
  Object.assign(runtime.network, { latency: random.below(3), capacity: 50 + random.below(3000) })
  const delay = random.below(2) === 0 ? {} : { delay: () => random.below(8) }
  const memory = new MemoryNodes({ timers: runtime.timers, network: runtime.network, ...delay }, 2)
  const accepted: Socket[] = []
  await memory.spread.listen(address, socket => accepted.push(socket))
  const pairs: { readonly server: End; readonly client: End }[] = []
  for (let place = 0; place < connections; place++) {
    const client = runtime.network.connect(address)
    await runtime.until(() => accepted.length > 0)
    pairs.push({ server: new End(accepted.shift()!), client: new End(await client) })
    pairs[place]!.client.start()
    if (random.below(4) > 0) pairs[place]!.server.start()
  }
  let died = false
  for (let step = 0; step < steps; step++) {
    const { server, client } = pairs[random.below(connections)]!
    const word = `<${step}${'x'.repeat(random.below(300))}>`
    const what = random.below(40)
    if (what < 12) client.write(word)
    else if (what < 24) server.write(word)
    else if (what < 29) server.pause(true)
    else if (what < 34) server.pause(false)
    else if (what < 36) server.start()
    else if (what < 37) client.end()
    else if (what < 38) server.end()
    else if (what < 39) server.destroy()
    else if (random.below(3) === 0) {
      died = true
      memory.replace(random.below(2))
    }
    if (random.below(2) === 0) await runtime.advance(random.below(4))
  }
  for (const { server, client } of pairs) {
    server.start()
    server.pause(false)
    client.end()
  }
  await runtime.advance(20_000)
  for (const { server } of pairs) server.end()
  await runtime.advance(60_000)
  const left = [...memory.spread.sizes, ...memory.nodes.map(({ carrying }) => carrying.size)]
  return [
    ...pairs.flatMap(({ server, client }) => [
      ...server.wrong,
      ...compare(client, server, !died),
      ...compare(server, client, !died),
      ...(server.started && server.ends.length !== 1 ? [`told ${server.ends.length} times that it is over`] : []),
    ]),
    ...(left.some(size => size > 0) ? ['something is left of a connection'] : []),
  ]
}

test('whatever both ends do, and whichever node dies: all in order, one end, nothing left', async () => {
  const wrong: string[] = []
  for (let seed = 1; seed <= seeds; seed++) for (const what of await play(seed)) wrong.push(`seed ${seed}: ${what}`)
  assert.deepEqual(wrong, [])
})
