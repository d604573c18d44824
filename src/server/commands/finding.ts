import { Jid } from '../../wire/jid.ts'
import { AccountError } from '../accounts.ts'
import type { Argument } from '../command.ts'
import type { Host } from '../host.ts'
import type { Owner } from '../owner.ts'
import type { Server } from '../server.ts'

/** The address of an account, as an argument. */
export const accountArgument: Argument = {
  name: 'jid',
  kind: 'jid',
  manual: 'Address of the account, such as romeo@example.org.',
}

/** The host of this name. Throws AccountError where it is none of this server's. */
export function hostNamed(server: Server, name: string): Host {
  const host = server.hosts.get(name)
  if (host !== undefined) return host
  throw new AccountError(
    `${name} is no host of this server. It serves ${[...server.hosts.keys()].join(', ')}.`,
    'item-not-found',
  )
}

/** An address and its host. Throws AccountError where that is none of this server's. */
export function addressed(server: Server, jid: unknown): { host: Host; address: Jid } {
  const address = Jid.parse(String(jid))
  return { host: hostNamed(server, address.domain), address }
}

/** The account of this address, whatever its resource. Throws AccountError where there is none. */
export async function accountOf(server: Server, jid: unknown): Promise<Owner> {
  const { host, address } = addressed(server, jid)
  const owner = address.local === '' ? undefined : await host.owners.find(address.bare)
  if (owner !== undefined) return owner
  throw new AccountError(`There is no account ${address.bare}.`, 'item-not-found')
}
