import { Socket as NetSocket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** As much as the kernel hands over at once. A `Buffer`: what is lent of it has a quicker way to become text (`wire/utf8.ts`). */
const room = Buffer.allocUnsafeSlow(65_536)

type Callback = (this: TLSSocket, length: number, buffer: Uint8Array) => boolean
type Slots = Record<symbol, unknown>
type Handle = { readonly useUserBuffer?: (buffer: Uint8Array) => void }

/** Under which names Node keeps what it was given as `onread`: a socket that was given it tells. */
function names(): { readonly buffer: symbol; readonly callback: symbol } | undefined {
  const callback = () => true
  const socket = new NetSocket({ onread: { buffer: room, callback } })
  socket.destroy()
  const given = socket as unknown as Slots
  const keptAs = (what: unknown) => Object.getOwnPropertySymbols(given).find(name => given[name] === what)
  const found = { buffer: keptAs(room), callback: keptAs(callback) }
  return found.buffer && found.callback ? { buffer: found.buffer, callback: found.callback } : undefined
}

let known: ReturnType<typeof names> | null = null

/**
 * Has what comes read into one buffer for all sockets, which is lent to `callback` with how much of it is filled; what was read
 * before comes as `data`, in a turn before the next read. Node makes a buffer for each read, which costs a tenth of a small
 * message; it can do this (`onread` of `net.Socket`) but offers it only for connections that it makes itself. Returns
 * false where this Node cannot: then all is read as ever.
 */
export function readInto(socket: TLSSocket, callback: Callback): boolean {
  if (known === null) known = names()
  const handle = (socket as unknown as { readonly _handle?: Handle | null })._handle
  if (known === undefined || typeof handle?.useUserBuffer !== 'function') return false
  const slots = socket as unknown as Slots
  slots[known.buffer] = room
  slots[known.callback] = callback
  handle.useUserBuffer(room)
  return true
}
