import { element, rest } from '../../wire/codec.ts'

/** `<query/>` of private XML storage (XEP-0049 §2): what is stored, asked for, or found. */
export const privateQuery = element('jabber:iq:private', 'query', { elements: rest() })
