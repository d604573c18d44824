import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { fingerprint, selfSigned } from '../runtime/node-certificate.ts'
import type { Certificate, Runtime, Timer } from '../runtime/runtime.ts'
import type { Log } from '../server/log.ts'
import type { Config, HostConfig } from '../server/settings.ts'

const day = 86_400_000
/** How long a certificate of our own is good, in days: what clients at most accept. */
const lifetime = 820
/** A certificate of our own is replaced so many milliseconds before its end. */
const renewal = 30 * day

/** What a host shows at its handshakes, for the operator. */
export interface HostCertificate {
  readonly host: string
  readonly selfSigned: boolean
  /** SHA-256, as `AB:CD:…`. */
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

interface Surroundings {
  readonly runtime: Pick<Runtime, 'disk' | 'timers' | 'clock'>
  readonly log: Log
  /** Uses it from the next handshake on. Throws a sentence where key and chain do not fit. */
  use(host: string, certificate: Certificate): void
}

/**
 * Keeps the certificates of all hosts in use: those that the configuration names, and for the others ones that sign
 * themselves, in `certificates/` of the data directory. Files that change are read again; our own are renewed in time.
 */
export class Certificates {
  readonly #around: Surroundings
  readonly #config: Config
  /** How to stop watching a host's files. */
  readonly #watched = new Map<string, { readonly host: HostConfig; readonly stop: () => void }>()
  #timer: Timer | undefined

  constructor(config: Config, around: Surroundings) {
    this.#config = config
    this.#around = around
  }

  /** Puts every host's certificate in use. Rejects with a sentence that names the host and the file. */
  async start(): Promise<readonly HostCertificate[]> {
    const found: HostCertificate[] = []
    for (const host of this.#config.hosts) found.push(await this.add(host))
    this.#daily()
    return found
  }

  /** Puts the certificate of one more host in use. Rejects with a sentence. */
  async add(host: HostConfig): Promise<HostCertificate> {
    if (!host.certificate) await this.#renew(host)
    const certificate = await this.#load(host)
    this.#warn(host, certificate)
    this.#watched.get(host.name)?.stop()
    const { chain, key } = this.#files(host)
    const stop = this.#around.runtime.disk.watch([chain, key], () => void this.#reload(host))
    this.#watched.set(host.name, { host, stop })
    return {
      host: host.name,
      selfSigned: !host.certificate,
      fingerprint: fingerprint(certificate),
      expires: expiryOf(certificate),
    }
  }

  /** Reads everything again, for these hosts and no others; where one cannot be used, the old one stays. */
  async change(hosts: readonly HostConfig[]): Promise<readonly { host: string; problem: string }[]> {
    for (const [name, { stop }] of this.#watched) {
      if (hosts.some(host => host.name === name)) continue
      stop()
      this.#watched.delete(name)
    }
    const problems: { host: string; problem: string }[] = []
    for (const host of hosts) {
      try {
        await this.add(host)
      } catch (error) {
        problems.push({ host: host.name, problem: (error as Error).message })
      }
    }
    return problems
  }

  stop(): void {
    for (const { stop } of this.#watched.values()) stop()
    this.#watched.clear()
    this.#around.runtime.timers.cancel(this.#timer)
  }

  #daily(): void {
    this.#timer = this.#around.runtime.timers.after(day, () => {
      this.#daily()
      void this.#check()
    })
  }

  /** Renews what is our own; warns of what is not and will end soon. */
  async #check(): Promise<void> {
    for (const { host } of this.#watched.values()) {
      try {
        if (!host.certificate) await this.#renew(host)
        this.#warn(host, await this.#read(host))
      } catch (error) {
        this.#around.log('error', 'a certificate cannot be renewed', {
          host: host.name,
          reason: (error as Error).message,
        })
      }
    }
  }

  async #reload(host: HostConfig): Promise<void> {
    try {
      const certificate = await this.#load(host)
      this.#around.log('info', 'certificate read again', { host: host.name, fingerprint: fingerprint(certificate) })
    } catch (error) {
      const reason = (error as Error).message
      this.#around.log('error', 'the new certificate is no good; the old one stays in use', { host: host.name, reason })
    }
  }

  async #load(host: HostConfig): Promise<Certificate> {
    const certificate = await this.#read(host)
    try {
      this.#around.use(host.name, certificate)
    } catch (error) {
      throw new Error(`the certificate of ${host.name} cannot be used: ${(error as Error).message}`, { cause: error })
    }
    return certificate
  }

  async #read(host: HostConfig): Promise<Certificate> {
    const paths = this.#files(host)
    const { disk } = this.#around.runtime
    const [chain, key] = await Promise.all([disk.read(paths.chain), disk.read(paths.key)])
    if (chain !== undefined && key !== undefined) return { chain, key }
    throw new Error(
      `the ${chain === undefined ? 'certificate' : 'key'} of ${host.name} is not there: ${chain === undefined ? paths.chain : paths.key}`,
    )
  }

  /** Makes a certificate of our own, unless there is one that lasts. */
  async #renew(host: HostConfig): Promise<void> {
    const { disk, clock } = this.#around.runtime
    const paths = this.#files(host)
    const [chain, key] = await Promise.all([disk.read(paths.chain), disk.read(paths.key)])
    if (chain !== undefined && key !== undefined && lasts({ chain, key }, clock.now())) return
    const made = await selfSigned([host.name], lifetime)
    // The key goes first and is only ever ours; a half-written pair does not fit together, and is made anew.
    await disk.write(paths.key, made.key, { mode: 0o600 })
    await disk.write(paths.chain, made.chain)
    this.#around.log('info', 'made a certificate that signs itself', {
      host: host.name,
      fingerprint: fingerprint(made),
    })
  }

  #files(host: HostConfig): { chain: string; key: string } {
    const own = join(this.#config.data, 'certificates', host.name)
    return host.certificate ?? { chain: `${own}.pem`, key: `${own}.key` }
  }

  #warn(host: HostConfig, certificate: Certificate): void {
    const days = Math.floor((expiryOf(certificate) - this.#around.runtime.clock.now()) / day)
    if (days < 14) this.#around.log('warn', 'a certificate ends soon, or has ended', { host: host.name, days })
  }
}

function lasts(certificate: Certificate, now: number): boolean {
  try {
    const leaf = new X509Certificate(certificate.chain)
    return leaf.checkPrivateKey(createPrivateKey(certificate.key)) && expiryOf(certificate) - now > renewal
  } catch {
    return false
  }
}

/** Milliseconds since 1970. */
function expiryOf(certificate: Certificate): number {
  return new X509Certificate(certificate.chain).validToDate.getTime()
}
