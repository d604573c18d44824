import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Socket, SocketReader } from '../runtime/runtime.ts'
import { Carrying } from './carrying.ts'
import { notice, order, type Parcel } from './cluster.ts'

/** A socket that only notes what is asked of it. */
class Noting implements Socket {
  readonly peer = { host: '127.0.0.1', port: 1 }
  readonly security = undefined
  pending = 0
  readonly written: (string | Uint8Array)[] = []
  reading = false
  reader: SocketReader | undefined
  #paused = false

  start(reader: SocketReader): void {
    this.reader = reader
    this.reading = !this.#paused
  }
  write(data: string | Uint8Array): void {
    this.written.push(data)
  }
  pause(): void {
    this.#paused = true
    this.reading = false
  }
  resume(): void {
    this.#paused = false
    this.reading = this.reader !== undefined
  }
  secure = () => Promise.reject(new Error('not here'))
  end(): void {}
  destroy(): void {}
}

/** A node whose turns end when the test says so. */
function scene() {
  const parcels: Parcel[] = []
  const turns: (() => void)[] = []
  const later: [number, () => void][] = []
  const node = new Carrying(
    { tell: parcel => parcels.push(parcel) },
    {
      timers: {
        turn: fn => turns.push(fn),
        after: (milliseconds, fn) => {
          later.push([milliseconds, fn])
          return undefined as never
        },
      },
      identity: () => {
        throw new Error('nobody asks')
      },
    },
  )
  const take = (number: number) => {
    const socket = new Noting()
    node.take(number, socket)
    tell(order.start, number)
    return socket
  }
  const tell = (...cells: number[]) => node.told({ cells, bytes: undefined, text: '' })
  const write = (number: number, text: string) => {
    node.told({ cells: [order.write, number, text.length], bytes: undefined, text })
  }
  const turn = () => {
    for (const run of turns.splice(0)) run()
  }
  return { node, take, tell, write, turn, later, parcels }
}

test('what all connections have read in a turn crosses at once', () => {
  const { take, turn, parcels } = scene()
  const [one, two] = [take(1), take(2)]
  one.reader!.read(Buffer.from('one'))
  two.reader!.read(Buffer.from('second'))
  one.reader!.read(Buffer.from('!'))
  assert.equal(parcels.length, 0)
  turn()
  assert.deepEqual(parcels, [
    {
      cells: [notice.read, 1, 3, notice.read, 2, 6, notice.read, 1, 1],
      bytes: new Uint8Array(Buffer.from('onesecond!')),
      text: '',
    },
  ])
  turn()
  assert.equal(parcels.length, 1)
})

test('where home does not keep up nobody is read, until it has', () => {
  const { take, tell, turn } = scene()
  const [busy, other, paused] = [take(1), take(2), take(3)]
  tell(order.pause, 3)
  const chunk = new Uint8Array(64 * 1024)
  let read = 0
  for (; busy.reading && read < 1000; read++) {
    busy.reader!.read(chunk)
    turn()
  }
  assert.equal(read, 65, '4 MiB, and one more')
  assert.deepEqual([busy.reading, other.reading, paused.reading], [false, false, false])
  const late = take(4)
  tell(order.resume, 3)
  assert.deepEqual([late.reading, paused.reading], [false, false], 'nor who comes, or wants to read again')
  tell(order.pause, 2)
  tell(order.heard, 0, 1024 * 1024)
  assert.equal(busy.reading, false)
  tell(order.heard, 0, 2 * 1024 * 1024)
  assert.deepEqual([busy.reading, other.reading, paused.reading, late.reading], [true, false, true, true])
})

test('what is to be written is cut out of one text; where it has to wait, as bytes of its own', () => {
  const { node, take } = scene()
  const [one, two] = [take(1), take(2)]
  two.pending = 5
  const cells = [
    order.write,
    1,
    5,
    order.write,
    9,
    4,
    order.write,
    2,
    6,
    order.write,
    1,
    Uint8Array.of(33),
    order.write,
    1,
    0,
  ]
  node.told({ cells, bytes: undefined, text: 'firstgoneother☎' })
  assert.deepEqual(one.written, ['first', Uint8Array.of(33), ''])
  assert.deepEqual(two.written, [new TextEncoder().encode('other☎')])
})

test('how much the kernel has taken is told with what else there is to tell, or soon', () => {
  const { take, write, turn, later, parcels } = scene()
  const socket = take(7)
  write(7, 'ten chars.')
  socket.pending = 4
  write(7, '12345')
  socket.pending = 0
  socket.reader!.drained!()
  write(8, 'to nobody')
  turn()
  assert.equal(parcels.length, 0, 'that alone wakes nobody')
  const taken = (total: number) => [notice.taken, 7, total]
  const read = [notice.read, 7, 1]
  socket.reader!.read(Buffer.from('x'))
  turn()
  assert.deepEqual(parcels[0]!.cells, [...taken(10), ...taken(11), ...taken(15), ...read])
  assert.equal(later.length, 1)
  later[0]![1]()
  assert.equal(parcels.length, 1, 'nothing is left to tell')
  write(7, 'more')
  assert.equal(later[1]![0], 10)
  later[1]![1]()
  assert.deepEqual(parcels[1]!.cells, taken(19))
  write(7, 'x'.repeat(40_000))
  turn()
  assert.deepEqual(parcels[2]!.cells, taken(40_019), 'much is told at once')
})
