import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './process.ts'
import type { ScramHash } from './scram.ts'

/** A server under test, up and listening on 127.0.0.1. */
export interface Peer {
  readonly name: string
  /** The host that it serves. */
  readonly host: string
  readonly pid: number
  /** Port for streams that begin in the clear and may ask for STARTTLS. */
  readonly startTls: number
  readonly directTls: number
  /** Port for streams without TLS; 0 where there is none. */
  readonly plain: number
  /** File with the certificate to trust, PEM. */
  readonly authority: string
  /** Makes accounts. */
  addUsers(users: readonly User[]): Promise<void>
  /** Ends it in good order. */
  stop(): Promise<void>
}

/** An account on the peer's host. */
export interface User {
  readonly name: string
  readonly password: string
}

/** How a server is to be started. */
export interface PeerOptions {
  /** A folder for data, configuration and log: empty, or of a server of the same kind that has ended. */
  readonly folder: string
  /** The processor it is pinned to; any where missing. */
  readonly cpu?: number
  /** Hash of the SCRAM that accounts are made for, where a server keeps only one; SHA-1 where missing. */
  readonly hash?: ScramHash
  /** Whether clients may do without TLS. */
  readonly plain?: boolean
  /** Whether a peer that has a store of its own keeps its data in SQLite instead. */
  readonly sqlite?: boolean
  /** What ours has in its environment besides. */
  readonly env?: NodeJS.ProcessEnv
}

/** Password of a test account: different for each, and the same in every run. */
export function password(name: string): string {
  return `secret of ${name}`
}

/** A test account by its name. */
export function user(name: string): User {
  return { name, password: password(name) }
}

/** Files of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Both in one file. */
  readonly both: string
}

/** Makes a self-signed ECDSA P-256 certificate for `localhost`, so that a handshake costs the same everywhere. */
export async function makeCertificate(folder: string, name = 'localhost'): Promise<CertificateFiles> {
  const files = {
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
    both: join(folder, `${name}.pem`),
  }
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
    ...['-keyout', files.key, '-out', files.certificate],
  ])
  const [certificate, key] = await Promise.all([readFile(files.certificate), readFile(files.key)])
  await writeFile(files.both, Buffer.concat([certificate, key]), { mode: 0o600 })
  return files
}
