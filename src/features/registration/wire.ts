import { element, flag, type Infer, leaf, maybe, rest } from '../../wire/codec.ts'
import { Malformed } from '../../wire/errors.ts'
import { type Form, form, formNamespace, textPrivate, textSingle } from '../../wire/form.ts'
import { text } from '../../wire/kinds.ts'

const namespace = 'jabber:iq:register'

/** What is asked and told about an account (XEP-0077 §3); a data form is among `more`. */
export const registerQuery = element(namespace, 'query', {
  registered: flag(),
  instructions: maybe(leaf(text)),
  username: maybe(leaf(text)),
  password: maybe(leaf(text)),
  remove: flag(),
  more: rest(),
})
export type RegisterQuery = Infer<typeof registerQuery>

/** The stream feature (XEP-0077 §8). */
export const registerFeature = element('http://jabber.org/features/iq-register', 'register', {})

const fields = {
  username: textSingle('User name', { required: true }),
  password: textPrivate('Password', { required: true }),
}

/** The form of a new account (XEP-0077 §4). */
export const registrationForm = form(namespace, fields, { title: 'Account registration' })

/** The form of a new password (XEP-0077 §3.3). */
export const passwordForm = form(`${namespace}:changepassword`, fields, { title: 'Password change' })

type Credentials = { readonly username: string; readonly password: string }

/**
 * What a request names: the form where there is one (XEP-0077 §6), else the fields of old. Throws `Malformed` with a
 * sentence where one of both is missing or empty.
 */
export function credentialsOf(query: RegisterQuery, expected: Form<Credentials>): Credentials {
  const data = query.more.find(one => one.is('x', formNamespace))
  if (data !== undefined) {
    const filled = expected.read(data)
    if (filled === undefined) throw new Malformed('The form was cancelled.')
    return filled
  }
  const { username, password } = query
  if (!username) throw new Malformed('The user name is missing.')
  if (!password) throw new Malformed('The password is missing.')
  return { username, password }
}
