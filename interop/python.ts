import { join } from 'node:path'
import type { Kind } from './client.ts'
import { OrderClient } from './order-client.ts'
import { debianVersion } from './packages.ts'

const token = 'it does not know SASL2 in this version'

function kind(name: string, rest: Partial<Kind> = {}): Kind {
  const program = join(import.meta.dirname, 'python', `${name}_agent.py`)
  return {
    name,
    source: `Debian: python3-${name}`,
    version: () => debianVersion(`python3-${name}`),
    // Debian's own Python: its packages are made for it. No .pyc files in the sources.
    start: async () => new OrderClient(name, ['/usr/bin/python3', '-B', program]),
    cannot: { token },
    ...rest,
  }
}

export const slixmpp = kind('slixmpp')
export const nbxmpp = kind('nbxmpp')
export const aioxmpp = kind('aioxmpp', {
  cannot: {
    token,
    'last activity': 'the library does not know XEP-0012',
    time: 'the library does not know XEP-0202',
    archive: 'the library does not know XEP-0313',
  },
})
