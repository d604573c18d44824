import { join } from 'node:path'
import { extension } from '../place.ts'
import { makeCertificate, type Peer, type PeerOptions } from './peer.ts'
import { freePorts, launch, listening, stop } from './process.ts'

/** Starts the bare Node server of `../floor.ts`: it has no users and no STARTTLS. */
export async function startFloor({ folder, cpu, plain }: PeerOptions): Promise<Peer> {
  const [port] = (await freePorts(1)) as [number]
  const { certificate, key } = await makeCertificate(folder)
  const log = join(folder, 'floor.log')
  const script = join(import.meta.dirname, '..', `floor${extension}`)
  const child = launch(process.execPath, [script, String(port), ...(plain ? [] : [certificate, key])], {
    log,
    ...(cpu !== undefined && { cpu }),
  })
  await listening(child, port, log)
  return {
    name: 'bare Node sockets, no XML',
    host: 'localhost',
    pid: child.pid!,
    startTls: 0,
    plain: port,
    directTls: port,
    authority: certificate,
    addUsers: async () => {},
    stop: () => stop(child),
  }
}
