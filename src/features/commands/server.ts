import { setting, time, whole, within } from '../../server/config.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { server } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import { StanzaError } from '../../wire/errors.ts'
import { formNamespace } from '../../wire/form.ts'
import type { Jid } from '../../wire/jid.ts'
import { type DiscoNode, discoNodes } from '../disco/exports.ts'
import { declaredCommand } from './declared.ts'
import { execute } from './execution.ts'
import { type AdHocCommand, adHocCommands } from './exports.ts'
import { CommandSessions } from './sessions.ts'
import { commandRequest, commandsNamespace } from './wire.ts'

const day = 86_400_000

/**
 * Commands that clients execute at the host (XEP-0050): all that operators have on the command line, for those whom
 * `administration.accounts` names, and what other features add. Administrators are those of the whole server: what they
 * may do, they may do from each host, to all hosts.
 */
export default feature({
  name: 'commands',
  xeps: [{ number: 50, version: '1.3.0' }],
  disco: { server: [commandsNamespace, formNamespace] },
  config: {
    sessions: setting(
      within(whole, 1, 1000, 'from 1 to 1000'),
      20,
      'Commands that one account may have begun at once; the longest unused one gives way.',
    ),
    expires: setting(
      within(time, 1000, day, 'from 1 s to one day'),
      15 * 60_000,
      'How long a command that was begun waits for its next step.',
    ),
    rows: setting(within(whole, 1, 100_000, 'from 1 to 100000'), 500, "Rows of a command's answer that are shown."),
  },
  start({ config, host }) {
    const sessions = new CommandSessions({
      now: () => host.shared.now(),
      id: () => host.shared.id(),
      perAccount: () => config.sessions,
      patience: () => config.expires,
    })
    const commands = new Commands(host)
    return [
      ...host.shared.commands().map(one => adHocCommands.add(declaredCommand(one, () => config.rows))),
      discoNodes.add(listNode(commands)),
      discoNodes.add(commandNode(commands)),
      server.set(commandRequest, async (request, e) =>
        execute(host, sessions, commands.permitted(request.node, e.from), request, e),
      ),
    ]
  },
})

/** All commands of a host, and who may execute which. */
class Commands {
  readonly #host: Host
  #byNode: ReadonlyMap<string, AdHocCommand> | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** Those that this entity may execute. */
  for(who: Jid): readonly AdHocCommand[] {
    return [...this.#all().values()].filter(one => this.#permits(one, who))
  }

  has(node: string): boolean {
    return this.#all().has(node)
  }

  /** Throws `item-not-found` where there is no such command, and `forbidden` where it is not for this entity. */
  permitted(node: string, who: Jid): AdHocCommand {
    const command = this.#all().get(node)
    if (command === undefined) throw new StanzaError('item-not-found', { text: 'There is no such command here.' })
    if (!this.#permits(command, who)) throw new StanzaError('forbidden', { text: 'This command is not for you.' })
    return command
  }

  #permits(command: AdHocCommand, who: Jid): boolean {
    return command.allowed === undefined ? this.#host.shared.isAdministrator(who) : command.allowed(who)
  }

  /** The host is whole only once all features have started. */
  #all(): ReadonlyMap<string, AdHocCommand> {
    if (this.#byNode === undefined) {
      const all = this.#host.extensions(adHocCommands)
      this.#byNode = new Map(all.map(one => [one.node, one]))
      if (this.#byNode.size !== all.length) throw new Error('two ad-hoc commands have the same node')
    }
    return this.#byNode
  }
}

const automation = (type: string, name: string) => ({ category: 'automation', type, name, lang: 'en' })

/** XEP-0050 §2.2: the node under which they are listed. */
function listNode(commands: Commands): DiscoNode {
  return {
    where: 'server',
    is: node => node === commandsNamespace,
    info: () => ({ identities: [automation('command-list', 'Commands')], features: [], extensions: [] }),
    items: ({ from, to }: Envelope) => commands.for(from).map(({ node, name }) => ({ jid: to!, node, name })),
  }
}

/** XEP-0050 §2.2: the node of each command; `forbidden` for whom it is not. */
function commandNode(commands: Commands): DiscoNode {
  return {
    where: 'server',
    is: node => commands.has(node),
    info: ({ from }, node) => ({
      identities: [automation('command-node', commands.permitted(node, from).name)],
      features: [{ var: commandsNamespace }, { var: formNamespace }],
      extensions: [],
    }),
    items(e, node) {
      commands.permitted(node, e.from)
      return []
    },
  }
}
