import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import { dataForm } from '../../wire/form.ts'
import type { AdHocCommand, Forwards, Outcome, Stage, Step } from './exports.ts'
import type { CommandSession, CommandSessions } from './sessions.ts'
import {
  type CommandAction,
  type CommandAnswer,
  type CommandRequest,
  commandActions,
  commandAnswer,
  commandError,
  commandRequest,
} from './wire.ts'

/** Carries out one request of a command that its sender may execute. Rejects with StanzaError. */
export async function execute(
  host: Host,
  sessions: CommandSessions,
  command: AdHocCommand,
  request: CommandRequest,
  e: Envelope,
): Promise<Element> {
  try {
    return await step(host, sessions, command, request, e)
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    // XEP-0050 §3.7, example 23. slixmpp finds the session of an error by it.
    throw new StanzaError(error.condition, { ...error, about: commandRequest.write({ ...request, payload: [] }) })
  }
}

async function step(
  host: Host,
  sessions: CommandSessions,
  command: AdHocCommand,
  request: CommandRequest,
  e: Envelope,
): Promise<Element> {
  checkLanguage(request.lang)
  const action = actionOf(request.action)
  if (request.sessionid === undefined) {
    // XEP-0050 §4.1: all but the first request name their session.
    if (action !== 'execute') throw commandError('bad-sessionid', `"${action}" is for a session that was begun.`)
    const session = sessions.begin(e.from, command.node)
    return take(host, sessions, session, () => command.begin(e))
  }
  const session = sessions.find(request.sessionid, e.from, command.node)
  if (session.busy) throw commandError('bad-action', 'The last request of this session is still being carried out.')
  if (action === 'cancel') {
    sessions.end(session)
    return answered(session, { status: 'canceled', notes: [], payload: [] })
  }
  if (action === 'prev') return back(session)
  const stage = session.stages.at(-1)!
  const chosen = action === 'execute' ? stage.actions[0] : action
  if (!stage.actions.includes(chosen)) throw commandError('bad-action', `"${chosen}" is not possible at this stage.`)
  const form = submitted(request.payload)
  return take(host, sessions, session, () => stage.submit(form, chosen), form)
}

/** Takes a step and answers with what comes of it. */
async function take(
  host: Host,
  sessions: CommandSessions,
  session: CommandSession,
  taken: () => Step | Promise<Step>,
  form?: Element,
): Promise<Element> {
  const first = session.stages.length === 0
  session.busy = true
  let next: Step
  try {
    next = await taken()
  } catch (error) {
    const lasting = !first && (error instanceof Malformed || error instanceof StanzaError)
    if (!lasting) sessions.end(session)
    if (error instanceof Malformed) throw commandError('bad-payload', error.message)
    log(host, session, error instanceof StanzaError ? error.condition : 'fault')
    throw error
  } finally {
    session.busy = false
  }
  if ('submit' in next) {
    if (form !== undefined) keep(session, form)
    session.stages.push(next)
    return shown(session)
  }
  sessions.end(session)
  log(host, session, next.notes?.some(({ type }) => type === 'error') ? 'failed' : 'done')
  return completed(session, next)
}

/** One line for each command that was executed: who, which and how it ended, never what was in the form. */
function log(host: Host, { who, node }: CommandSession, outcome: string): void {
  host.shared.log('info', 'command executed', { who: who.full, host: host.domain.full, command: node, outcome })
}

function back(session: CommandSession): Element {
  if (session.stages.length < 2) throw commandError('bad-action', 'There is no stage before this one.')
  session.stages.pop()
  return shown(session)
}

/** XEP-0050 §2.4.2, example 17: who comes back finds the form as it was filled in, but for what is not shown. */
function keep(session: CommandSession, form: Element): void {
  const stage = session.stages.pop()!
  const said = new Map(dataForm.read(form).fields.map(({ name, values }) => [name, values]))
  const asked = dataForm.read(stage.form)
  const fields = asked.fields.map(field => {
    const values = field.type === 'text-private' || field.type === 'fixed' ? undefined : said.get(field.name)
    return values === undefined ? field : { ...field, values }
  })
  session.stages.push({ ...stage, form: dataForm.write({ ...asked, fields }) })
}

function shown(session: CommandSession): Element {
  const { form, notes = [], actions }: Stage = session.stages.at(-1)!
  const can = (action: Forwards) => actions.includes(action)
  return answered(session, {
    status: 'executing',
    // XEP-0050 §3.4: `execute` names one of those that stand there.
    actions: { execute: actions[0], prev: session.stages.length > 1, next: can('next'), complete: can('complete') },
    payload: [form],
    notes,
  })
}

function completed(session: CommandSession, { notes = [], payload = [] }: Outcome): Element {
  return answered(session, { status: 'completed', notes, payload })
}

function answered({ id, node }: CommandSession, answer: Omit<CommandAnswer, 'node' | 'sessionid' | 'lang'>): Element {
  return commandAnswer.write({ node, sessionid: id, lang: 'en', ...answer })
}

/** The form among the payload; XEP-0050 §3.5.1: one that is cancelled counts as submitted. */
function submitted(payload: readonly Element[]): Element {
  const form = payload.find(dataForm.is)
  if (form === undefined) throw commandError('bad-payload', 'The form of this stage is missing.')
  const type = form.attribute('type')
  if (type === 'submit') return form
  if (type === 'cancel') return form.with('type', 'submit')
  throw commandError('bad-payload', 'The form must be one filled in, of the type "submit".')
}

function actionOf(action: string = 'execute'): CommandAction {
  const known = commandActions.find(one => one === action)
  if (known === undefined) throw commandError('malformed-action', `There is no action "${action.slice(0, 40)}".`)
  return known
}

/**
 * XEP-0050 §3.7: only English is spoken here. Who asks for something else on the command itself is told so; the
 * language of the IQ may be merely that of the stream, and must not lock anybody out.
 */
function checkLanguage(lang = 'en'): void {
  if (!/^(en(-.*)?|i-default|)$/i.test(lang)) throw commandError('bad-locale', 'Only English is spoken here.')
}
