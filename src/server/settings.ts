import type { Address } from '../runtime/runtime.ts'
import type { Jid } from '../wire/jid.ts'
import type { Settings, Values } from './config.ts'
import {
  address,
  endpoint,
  file,
  list,
  oneOf,
  setting,
  size,
  text,
  time,
  whole,
  within,
  wordOr,
  yes,
} from './config.ts'

/** SASL mechanisms that a server may offer, best first; the -PLUS ones are added where the connection has a channel binding. */
export const mechanismNames = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN'] as const
export type MechanismName = (typeof mechanismNames)[number]

const loopback = (port: number): readonly Address[] => [
  { host: '127.0.0.1', port },
  { host: '::1', port },
]
const day = 86_400_000
const atLeastOne = within(whole, 1, Number.MAX_SAFE_INTEGER, 'at least 1')
const patience = within(time, 100, day, 'from 100 ms to one day')

/** The core's own settings, by the sections of the file. They hold for the whole server; features' may differ by host. */
export const coreSettings = {
  listen: {
    starttls: setting(list(endpoint), loopback(5222), 'Where clients connect and then start TLS (RFC 6120 §5).'),
    directTls: setting(
      list(endpoint),
      loopback(5223),
      'Where clients connect with TLS from the first byte (XEP-0368).',
    ),
    plain: setting(
      list(endpoint),
      [] as readonly Address[],
      'Streams that never have TLS, for programs on this machine: loopback addresses only.',
    ),
    plainBeyondLoopback: setting(
      yes,
      false,
      'Lets `plain` name other addresses than loopback: passwords and messages then cross the network unprotected.',
    ),
  },
  tls: {
    required: setting(yes, true, 'Whether a stream on a `starttls` address must have TLS before anybody logs in.'),
  },
  login: {
    mechanisms: setting(
      list(oneOf(...mechanismNames)),
      mechanismNames as readonly MechanismName[],
      'SASL mechanisms on offer; PLAIN only ever inside TLS.',
    ),
    iterations: setting(
      within(whole, 4096, 1_000_000, 'from 4096 to 1000000'),
      10_000,
      'Rounds of PBKDF2 for new passwords: more cost whoever steals the database more, and clients at each login too.',
    ),
    conflict: setting(
      oneOf('replace', 'refuse', 'rename'),
      'replace',
      'What happens when a client wants the resource of a session that is there (RFC 6120 §7.7.2.2).',
    ),
    failuresPerAddress: setting(atLeastOne, 30, 'Wrong passwords from one network address before it has to wait.'),
    failuresPerAccount: setting(atLeastOne, 10, 'Wrong passwords for one account before logins to it have to wait.'),
    failuresForgotten: setting(
      within(time, 1000, day, 'from 1 s to one day'),
      600_000,
      'How long a wrong password counts, and so how long the wait is.',
    ),
  },
  administration: {
    accounts: setting(
      list(address),
      [] as readonly Jid[],
      'Accounts that may administer the server, with all its hosts, from their client.',
    ),
  },
  timeouts: {
    handshake: setting(patience, 10_000, 'How long a TLS handshake may take.'),
    login: setting(patience, 30_000, 'How long a connection may take to log in and bind a resource.'),
    idle: setting(
      within(time, 1000, 30 * day, 'from 1 s to 30 days'),
      15 * 60_000,
      'How long a connection may be silent after login before it counts as dead.',
    ),
  },
  limits: {
    // RFC 6120 §13.12: not below 10,000 bytes.
    stanzaBeforeLogin: setting(
      within(size, 10_000, 2 ** 30, 'from 10000 B to 1 GiB'),
      10 * 1024,
      'The largest element before login.',
    ),
    stanza: setting(
      within(size, 10_000, 2 ** 30, 'from 10000 B to 1 GiB'),
      256 * 1024,
      'The largest stanza after login.',
    ),
    depth: setting(within(whole, 8, 10_000, 'from 8 to 10000'), 100, 'How many elements may stand inside each other.'),
    attributes: setting(within(whole, 8, 100_000, 'from 8 to 100000'), 100, 'Attributes of one element.'),
    namespaces: setting(within(whole, 8, 100_000, 'from 8 to 100000'), 100, 'Namespace declarations in scope at once.'),
    connectionsPerAddress: setting(atLeastOne, 500, 'Connections from one network address at once.'),
    connectionsBeforeLogin: setting(atLeastOne, 2000, 'Connections at once, in all, that have not logged in yet.'),
    sessionsPerAccount: setting(atLeastOne, 30, 'Sessions of one account at once.'),
    unsent: setting(
      within(size, 64 * 1024, 2 ** 40, 'from 64 KiB to 1 TiB'),
      4 * 1024 ** 2,
      'Bytes that may wait for one slow reader before its connection is closed.',
    ),
    unsentInAll: setting(
      within(size, 1024 ** 2, 2 ** 40, 'from 1 MiB to 1 TiB'),
      128 * 1024 ** 2,
      'Bytes that may wait for all slow readers together before those with most are closed.',
    ),
  },
  log: {
    level: setting(oneOf('debug', 'info', 'warn', 'error'), 'info', 'The least that is worth a line.'),
    format: setting(oneOf('auto', 'text', 'json'), 'auto', '`auto` is text on a terminal and JSON lines elsewhere.'),
  },
} as const satisfies Readonly<Record<string, Settings>>

export type CoreSettings = typeof coreSettings

/** What is in no section of settings, as the manual has it. */
export const otherSettings = {
  data: setting(
    text,
    'jackdaw-data',
    'Folder of everything that the server keeps; meant from the folder of the configuration file.',
  ),
  workers: setting(
    wordOr('auto', within(whole, 1, 64, 'from 1 to 64')),
    'auto',
    'Threads that carry connections, with their TLS; with 1 the main thread does, beside all else. `auto` is 2 where there are four ' +
      'processors or more, and 1 elsewhere. The main thread is left with half of the work; a message costs up to a third more in all.',
  ),
} as const satisfies Settings

/** What a host's own table has beside the features' settings. */
export const hostSettings = {
  certificate: setting(
    file,
    '',
    'File of the certificate chain, PEM. Read again when it changes. Unset: the server makes one that signs itself.',
  ),
  key: setting(
    { ...file, example: '"privkey.pem"' },
    '',
    "File of the certificate's key, PEM. Goes with `certificate`: both or neither.",
  ),
  disabled: setting(yes, false, 'Whether the host is out of service: nobody can log in to it, and its data stays.'),
} as const satisfies Settings

/** All settings of a server, read and checked: what the whole server shares, then what each host has of its own. */
export interface Config extends CoreValues {
  /** Folder of everything that the server keeps. */
  readonly data: string
  /** Threads that carry connections; with one, the main thread does. */
  readonly workers: number | 'auto'
  /** At least one. */
  readonly hosts: readonly HostConfig[]
  /** Settings of every feature where a host says nothing: of hosts that come while the server runs. */
  readonly features: FeatureValues
}

/** Values of every feature's settings, by the feature's name. */
export type FeatureValues = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export type CoreValues = { readonly [S in keyof CoreSettings]: Values<CoreSettings[S]> }

/** One host: its certificate, and each feature's settings as they are here. */
export interface HostConfig {
  /** Canonical domain. */
  readonly name: string
  /** Paths of PEM files; without them the host gets a certificate that it signs itself. */
  readonly certificate?: { readonly chain: string; readonly key: string }
  /** Known, but not served: its accounts cannot log in, and nothing reaches them. */
  readonly disabled?: boolean
  /** Whole values of every feature by its name: the host's own, else the server's, else the defaults. */
  readonly features: FeatureValues
}

/** What is read of a feature to check its settings. */
export interface HasSettings {
  readonly name: string
  readonly config?: Settings
}
