import { type Access, type Actions, type Carrier, type Client, type Kind, type Login, Refused } from './client.ts'
import type { StanzaClient } from './stanza-client.ts'

/** Who and what an ability is tried with. */
export interface Scene {
  readonly kind: Kind
  readonly host: string
  /** Bare JID of the client under test. */
  readonly me: string
  /** Bare JID of the other account. */
  readonly other: string
  /** The client under test, logged in; a new one after `again`. */
  readonly client: () => Client & Actions
  readonly login: () => Login
  /** Another client, logged in to the other account. */
  readonly friend: StanzaClient
  /** Another client's session of the client's own account, without presence. */
  readonly twin: () => Promise<StanzaClient>
  /** The client logs in once more, in a new process. */
  readonly again: (change?: Partial<Access>) => Promise<Client>
  /** Cuts the client's connection without a word: the server does not notice. */
  readonly cut: () => void
  /** A further client of the kind, with a login to try. It is ended by itself. */
  readonly stranger: (carrier: Carrier, trusted: boolean) => Promise<Login>
}

/** A row of the table. */
export interface Ability {
  readonly name: string
  /** What is done and seen, for the reader of the table. */
  readonly means: string
  /** The feature that the server announces for it. */
  readonly needs?: string
  /** What was seen; rejects where it was wrong. */
  readonly look: (scene: Scene) => Promise<string>
}

const greeting = 'But, soft! <what> light & "so"?'
const answer = 'Ay me! Ünicöde'
const waiting = 'Three words, dear Romeo'

/** What to do to see that a client refused for the certificate's sake. */
async function refusedCertificate(attempt: Promise<Login>): Promise<string> {
  const why = await attempt.then(
    () => undefined,
    (error: Error) => error,
  )
  if (why === undefined) throw new Error('it logged in to a server that it cannot trust')
  if (!(why instanceof Refused)) throw why
  if (!/certificate|self.signed|unable to get|verif|issuer|authority/i.test(why.message))
    throw new Error(`it refused for another reason: ${why.message}`)
  return why.message
}

/** The abilities, in the order in which they are tried. */
export const abilities: readonly Ability[] = [
  {
    name: 'STARTTLS',
    means: 'logs in over a stream that it has secured with STARTTLS, the certificate verified by a given authority',
    look: async ({ login }) => login().tls || 'secured',
  },
  {
    name: 'certificate',
    means: 'does not log in, and says why, where the certificate is not signed by that authority',
    look: ({ stranger }) => refusedCertificate(stranger('STARTTLS', false)),
  },
  {
    name: 'direct TLS',
    means: 'logs in over TLS from the first byte (XEP-0368), and refuses another authority there too',
    look: async ({ stranger }) => {
      const { tls } = await stranger('direct TLS', true)
      await refusedCertificate(stranger('direct TLS', false))
      return tls || 'secured'
    },
  },
  {
    name: 'SCRAM',
    means: 'logs in by a mechanism that does not show its password (RFC 5802)',
    look: async ({ login }) => {
      const { mechanism } = login()
      if (!mechanism.startsWith('SCRAM-')) throw new Error(`it logged in by ${mechanism}`)
      return mechanism
    },
  },
  {
    name: 'chat',
    means: 'says something and hears the answer, with characters that XML must escape and others that are not ASCII',
    look: async ({ client, friend, me, other }) => {
      await client().say(other, greeting)
      await friend.hears(me, greeting)
      await friend.say(me, answer)
      await client().hears(other, answer)
      return answer
    },
  },
  {
    name: 'subscriptions',
    means: 'asks for a contact’s presence and is asked for its own, both are granted, each sees the other come online',
    look: async ({ client, friend, me, other }) => {
      await client().subscribe(other)
      await friend.accept(me)
      await client().accepted(other)
      await client().sees(other, 'online')
      await friend.subscribe(me)
      await client().accept(other)
      await friend.accepted(me)
      await friend.sees(me, 'online')
      return 'both ways'
    },
  },
  {
    name: 'presence',
    means: 'tells that it is away and why, and sees the same of a contact',
    look: async ({ client, friend, me, other }) => {
      await client().present('away', 'In the orchard')
      await friend.sees(me, 'away', 'In the orchard')
      await client().present('online', '')
      await friend.sees(me, 'online')
      await friend.present('dnd', 'At the feast')
      await client().sees(other, 'dnd', 'At the feast')
      return 'away, dnd'
    },
  },
  {
    name: 'roster',
    means: 'gives a contact a name and a group, and sees the push when another session of the account changes them',
    look: async ({ client, twin, other }) => {
      await client().arrange(other, 'Rose', 'Capulets')
      await (await twin()).fetches(other, 'Rose', 'Capulets')
      await (await twin()).arrange(other, 'Rosaline', 'Verona')
      await client().lists(other, 'Rosaline', 'Verona')
      return 'Rosaline in Verona'
    },
  },
  {
    name: 'disco',
    means: 'asks the server what it can (XEP-0030)',
    needs: 'http://jabber.org/protocol/disco#info',
    look: async ({ client, host }) => {
      await client().discovers(host, 'urn:xmpp:ping')
      return 'urn:xmpp:ping'
    },
  },
  {
    name: 'ping',
    means: 'pings the server (XEP-0199)',
    needs: 'urn:xmpp:ping',
    look: async ({ client, host }) => {
      await client().pings(host)
      return 'answered'
    },
  },
  {
    name: 'chat states',
    means: 'tells a contact that it is writing, and sees the same of the contact (XEP-0085)',
    look: async ({ client, friend, me, other }) => {
      // Some tell only those of whom they have seen a state (XEP-0085 §5.1), and some show it only in an open window.
      await friend.composes(me)
      await client().composes(other)
      await friend.seesComposing(me)
      await friend.composes(me)
      await client().seesComposing(other)
      return 'composing'
    },
  },
  {
    name: 'receipts',
    means: 'sees that a contact has received its message, and lets the contact see it in turn (XEP-0184)',
    look: async ({ client, friend, me, other }) => {
      await client().saysForReceipt(other, 'It was the nightingale')
      await friend.saysForReceipt(me, 'It was the lark')
      return 'both ways'
    },
  },
  {
    name: 'carbons',
    means: 'sees what another session of the same account sends and receives (XEP-0280)',
    needs: 'urn:xmpp:carbons:2',
    look: async ({ client, twin, friend, me, other }) => {
      const second = await twin()
      await client().enableCarbons()
      await second.say(other, 'I take thee at thy word')
      await friend.hears(me, 'I take thee at thy word')
      await client().seesCarbon('sent', other, 'I take thee at thy word')
      await friend.say(second.fullJid, 'How cam’st thou hither')
      await second.hears(other, 'How cam’st thou hither')
      await client().seesCarbon('received', other, 'How cam’st thou hither')
      return 'sent and received'
    },
  },
  {
    name: 'own vCard',
    means: 'publishes a vCard that a contact reads (XEP-0054)',
    needs: 'vcard-temp',
    look: async ({ client, friend, me }) => {
      await client().publishes('Romeo Montague')
      await friend.reads(me, 'Romeo Montague')
      return 'Romeo Montague'
    },
  },
  {
    name: 'others’ vCard',
    means: 'reads the vCard of a contact (XEP-0054)',
    needs: 'vcard-temp',
    look: async ({ client, friend, other }) => {
      await friend.publishes('Juliet Capulet')
      await client().reads(other, 'Juliet Capulet')
      return 'Juliet Capulet'
    },
  },
  {
    name: 'blocking',
    means:
      'blocks a contact, who then sees it offline and gets messages back, finds it in the list, and unblocks it (XEP-0191)',
    needs: 'urn:xmpp:blocking',
    look: async ({ client, friend, me, other }) => {
      await client().block(other)
      await friend.sees(me, 'offline')
      await friend.say(me, 'Wilt thou be gone?')
      const condition = await friend.bounced(me)
      await client().blocks(other)
      await client().unblock(other)
      await friend.sees(me, 'online')
      await friend.say(me, 'It is not yet near day')
      await client().hears(other, 'It is not yet near day')
      return condition
    },
  },
  {
    name: 'private XML',
    means: 'keeps something in the account’s private storage and reads it again (XEP-0049)',
    needs: 'jabber:iq:private',
    look: async ({ client, twin, host }) => {
      const text = `capels@${host}`
      const place = await client().keeps(text)
      await (await twin()).keptIn(text, place)
      await client().kept(text)
      return `${place.name} of ${place.namespace}`
    },
  },
  {
    name: 'last activity',
    means: 'asks the server how long it has been up (XEP-0012)',
    needs: 'jabber:iq:last',
    look: async ({ client, host }) => {
      const seconds = await client().lastActivity(host)
      if (!(seconds >= 0 && seconds < 3600)) throw new Error(`it saw ${seconds} seconds`)
      return 'less than an hour'
    },
  },
  {
    name: 'version',
    means: 'asks the server for the name of its software (XEP-0092)',
    needs: 'jabber:iq:version',
    look: async ({ client, friend, host }) => {
      const [seen, name] = [await client().version(host), await friend.version(host)]
      if (seen !== name) throw new Error(`it saw ${seen}, not ${name}`)
      return name
    },
  },
  {
    name: 'time',
    means: 'asks the server for its time (XEP-0202)',
    needs: 'urn:xmpp:time',
    look: async ({ client, host }) => {
      const seen = await client().time(host)
      const off = Math.abs(Date.parse(seen) - Date.now())
      if (!(off < 120_000)) throw new Error(`it saw ${seen}`)
      return 'right within two minutes'
    },
  },
  {
    name: 'archive',
    means: 'reads a conversation in its archive, page by page, with what another client said last (XEP-0313, XEP-0059)',
    needs: 'urn:xmpp:mam:2',
    look: async ({ client, friend, me, other }) => {
      const said = ['What man art thou', 'that, thus bescreened in night,', 'so stumblest', 'on my counsel?']
      for (const text of said) {
        await friend.say(me, text)
        await client().hears(other, text)
      }
      const { pages, bodies } = await client().archived(other, 3)
      if (bodies.slice(-said.length).join() !== said.join()) throw new Error(`it read ${bodies.join(' | ')}`)
      if (pages < Math.ceil(bodies.length / 3)) throw new Error(`it read ${bodies.length} messages in ${pages} pages`)
      return `${bodies.length} messages in ${pages} pages`
    },
  },
  {
    name: 'resumption',
    means:
      'loses its connection without a word, comes back and goes on in the same session (XEP-0198): it has what was said meanwhile, and no contact saw it leave',
    look: async ({ client, friend, me, other, cut }) => {
      const before = friend.departures(me)
      cut()
      await friend.say(me, 'Hist! Romeo, hist!')
      await friend.pings(other)
      await client().resumes()
      await client().hears(other, 'Hist! Romeo, hist!', 'perhaps')
      await client().say(other, 'It is my soul')
      await friend.hears(me, 'It is my soul')
      if (friend.departures(me) !== before) throw new Error('a contact saw it leave')
      return 'the same session'
    },
  },
  {
    name: 'token',
    means:
      'logs in by SASL2 (XEP-0388), and comes back by the token that it was given, without its password (XEP-0484)',
    look: async ({ client, friend, me, other, cut }) => {
      cut()
      const mechanism = await client().returns()
      if (!mechanism.startsWith('HT-')) throw new Error(`it came back by ${mechanism}`)
      await client().say(other, 'I come, anon')
      await friend.hears(me, 'I come, anon')
      return mechanism
    },
  },
  {
    name: 'offline messages',
    means:
      'leaves, which a contact sees, comes back and has what the contact said meanwhile, with its delay (XEP-0203)',
    look: async ({ client, friend, me, other, kind, again }) => {
      await client().leave()
      if (!kind.cannot['presence']) await friend.sees(me, 'offline')
      await friend.say(me, waiting)
      await friend.pings(other)
      await again()
      await client().hears(other, waiting, true)
      return waiting
    },
  },
  {
    name: 'password',
    means: 'changes its password, and logs in with the new one (XEP-0077)',
    needs: 'jabber:iq:register',
    look: async ({ client, again }) => {
      await client().changePassword('a rose by any other name')
      await client().leave()
      await again({ password: 'a rose by any other name' })
      return 'changed'
    },
  },
]
