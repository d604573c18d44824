// A thread that carries connections for the home of a server.
import type { Socket as NetSocket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { moved, nodeNetwork } from '../runtime/node-network.ts'
import { NodeTimers } from '../runtime/node-timers.ts'
import { Carrying } from './carrying.ts'
import type { Parcel } from './cluster.ts'

/** What home sends: a parcel, or a connection that moves here. */
export type ThreadMessage = Parcel | { readonly number: number; readonly connection: NetSocket }

if (parentPort === null) throw new Error('This file runs in a worker.')
const port = parentPort
const carrying = new Carrying(
  { tell: parcel => port.postMessage(parcel, parcel.bytes === undefined ? [] : [parcel.bytes.buffer]) },
  { timers: new NodeTimers(), identity: certificate => nodeNetwork.identity(certificate) },
)
port.on('message', (message: ThreadMessage) => {
  if ('connection' in message) carrying.take(message.number, moved(message.connection))
  else carrying.told(message)
})
