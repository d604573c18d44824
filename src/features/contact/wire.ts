import type { Element } from '../../wire/element.ts'
import { dataForm, formType, formTypeOf, plainField } from '../../wire/form.ts'

/** What somebody may want to write to a service about: the fields of XEP-0157 §7.1 without their `-addresses`. */
export const concerns = ['abuse', 'admin', 'feedback', 'sales', 'security', 'status', 'support'] as const
export type Concern = (typeof concerns)[number]

/** URIs by concern; one that is not there, or has none, does not stand in the form. */
export type ContactAddresses = { readonly [C in Concern]?: readonly string[] }

const serverInfo = 'http://jabber.org/network/serverinfo'

/** The form of contact addresses, for a service's disco#info (XEP-0157 §3). */
export function contactForm(addresses: ContactAddresses): Element {
  const fields = concerns
    .map(concern => plainField({ name: `${concern}-addresses`, values: addresses[concern] ?? [] }))
    .filter(field => field.values.length > 0)
  const head = plainField({ name: formType, type: 'hidden', values: [serverInfo] })
  return dataForm.write({ type: 'result', instructions: [], fields: [head, ...fields], items: [] })
}

/** The addresses in a form of a service's disco#info; undefined where it is about something else. Throws `Malformed`. */
export function readContactForm(element: Element): ContactAddresses | undefined {
  if (!dataForm.is(element)) return undefined
  const form = dataForm.read(element)
  if (formTypeOf(form) !== serverInfo) return undefined
  const entries = concerns.map(concern => {
    const field = form.fields.find(({ name }) => name === `${concern}-addresses`)
    return [concern, field?.values ?? []] as const
  })
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0))
}
