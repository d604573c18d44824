import type { Measurement } from './measurement.ts'
import type { ServerName } from './peers/all.ts'
import type { ScramHash } from './peers/scram.ts'

/** What a scenario may be told on the command line. */
export interface Wishes {
  readonly pairs: number
  readonly windows: readonly number[]
  readonly bytes: number
  readonly contacts: number
  readonly items: number
  readonly connections: number
}

/** One kind of run of a scenario, measured with each server. */
export interface Case {
  readonly label: string
  /** Arguments of the load. */
  readonly load: Readonly<Record<string, string | number>>
  /** Accounts u0, u1 … that it needs. */
  readonly accounts: number
  readonly hash?: ScramHash
  /** Whether it is measured without TLS. */
  readonly plain?: boolean
}

/** A column of figures: what it is called, and how it is read from one run. */
export interface Figure {
  readonly heading: string
  readonly of: (run: Measurement) => number
  readonly digits: number
}

export interface Scenario {
  /** What one unit is, in the title of the table. */
  readonly title: (wishes: Wishes) => string
  readonly cases: (wishes: Wishes) => readonly Case[]
  /** The figure that servers are compared by, and those beside it. */
  readonly main: Figure
  readonly others: readonly Figure[]
  /** Who has something to show in it. */
  readonly servers: readonly ServerName[]
  /** How many rounds it needs where so many are wished; as many where missing. */
  readonly rounds?: (wished: number) => number
  /** Whether each run needs a server that has just started. */
  readonly fresh: boolean
}

const perSecond: Figure = { heading: 'per second', of: run => run.perSecond, digits: 0 }
const milliseconds: Figure = { heading: 'ms CPU/login', of: run => run.serverMicroseconds / 1000, digits: 2 }
const half: Figure = { heading: 'ms it takes', of: run => run.medianMilliseconds ?? Number.NaN, digits: 0 }
const loginsAtOnce = 16
const withFloor = ['jackdaw', 'prosody', 'ejabberd', 'floor'] as const
const withoutFloor = ['jackdaw', 'prosody', 'ejabberd'] as const
/** Ours has one store, SQLite with synchronous=FULL. */
const stores = ['jackdaw', 'prosody', 'prosody-sqlite', 'ejabberd-sqlite'] as const
const perMessage: Figure = { heading: 'us CPU/message', of: run => run.serverMicroseconds, digits: 1 }

export const scenarios: Readonly<Record<string, Scenario>> = {
  chat: {
    title: ({ pairs, bytes }) => `chat: ${pairs} pairs in both directions, stanzas of ${bytes} bytes`,
    cases: ({ pairs, windows, bytes }) =>
      [false, true].flatMap(plain =>
        windows.map(window => ({
          label: `${plain ? 'no TLS' : 'TLS'}, window ${window}`,
          load: { scenario: 'chat', clients: pairs * 2, window, bytes },
          accounts: pairs * 2,
          ...(plain && { plain }),
        })),
      ),
    main: perMessage,
    others: [perSecond],
    servers: withFloor,
    fresh: false,
  },
  archived: {
    title: ({ pairs, bytes }) =>
      `chat that is archived for both: ${pairs} pairs in both directions, stanzas of ${bytes} bytes, TLS`,
    cases: ({ pairs, bytes }) => [
      {
        label: 'window 4',
        load: { scenario: 'chat', clients: pairs * 2, window: 4, bytes, archived: 1 },
        accounts: pairs * 2,
      },
    ],
    main: perMessage,
    others: [perSecond],
    servers: stores,
    fresh: false,
  },
  people: {
    title: ({ pairs, bytes }) =>
      `chat as people live it: ${pairs} pairs in both directions, stanzas of ${bytes} bytes, TLS; archived for both, ` +
      'carbons, stream management with a request after every 5 stanzas',
    cases: ({ pairs, bytes }) =>
      [1, 2].map(devices => ({
        label: devices === 1 ? 'one device each' : 'two devices each',
        load: {
          ...{ scenario: 'people', clients: pairs * 2, window: 4, bytes },
          ...{ archived: 1, devices, 'acknowledge-every': 5 },
        },
        accounts: pairs * 2,
      })),
    main: perMessage,
    others: [perSecond],
    servers: stores,
    fresh: false,
  },
  presence: {
    title: ({ contacts }) => `presence of one client to ${contacts} contacts who are there, 4 broadcasts in flight`,
    cases: ({ contacts }) => [
      {
        label: `${contacts} contacts`,
        load: { scenario: 'presence', clients: contacts + 1, window: 4 },
        accounts: contacts + 1,
      },
    ],
    main: { heading: 'us CPU/copy', of: run => run.serverMicroseconds, digits: 1 },
    others: [perSecond],
    servers: withoutFloor,
    fresh: false,
  },
  login: {
    title: () => `login: TCP, TLS with a full handshake, SCRAM, bind, roster, presence, ${loginsAtOnce} at once`,
    cases: () =>
      (['SHA-1', 'SHA-256'] as const).map(hash => ({
        label: `SCRAM-${hash}`,
        load: { scenario: 'login', clients: 200, 'at-once': loginsAtOnce, hash },
        accounts: 200,
        hash,
      })),
    main: milliseconds,
    others: [perSecond, half],
    servers: withFloor,
    fresh: false,
  },
  roster: {
    title: ({ items }) => `roster: login by SCRAM-SHA-1 with a roster of ${items} items, 4 at once`,
    cases: ({ items }) => [
      {
        label: `${items} items`,
        load: { scenario: 'roster', clients: 4, 'at-once': 4, hash: 'SHA-1', items },
        accounts: 4,
      },
    ],
    main: milliseconds,
    others: [perSecond, half, { heading: 'KiB fetched', of: run => (run.bytes ?? 0) / 1024, digits: 0 }],
    servers: withoutFloor,
    fresh: false,
  },
  idle: {
    title: ({ connections }) => `idle: ${connections} clients logged in over TLS, silent for 5 s`,
    cases: ({ connections }) => [
      {
        label: `${connections} connections`,
        load: { scenario: 'idle', clients: connections, 'at-once': loginsAtOnce, hash: 'SHA-1' },
        accounts: connections,
      },
    ],
    main: {
      heading: 'KiB each',
      of: ({ memory, done }) => ((memory!.after - memory!.before) * 1024) / done,
      digits: 1,
    },
    others: [
      { heading: 'MiB before', of: ({ memory }) => memory!.before, digits: 0 },
      { heading: 'MiB with all', of: ({ memory }) => memory!.after, digits: 0 },
    ],
    servers: withFloor,
    fresh: true,
  },
}
