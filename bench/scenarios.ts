import { balance } from './measurement.ts'
import type { Figure, Scenario } from './scenario.ts'

const perSecond: Figure = { heading: 'per second', of: run => run.perSecond, digits: 0, throughput: true }
const perMessage: Figure = { heading: 'µs CPU/message', of: run => run.serverMicroseconds, digits: 1 }
const perLogin: Figure = { heading: 'ms CPU/login', of: run => run.serverMicroseconds / 1000, digits: 2 }
const half: Figure = { heading: 'p50 ms', of: run => run.medianMilliseconds ?? Number.NaN, digits: 2 }
const slowest: Figure = {
  heading: 'p99 ms',
  of: run => run.slowestMilliseconds ?? Number.NaN,
  digits: 2,
  inShort: true,
}
const loginsAtOnce = 16
/** Seconds of logins before the first of them that is measured. */
const settles = 15
const settling = `each server had ${settles} s of this load before the first round`
const withFloor = ['jackdaw', 'prosody', 'ejabberd', 'floor'] as const
const withoutFloor = ['jackdaw', 'prosody', 'ejabberd'] as const
/** Ours has one store, SQLite with synchronous=FULL. */
const stores = ['jackdaw', 'prosody', 'prosody-sqlite', 'ejabberd', 'ejabberd-sqlite'] as const

/** All scenarios, by their keys on the command line. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  chat: {
    name: 'Chat',
    title: ({ pairs, bytes }) =>
      `${pairs} pairs in both directions, stanzas of ${bytes} bytes that are not stored; so many in flight from each sender`,
    cases: ({ pairs, windows, bytes }) =>
      [false, true].flatMap(plain =>
        windows.map(window => ({
          label: `${plain ? 'plain' : 'TLS'}, window ${window}`,
          load: { scenario: 'chat', clients: pairs * 2, window, bytes },
          accounts: pairs * 2,
          ...(plain && { plain }),
        })),
      ),
    main: perMessage,
    others: [perSecond],
    servers: withFloor,
    lives: 'series',
    paced: false,
  },
  archived: {
    name: 'Archived chat',
    title: ({ pairs, bytes }) =>
      `${pairs} pairs in both directions, stanzas of ${bytes} bytes to bare addresses, archived for both; TLS`,
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
    lives: 'case',
    paced: false,
  },
  people: {
    name: 'Chat as people live it',
    title: ({ pairs, bytes }) =>
      `${pairs} pairs in both directions, stanzas of ${bytes} bytes to bare addresses, archived for both, carbons on, ` +
      'stream management with a request after every 5 stanzas; TLS, window 4. With two devices each, one message is three deliveries',
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
    servers: stores.filter(name => name !== 'ejabberd'),
    lives: 'case',
    paced: false,
  },
  presence: {
    name: 'Presence',
    title: ({ contacts }) => `of one client to ${contacts} contacts who are there; so many broadcasts in flight; TLS`,
    cases: ({ contacts }) =>
      [4, 16].map(window => ({
        label: `${contacts} contacts, ${window} in flight`,
        load: { scenario: 'presence', clients: contacts + 1, window },
        accounts: contacts + 1,
      })),
    main: { heading: 'µs CPU/copy', of: run => run.serverMicroseconds, digits: 1 },
    others: [perSecond],
    servers: withFloor,
    lives: 'case',
    paced: false,
  },
  rate: {
    name: 'A constant rate',
    title: ({ pairs, bytes }) =>
      `1,000 messages a second in all among ${pairs} pairs, stanzas of ${bytes} bytes that are not stored; TLS. From write to arrival, in short runs that alternate`,
    cases: ({ pairs, bytes }) => [
      {
        label: '1,000 a second',
        load: { scenario: 'constant', clients: pairs * 2, window: 1, bytes, rate: 1000 },
        accounts: pairs * 2,
        rounds: wished => wished * 2,
      },
    ],
    main: half,
    others: [slowest, perMessage],
    servers: withFloor,
    lives: 'series',
    paced: true,
  },
  login: {
    name: 'Login',
    title: () => `TCP, TLS with a full handshake, SCRAM, bind, roster, presence, ${loginsAtOnce} at once; ${settling}`,
    cases: () =>
      (['SHA-1', 'SHA-256'] as const).map(hash => ({
        label: `SCRAM-${hash}`,
        load: { scenario: 'login', clients: 200, 'at-once': loginsAtOnce, hash },
        accounts: 200,
        hash,
      })),
    main: perLogin,
    others: [perSecond, half],
    servers: withFloor,
    lives: 'series',
    paced: false,
    settles,
  },
  back: {
    name: 'Coming back',
    title: () =>
      `after a cut: TCP, TLS with a full handshake, login, resumption of the session (XEP-0198), ${loginsAtOnce} at once; with a ` +
      'token in one round trip behind TLS (XEP-0388, 0386, 0484, 0509), which these versions of the others do not have; ' +
      settling,
    cases: () =>
      [false, true].map(token => ({
        label: token ? 'with a token' : 'SCRAM-SHA-1',
        load: { scenario: 'back', clients: 200, 'at-once': loginsAtOnce, hash: 'SHA-1', token: token ? 1 : 0 },
        accounts: 200,
        ...(token && { servers: ['jackdaw', 'floor'] as const }),
      })),
    main: perLogin,
    others: [perSecond, half],
    servers: withFloor,
    lives: 'case',
    paced: false,
    settles,
  },
  roster: {
    name: 'Login with a large roster',
    title: ({ items }) => `by SCRAM-SHA-1, TLS, a roster of ${items} items, 4 at once`,
    cases: ({ items }) => [
      {
        label: `${items} items`,
        load: { scenario: 'roster', clients: 4, 'at-once': 4, hash: 'SHA-1', items },
        accounts: 4,
      },
    ],
    main: perLogin,
    others: [perSecond, half, { heading: 'KiB fetched', of: run => (run.bytes ?? 0) / 1024, digits: 0 }],
    servers: withoutFloor,
    lives: 'case',
    paced: false,
  },
  idle: {
    name: 'Idle connections',
    title: () => 'clients logged in over TLS and silent for 5 s: resident memory of a server that has just started',
    cases: ({ connections }) =>
      connections.map(count => ({
        label: `${count} connections`,
        load: { scenario: 'idle', clients: count, 'at-once': loginsAtOnce, hash: 'SHA-1' },
        accounts: count,
        // Memory hardly differs from run to run, and thousands of logins take their time.
        rounds: () => 1,
      })),
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
    lives: 'run',
    paced: true,
  },
  workers: {
    name: 'More than one core',
    title: ({ pairs, bytes }) =>
      `${pairs} pairs in both directions, stanzas of ${bytes} bytes that are not stored; TLS. Connections in the main thread, and in two others`,
    cases: ({ pairs, windows, bytes }) =>
      windows.map(window => ({
        label: `window ${window}`,
        load: { scenario: 'chat', clients: pairs * 2, window, bytes },
        accounts: pairs * 2,
      })),
    main: perMessage,
    others: [
      perSecond,
      { heading: '% of worker 1', of: run => run.workersPercent[0] ?? Number.NaN, digits: 0 },
      { heading: '% of worker 2', of: run => run.workersPercent[1] ?? Number.NaN, digits: 0 },
      { heading: 'balance %', of: ({ workersPercent }) => balance(workersPercent), digits: 0, inShort: true },
    ],
    servers: ['jackdaw', 'jackdaw-workers'],
    lives: 'case',
    paced: false,
  },
}
