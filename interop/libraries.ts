import { join } from 'node:path'
import { run } from '../bench/peers/process.ts'
import type { Kind } from './client.ts'
import { debianVersion } from './packages.ts'
import { StanzaClient } from './stanza-client.ts'

const here = import.meta.dirname

export const xmppClient: Kind = {
  name: '@xmpp/client',
  source: 'npm: @xmpp/client',
  version: async () => {
    const file = join(here, '..', 'node_modules', '@xmpp', 'client', 'package.json')
    const { default: found } = (await import(file, { with: { type: 'json' } })) as { default: { version: string } }
    return found.version
  },
  start: async ({ authority }) => xmppClientOf(authority),
  cannot: {},
}

/** An @xmpp/client that trusts one certificate. */
export function xmppClientOf(authority: string): StanzaClient {
  return new StanzaClient('@xmpp/client', [process.execPath, join(here, 'xmpp-client', 'agent.ts')], {
    NODE_EXTRA_CA_CERTS: authority,
    NODE_NO_WARNINGS: '1',
  })
}

/** The kind whose program is made of C and libstrophe, in a folder. */
export async function libstrophe(folder: string): Promise<Kind & { make(): StanzaClient }> {
  const program = join(folder, 'libstrophe-agent')
  const make = () => new StanzaClient('libstrophe', [program])
  await run('cc', ['-O1', '-o', program, join(here, 'libstrophe', 'agent.c'), '-lstrophe'])
  return {
    name: 'libstrophe',
    source: 'Debian: libstrophe0, with a C program of the test',
    version: () => debianVersion('libstrophe0'),
    make,
    start: async () => make(),
    cannot: { token: 'it does not know SASL2 in this version' },
  }
}
