import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../place.ts'
import { makeCertificate, type Peer, type PeerOptions } from './peer.ts'
import { freePorts, launch, listening } from './process.ts'
import { registering } from './registering.ts'

const config = join(root, 'bench', 'peers', 'prosody.cfg.lua')

/** Starts the Prosody of the Debian package `prosody` on free ports. */
export async function startProsody({ folder, cpu, hash = 'SHA-1', plain, sqlite }: PeerOptions): Promise<Peer> {
  await mkdir(join(folder, 'data'), { recursive: true })
  const [startTls, directTls] = (await freePorts(2)) as [number, number]
  const { certificate } = await makeCertificate(folder)
  const ports = { STARTTLS: String(startTls), DIRECTTLS: String(directTls) }
  const choices = { STORAGE: sqlite ? 'sql' : 'internal', ENCRYPTION: plain ? 'no' : 'yes' }
  const env = { ...process.env, FOLDER: folder, HASH: hash, ...ports, ...choices }
  const log = join(folder, 'prosody.log')
  const child = launch('/usr/bin/prosody', ['--config', config], { log, env, ...(cpu !== undefined && { cpu }) })
  await listening(child, directTls, log)
  const name = sqlite ? 'Prosody, SQLite' : 'Prosody'
  return registering(child, { name, authority: certificate, startTls, directTls, plain })
}
