import type { Player } from '../../testing/play.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { dataForm, plainField } from '../../wire/form.ts'
import { ns } from '../../wire/namespaces.ts'
import { discoInfo, discoItems } from '../disco/wire.ts'
import { type CommandAnswer, commandAnswer, commandsNamespace } from './wire.ts'

/** Values of a form by their fields' names. */
export type Said = Readonly<Record<string, string | readonly string[]>>

/** What a request says beside the node: attributes as they are, and a form that was filled in. */
export interface Asked {
  readonly action?: string
  readonly sessionid?: string
  readonly lang?: string
  readonly form?: Said | Element
}

/** A client that executes commands at a host; what is refused rejects with the StanzaError of the answer. */
export class Executor {
  readonly #player: Player
  readonly #host: string
  #count = 0

  constructor(player: Player, host = 'localhost') {
    this.#player = player
    this.#host = host
  }

  async execute(node: string, { action, sessionid, lang, form }: Asked = {}): Promise<CommandAnswer> {
    const attributes = Object.entries({ node, action, sessionid, 'xml:lang': lang }).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    )
    const payload = form === undefined ? [] : [form instanceof Element ? form : filled(form)]
    const answer = await this.#ask('set', new Element('command', commandsNamespace, attributes, payload))
    return commandAnswer.of(answer)!
  }

  /** Begins a command and submits its form. */
  async fill(node: string, form: Said): Promise<CommandAnswer> {
    const { sessionid } = await this.execute(node)
    return this.execute(node, { sessionid: sessionid!, form })
  }

  async items(node: string) {
    return discoItems.of(await this.#ask('get', discoItems.write({ node, items: [] })))!.items
  }

  async info(node: string) {
    const query = discoInfo.write({ node, identities: [], features: [], extensions: [] })
    return discoInfo.of(await this.#ask('get', query))!
  }

  async #ask(type: 'get' | 'set', payload: Element): Promise<Element> {
    const id = `e${++this.#count}`
    this.#player.send(
      new Element('iq', ns.client, ['type', type, 'id', id, 'to', this.#host], [payload]).xml(ns.client),
    )
    for (;;) {
      const answer = await this.#player.receive()
      if (answer.attribute('id') !== id) continue
      if (answer.attribute('type') === 'error') throw StanzaError.from(answer)
      return answer
    }
  }
}

/** A form that was filled in with these values. */
export function filled(said: Said): Element {
  const fields = Object.entries(said).map(([name, values]) =>
    plainField({ name, values: typeof values === 'string' ? [values] : values }),
  )
  return dataForm.write({ type: 'submit', instructions: [], fields, items: [] })
}

/** The values of the first form of an answer. */
export function formOf(answer: CommandAnswer): Record<string, readonly string[]> {
  const form = dataForm.read(answer.payload.find(dataForm.is)!)
  return Object.fromEntries(form.fields.map(({ name, values }) => [name ?? '', values]))
}

/** For `assert.rejects`: the condition, XEP-0050's own if there is one, and what its text is like. */
export function refusal(condition: string, application?: string, text = /./) {
  return (error: unknown) =>
    error instanceof StanzaError &&
    error.condition === condition &&
    error.application?.name === application &&
    (application === undefined || error.application?.namespace === commandsNamespace) &&
    text.test(error.text ?? '')
}
