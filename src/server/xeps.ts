import type { Xep } from './feature.ts'

/** What the core itself implements, beside the features: they all write docs/xeps.md and the DOAP file. */
export const coreXeps: readonly Xep[] = [
  { number: 4, version: '2.13.2' },
  { number: 82, version: '1.1.1' },
  { number: 106, version: '1.1.1' },
  { number: 170, version: '1.0' },
  { number: 368, version: '1.1.0' },
  { number: 440, version: '1.0.0' },
  { number: 474, version: '0.5.0' },
  { number: 478, version: '0.2.0' },
]

/** RFCs that the core implements, with what they are about. */
export const rfcs: readonly { readonly number: number; readonly title: string }[] = [
  { number: 6120, title: 'XMPP: Core' },
  { number: 6121, title: 'XMPP: Instant Messaging and Presence' },
  { number: 7622, title: 'XMPP: Address Format' },
  { number: 7395, title: 'An XMPP Subprotocol for WebSocket (framing)' },
  { number: 7590, title: 'Use of TLS in XMPP' },
  { number: 4616, title: 'SASL PLAIN' },
  { number: 5802, title: 'SASL SCRAM-SHA-1 and -PLUS' },
  { number: 7677, title: 'SASL SCRAM-SHA-256 and -PLUS' },
  { number: 5929, title: 'Channel Bindings for TLS (tls-server-end-point)' },
  { number: 9266, title: 'Channel Bindings for TLS 1.3 (tls-exporter)' },
  { number: 8264, title: 'PRECIS Framework' },
  { number: 8265, title: 'PRECIS: Usernames and Passwords' },
]
