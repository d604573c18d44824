/** The namespaces of RFC 6120 that the core itself speaks; every extension keeps its own beside its codec. */
export const ns = {
  /**
   * Content of client streams. Inside Jackdaw a stanza is always in this namespace: streams of another kind
   * (`jabber:server`, `jabber:component:accept`) read and write it as theirs (RFC 6120 §4.8.2).
   */
  client: 'jabber:client',
  server: 'jabber:server',
  streams: 'http://etherx.jabber.org/streams',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
  session: 'urn:ietf:params:xml:ns:xmpp-session',
  stanzas: 'urn:ietf:params:xml:ns:xmpp-stanzas',
  streamErrors: 'urn:ietf:params:xml:ns:xmpp-streams',
  framing: 'urn:ietf:params:xml:ns:xmpp-framing',
  xml: 'http://www.w3.org/XML/1998/namespace',
} as const
