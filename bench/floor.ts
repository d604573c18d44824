/**
 * The floor: a TLS server that moves framed bytes between its connections and reads no XML. What it costs is what Node
 * and the kernel cost; no XMPP server on Node can be cheaper.
 *
 *     node bench/floor.ts PORT [certificate.pem key.pem]
 *
 * Without a certificate there is no TLS.
 *
 * A frame is its length (two bytes, itself included) and the number of the connection it is for (two bytes, base 100; the
 * greatest number is for all others); the first frame of a connection says its own number, and comes back. Frames for a
 * connection that come in one turn of the loop are written at once.
 */
import { readFileSync } from 'node:fs'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { createServer } from 'node:tls'

const [port, certificate, key] = process.argv.slice(2)
if (!port || (certificate && !key)) throw new Error('usage: floor.ts PORT [certificate.pem key.pem]')

interface Connection {
  readonly socket: Socket
  /** Bytes of a frame that is not complete. */
  rest: Buffer | undefined
  known: boolean
  queue: Buffer[]
}

/** For all other connections. */
const everybody = 25_599

const connections: (Connection | undefined)[] = []
const waiting: Connection[] = []

function flush(): void {
  for (const { socket, queue } of waiting) {
    socket.write(queue.length === 1 ? queue[0]! : Buffer.concat(queue))
    queue.length = 0
  }
  waiting.length = 0
}

function move(to: Connection | undefined, frames: Buffer): void {
  if (!to || frames.length === 0) return
  if (to.queue.length === 0 && waiting.push(to) === 1) setImmediate(flush)
  to.queue.push(frames)
}

function read(connection: Connection, chunk: Buffer): void {
  const data = connection.rest ? Buffer.concat([connection.rest, chunk]) : chunk
  let at = 0
  let from = 0
  let to: Connection | undefined
  while (data.length - at >= 4) {
    const length = data.readUInt16BE(at)
    if (length < 4) return void connection.socket.destroy()
    if (data.length - at < length) break
    const number = data[at + 2]! * 100 + data[at + 3]!
    const next = connection.known ? connections[number] : undefined
    if (next !== to || number === everybody) {
      // Frames in a row for the same connection travel as they came, in one piece.
      move(to, data.subarray(from, at))
      to = next
      from = at
    }
    if (number === everybody)
      for (const other of connections) if (other !== connection) move(other, data.subarray(at, at + length))
    if (!connection.known) {
      connections[number] = connection
      connection.known = true
      connection.socket.write(Buffer.from(data.subarray(at, at + length)))
    }
    at += length
  }
  move(to, data.subarray(from, at))
  connection.rest = at < data.length ? Buffer.from(data.subarray(at)) : undefined
}

function accept(socket: Socket): void {
  const connection: Connection = { socket, rest: undefined, known: false, queue: [] }
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => read(connection, chunk))
  socket.on('error', () => socket.destroy())
}

const server =
  certificate && key
    ? createServer({ cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' }, accept)
    : createTcpServer(accept)
server.listen(Number(port), '127.0.0.1')
