import { list, Misfit, type SettingKind, setting } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { discoForms } from '../disco/exports.ts'
import { contactForm } from './wire.ts'

/** RFC 3986 §3, and no character that XML would not carry. */
const uri: SettingKind<string> = {
  name: 'a URI of at most 2000 characters',
  example: '"mailto:xmpp@example.org" or "xmpp:admin@example.org"',
  read(value) {
    if (typeof value === 'string' && value.length <= 2000 && /^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(value)) return value
    const found = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : `a ${typeof value}`
    throw new Misfit(`must be ${uri.name}, such as ${uri.example}, not ${found}`)
  },
}

const addresses = (manual: string) => setting(list(uri), [] as readonly string[], manual)

/** Whom to write to about the service, in its disco#info (XEP-0157). */
export default feature({
  name: 'contact',
  xeps: [{ number: 157, version: '1.1.1' }],
  config: {
    abuse: addresses('Where to report abuse of this service.'),
    admin: addresses('How to reach those who run this service.'),
    feedback: addresses('Where to say what one thinks of this service.'),
    sales: addresses('Whom to ask about buying something.'),
    security: addresses('Where to report a weakness in the security of this service.'),
    status: addresses('Where one sees whether this service is in order.'),
    support: addresses('Where those who use this service find help.'),
  },
  start({ config }) {
    const some = Object.values(config).some(list => list.length > 0)
    return some ? [discoForms.add(contactForm(config))] : []
  },
})
