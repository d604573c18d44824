/** What we use of npm's `@xmpp/client`, which has no types of its own. */
declare module '@xmpp/client' {
  export interface Xml {
    readonly name: string
    readonly attrs: Readonly<Record<string, string>>
    getChild(name: string, namespace: string): Xml | undefined
    toString(): string
  }
  /** By which one logs in without a password (XEP-0484). */
  interface Token {
    readonly mechanism: string
    readonly token: string
    readonly expiry: string
  }
  interface Client {
    /** Milliseconds that one step of connecting may take. */
    timeout: number
    readonly status: string
    readonly reconnect: { stop(): void; reconnect(): Promise<void> }
    readonly streamManagement: {
      /** How many stanzas the server has acknowledged in this session. */
      readonly outbound: number
      readonly outbound_q: readonly { readonly stanza: Xml }[]
      on(event: 'ack' | 'fail', listener: (stanza: Xml) => void): void
      on(event: 'resumed', listener: () => void): void
    }
    readonly iqCallee: {
      get(namespace: string, name: string, handle: (context: { readonly element: Xml }) => Xml): void
      set(namespace: string, name: string, handle: () => true): void
    }
    readonly socket: { end(): void } | null
    on(event: 'error' | 'offline' | 'disconnect', listener: (error: unknown) => void): void
    on(event: 'online', listener: (address: { toString(): string }) => void): void
    on(event: 'stanza' | 'element' | 'send', listener: (stanza: Xml) => void): void
    removeAllListeners(event: 'nonza'): void
    start(): Promise<unknown>
    stop(): Promise<unknown>
    send(xml: Xml): Promise<void>
  }
  export function xml(
    name: string,
    attributes?: Readonly<Record<string, string>>,
    ...children: readonly (Xml | string)[]
  ): Xml
  export function client(options: {
    readonly service: string
    readonly domain: string
    readonly resource: string
    readonly credentials: (
      authenticate: (
        credentials: { username: string; password: string; token?: Token },
        mechanism: string,
        device: Xml,
      ) => Promise<void>,
      mechanisms: readonly string[],
      fast: { fetch(): Promise<Token | undefined> } | null | undefined,
    ) => Promise<void>
  }): Client
}
