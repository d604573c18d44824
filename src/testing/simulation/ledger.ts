/** A message that somebody said, and what its sender was told about it. */
export interface Said {
  /** Its id, its origin-id and its body: nothing else is called that. */
  readonly token: string
  /** Bare JID of the sender. */
  readonly from: string
  /** Bare JID of the recipient. */
  readonly to: string
  /** The device that said it: `romeo@one.test/phone`. */
  readonly device: string
  /** Whether it is one that archives keep (XEP-0313 §6.1.1, XEP-0334). */
  readonly kept: boolean
  /** How often it was sent. */
  sent: number
  /** Stream management has told the sender that the server has it. */
  acknowledged: boolean
  /** It was refused, whether or not its sender has heard of it. */
  refused: boolean
  /** Its sender has: it is not sent again. */
  refusedAloud: boolean
}

/** Everything that was said in a run, and what must therefore be so. */
export class Ledger {
  readonly said = new Map<string, Said>()

  say(message: Pick<Said, 'from' | 'to' | 'device' | 'kept'>): Said {
    const token = `m${this.said.size + 1}.`
    const said = {
      ...message,
      token,
      sent: 0,
      acknowledged: false,
      refused: false,
      refusedAloud: false,
    }
    this.said.set(token, said)
    return said
  }
}
