import { element } from '../../wire/codec.ts'

/** The stream feature that says that subscriptions can be approved before they are asked for (RFC 6121 §3.4). */
export const preApproval = element('urn:xmpp:features:pre-approval', 'sub', {})
