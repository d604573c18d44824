import { AccountError } from '../../server/accounts.ts'
import type { Answer } from '../../server/command.ts'
import type { Host } from '../../server/host.ts'
import { StanzaError } from '../../wire/errors.ts'
import type { Form } from '../../wire/form.ts'
import type { Jid } from '../../wire/jid.ts'
import type { AdHocCommand, Note, Outcome } from '../commands/exports.ts'
import { adminNamespace } from './wire.ts'

type Values = Readonly<Record<string, string | undefined>>

/** Does what an operator's command does. Rejects as that does. */
export async function operate(host: Host, command: string, values: Values = {}): Promise<Answer> {
  return host.shared
    .commands()
    .find(({ words }) => words.join(' ') === command)!
    .run(values)
}

/** A command of XEP-0133 that needs nothing but its name: its end of the node, and what menus call it. */
export function telling(node: string, name: string, run: () => Promise<Outcome>): AdHocCommand {
  return { node: `${adminNamespace}#${node}`, name, begin: () => refusing(run) }
}

/** A command of XEP-0133 with a form. `known` is what already stands in it. */
export function asking<V>(
  node: string,
  name: string,
  form: Form<V>,
  run: (values: V) => Promise<Outcome>,
  known: () => Promise<Partial<V>> = async () => ({}),
): AdHocCommand {
  return {
    node: `${adminNamespace}#${node}`,
    name,
    begin: () =>
      refusing(async () => ({
        form: form.render(await known()),
        actions: ['complete'],
        submit: filled => refusing(() => run(form.read(filled)!)),
      })),
  }
}

/** Nothing more is said than that it is done. */
export async function done(step: Promise<unknown>): Promise<Outcome> {
  await step
  return {}
}

/**
 * Does it for each, in their order. Where there is one, its refusal is the answer; of several each is tried, and those
 * that failed are told.
 */
export async function forEach(jids: readonly Jid[], run: (jid: Jid) => Promise<Outcome>): Promise<Outcome> {
  if (jids.length === 1) return run(jids[0]!)
  const notes: Note[] = []
  const payload: NonNullable<Outcome['payload']>[number][] = []
  for (const jid of jids) {
    try {
      const outcome = await run(jid)
      notes.push(...(outcome.notes ?? []))
      payload.push(...(outcome.payload ?? []))
    } catch (error) {
      if (!(error instanceof AccountError)) throw error
      notes.push({ type: 'error', text: error.message })
    }
  }
  return { notes, payload }
}

/** XEP-0133 §5: what cannot be done is a stanza error. */
async function refusing<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof AccountError) throw new StanzaError(error.condition, { text: error.message })
    throw error
  }
}
