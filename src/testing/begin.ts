import { sasl2 } from '../features/sasl2/wire.ts'
import type { Link } from '../link/link.ts'
import type { ClientTls } from '../runtime/runtime.ts'
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { ClientStream } from './client-stream.ts'
import type { Beginner } from './play.ts'

/** A script's own connection over a fresh link; `tls` is for when the script starts it. */
export function beginner(link: Link, jid: string, tls: ClientTls): Beginner {
  const stream = new Beginning(link, jid)
  const domain = jid.slice(jid.indexOf('@') + 1)
  let begun = false
  link.start(stream)
  return {
    get jid() {
      return stream.jid
    },
    begin() {
      if (begun) link.restart()
      begun = true
      stream.begin(domain, link.encrypted ? jid : undefined)
    },
    secure: () => link.secure(tls),
    send: xml => stream.send(xml),
    receive: () => stream.receive(),
    disconnect: () => stream.disconnect(),
  }
}

/** A stream that learns its full JID from what it reads (RFC 6120 §7.6.1, XEP-0388 §2.6.1). */
class Beginning extends ClientStream {
  constructor(link: Link, jid: string) {
    super(link)
    this.jid = jid
  }

  override element(element: Element): void {
    const bound = element.child('bind', ns.bind)?.child('jid')
    const account = element.is('success', sasl2) ? element.child('authorization-identifier', sasl2) : undefined
    this.jid = (bound ?? account)?.text ?? this.jid
    super.element(element)
  }
}
