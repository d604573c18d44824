import type { Address } from '../runtime/runtime.ts'
import type { Listening } from '../server/server.ts'
import type { HostCertificate } from './certificates.ts'
import type { Look } from './terminal.ts'

/** What a person wants to know of a server that has just begun. */
export interface Beginning {
  readonly version: string
  readonly listening: readonly Listening[]
  readonly certificates: readonly HostCertificate[]
  /** Absolute paths. */
  readonly data: string
  readonly config: string | undefined
  /** How the person types this program, and the options that mean this server. */
  readonly command: string
  readonly options: string
}

const titles = { starttls: 'STARTTLS', 'direct-tls': 'direct TLS', plain: 'without TLS' } as const

/** What is printed when a server has begun: where it is, and what to type next. */
export function bannerText(beginning: Beginning, style: Look): string {
  const { certificates, command, options } = beginning
  const hosts = certificates.map(({ host }) => host)
  const rows = [
    ...(Object.keys(titles) as Listening['carrier'][]).flatMap(carrier => {
      const places = beginning.listening.filter(one => one.carrier === carrier).map(({ address }) => placeText(address))
      return places.length > 0 ? [[`clients, ${titles[carrier]}`, places.join('  ')]] : []
    }),
    ['data', beginning.data],
    ['configuration', beginning.config ?? 'defaults; ./jackdaw.toml would be read'],
    ...certificates
      .filter(certificate => certificate.selfSigned)
      .map(({ host, fingerprint }) => [`certificate of ${host}`, `signed by itself, SHA-256 ${fingerprint}`]),
  ]
  const width = Math.max(...rows.map(([name]) => name!.length))
  const table = rows.map(([name, value]) => `  ${style.dim(name!.padEnd(width))}  ${value}\n`).join('')
  const user = `romeo@${hosts[0]}`
  return `${style.bold(`Jackdaw ${beginning.version}`)} serves ${hosts.join(', ')}.

${table}
Add a user, from another terminal in this folder:

  ${style.bold(`${command} user add ${user}${options}`)}

${connectText(beginning, user, style)}
Ctrl-C or "${command} stop${options}" ends it.
`
}

/** How profanity 0.13 connects; empty where it could not. */
function connectText({ listening, certificates }: Beginning, user: string, style: Look): string {
  const at = listening.find(one => one.carrier === 'starttls') ?? listening.find(one => one.carrier === 'direct-tls')
  if (!at) return ''
  // "legacy" is its word for direct TLS; "trust" takes any certificate, which is for this machine only.
  const own = certificates[0]!.selfSigned
  const tls = at.carrier === 'direct-tls' ? 'legacy' : own ? 'trust' : 'force'
  const line = `/connect ${user} server ${reachable(at.address)} port ${at.address.port} tls ${tls}`
  return `Connect, for example with profanity (apt install profanity); start it and type:\n\n  ${style.bold(line)}\n`
}

/** An address that a client on this machine can use. */
function reachable({ host }: Address): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function placeText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
