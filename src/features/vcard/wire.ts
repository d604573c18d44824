import { element } from '../../wire/codec.ts'

/** `<vCard/>` (XEP-0054 §3); what stands in it is the clients' business, and is kept as it came. */
export const vCard = element('vcard-temp', 'vCard', {})
