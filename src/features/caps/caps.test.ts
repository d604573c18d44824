import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { base64 } from '../../wire/kinds.ts'
import { parse } from '../../wire/reader.ts'
import { discoInfo, type Info } from '../disco/wire.ts'
import {
  capabilityHash,
  capabilityHashes,
  capsNode,
  entityCaps,
  hashInput,
  hashNode,
  isHashOf,
  isVerified,
  readHashNode,
  verificationInput,
  verificationString,
} from './wire.ts'

const { hash: hashing } = nodeCrypto

// XEP-0115 §6.1, example 1; §13 for one without a hash.
cases(entityCaps, [
  [
    `<presence>
      <c xmlns='http://jabber.org/protocol/caps'
         hash='sha-1'
         node='http://code.google.com/p/exodus'
         ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>
    </presence>`,
    { hash: 'sha-1', node: 'http://code.google.com/p/exodus', ver: 'QgayPKawpkPSDYmwT/WM94uAlu0=' },
  ],
  [
    `<c xmlns='http://jabber.org/protocol/caps' node='http://psi-im.org/caps' ver='0.9' ext='csn'/>`,
    { node: 'http://psi-im.org/caps', ver: '0.9', ext: 'csn' },
  ],
])

const digests = {
  simple: {
    'sha-256': 'kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=',
    'sha3-256': '79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=',
  },
  complex: {
    'sha-256': 'u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=',
    'sha3-256': 'XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg=',
  },
}

// XEP-0390 §5.4, example 6.
cases(capabilityHashes, [
  [
    `<presence from='juliet@capulet.lit'>
      <c xmlns="urn:xmpp:caps">
        <hash xmlns="urn:xmpp:hashes:2" algo="sha-256">${digests.complex['sha-256']}</hash>
        <hash xmlns="urn:xmpp:hashes:2" algo="sha3-256">${digests.complex['sha3-256']}</hash>
      </c>
    </presence>`,
    {
      hashes: [
        { algorithm: 'sha-256', digest: base64.read(digests.complex['sha-256']) },
        { algorithm: 'sha3-256', digest: base64.read(digests.complex['sha3-256']) },
      ],
    },
  ],
])

function info(identities: string, features: readonly string[], forms = ''): Info {
  const list = features.map(feature => `<feature var="${feature}"/>`).join('')
  return discoInfo.read(
    parse(`<query xmlns='http://jabber.org/protocol/disco#info'>${identities}${list}${forms}</query>`),
  )
}

/** A form with these fields, of the type that programs describe themselves with. */
function form(
  fields: string,
  type = "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>",
) {
  return `<x xmlns='jabber:x:data' type='result'>${type}${fields}</x>`
}

const fewFeatures = [
  'http://jabber.org/protocol/muc',
  'http://jabber.org/protocol/disco#items',
  'http://jabber.org/protocol/caps',
  'http://jabber.org/protocol/disco#info',
]

/** XEP-0115 §5.2, the features out of their order. */
const exodus = info(`<identity category='client' type='pc' name='Exodus 0.9.1'/>`, fewFeatures)

/** XEP-0115 §5.3, values and fields out of their order. */
const psi = info(
  `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
   <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>`,
  fewFeatures,
  form(`
    <field var='software_version'><value>0.11</value></field>
    <field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field>
    <field var='os'><value>Mac</value></field>
    <field var='os_version'><value>10.5.1</value></field>
    <field var='software'><value>Psi</value></field>`),
)

test('XEP-0115 §5.2, §5.3: the verification strings of the examples', async () => {
  assert.equal(await verificationString(exodus, 'sha-1', hashing), 'QgayPKawpkPSDYmwT/WM94uAlu0=')
  assert.equal(await verificationString(psi, 'sha-1', hashing), 'q07IKJEyjvHSyhy//CH0CxmKi8w=')
})

test('XEP-0115 §5.4: what is verified, and what is not', async () => {
  const caps = { hash: 'sha-1', node: 'http://psi-im.org', ver: 'q07IKJEyjvHSyhy//CH0CxmKi8w=' }
  assert.equal(capsNode(caps), 'http://psi-im.org#q07IKJEyjvHSyhy//CH0CxmKi8w=')
  assert.equal(await isVerified(caps, psi, hashing), true)
  assert.equal(await isVerified(caps, exodus, hashing), false)
  assert.equal(await isVerified({ ...caps, hash: 'sha-256' }, psi, hashing), false)
  assert.equal(await isVerified({ ...caps, hash: 'md2' }, psi, hashing), false)
  assert.equal(await isVerified({ node: caps.node, ver: caps.ver }, psi, hashing), false)
  const twice = { ...psi, features: [...psi.features, psi.features[0]!] }
  const ver = base64.write(await hashing('sha-1', new TextEncoder().encode('')))
  assert.equal(await isVerified({ ...caps, ver }, twice, hashing), false)
})

const text = (input: Uint8Array) => new TextDecoder().decode(input)
const person = `<identity category='client' type='pc'/>`

test('XEP-0115 §5.4, step 3: ill-formed info has no verification string; forms without a hidden type do not count', () => {
  const nameless = form('<field var="os"><value>Mac</value></field>', '')
  const shown = form('', '<field var="FORM_TYPE"><value>urn:example</value></field>')
  for (const ill of [
    info(person + person, []),
    info(person, ['a', 'b', 'a']),
    info(person, [], form('') + form('<field var="os"/>')),
    info(person, [], form('<field var="FORM_TYPE" type="hidden"><value>urn:example:other</value></field>')),
  ])
    assert.throws(() => verificationInput(ill), Malformed)
  assert.equal(
    text(verificationInput(info(person, ['a'], `${nameless}${shown}<other xmlns='urn:x'/>`))),
    'client/pc//<a<',
  )
})

test('XEP-0115 §5.1: the order is that of bytes, by parts; nothing inside a factor ends it', () => {
  const two = info(`<identity category='a-b' type='x'/><identity category='a' type='x'/>`, [])
  assert.equal(text(verificationInput(two)), 'a/x//<a-b/x//<')
  const wide = info(person, ['\u{1f3e0}', '\uff5e', 'a', 'ab', 'B'])
  assert.equal(text(verificationInput(wide)), 'client/pc//<B<a<ab<\uff5e<\u{1f3e0}<')
  const sly = info(`<identity category='client' type='pc' name='X&lt;urn:evil'/>`, [])
  assert.equal(text(verificationInput(sly)), 'client/pc//X&lt;urn:evil<')
})

/** XEP-0390 §4.5.1. */
const bombus = info(`<identity category="client" name="BombusMod" type="mobile"/>`, [
  'http://jabber.org/protocol/si',
  'http://jabber.org/protocol/bytestreams',
  'http://jabber.org/protocol/chatstates',
  'http://jabber.org/protocol/disco#info',
  'http://jabber.org/protocol/disco#items',
  'urn:xmpp:ping',
  'jabber:iq:time',
  'jabber:iq:privacy',
  'jabber:iq:version',
  'http://jabber.org/protocol/rosterx',
  'urn:xmpp:time',
  'jabber:x:oob',
  'http://jabber.org/protocol/ibb',
  'http://jabber.org/protocol/si/profile/file-transfer',
  'urn:xmpp:receipts',
  'jabber:iq:roster',
  'jabber:iq:last',
])

/** XEP-0390 §4.5.2. */
const tkabber = info(
  `<identity category="client" name="Tkabber" type="pc" xml:lang="en"/>
   <identity category="client" name="Ткаббер" type="pc" xml:lang="ru"/>`,
  [
    'games:board',
    'http://jabber.org/protocol/activity',
    'http://jabber.org/protocol/activity+notify',
    'http://jabber.org/protocol/bytestreams',
    'http://jabber.org/protocol/chatstates',
    'http://jabber.org/protocol/commands',
    'http://jabber.org/protocol/disco#info',
    'http://jabber.org/protocol/disco#items',
    'http://jabber.org/protocol/evil',
    'http://jabber.org/protocol/feature-neg',
    'http://jabber.org/protocol/geoloc',
    'http://jabber.org/protocol/geoloc+notify',
    'http://jabber.org/protocol/ibb',
    'http://jabber.org/protocol/iqibb',
    'http://jabber.org/protocol/mood',
    'http://jabber.org/protocol/mood+notify',
    'http://jabber.org/protocol/rosterx',
    'http://jabber.org/protocol/si',
    'http://jabber.org/protocol/si/profile/file-transfer',
    'http://jabber.org/protocol/tune',
    'http://www.facebook.com/xmpp/messages',
    'http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify',
    'jabber:iq:avatar',
    'jabber:iq:browse',
    'jabber:iq:dtcp',
    'jabber:iq:filexfer',
    'jabber:iq:ibb',
    'jabber:iq:inband',
    'jabber:iq:jidlink',
    'jabber:iq:last',
    'jabber:iq:oob',
    'jabber:iq:privacy',
    'jabber:iq:roster',
    'jabber:iq:time',
    'jabber:iq:version',
    'jabber:x:data',
    'jabber:x:event',
    'jabber:x:oob',
    'urn:xmpp:avatar:metadata+notify',
    'urn:xmpp:ping',
    'urn:xmpp:receipts',
    'urn:xmpp:time',
  ],
  form(`
    <field var="software"><value>Tkabber</value></field>
    <field var="software_version"><value>0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)</value></field>
    <field var="os"><value>Windows</value></field>
    <field var="os_version"><value>XP</value></field>`),
)

test('XEP-0390 §4.5: the capability hashes of the examples', async () => {
  for (const algorithm of ['sha-256', 'sha3-256'] as const) {
    const simple = await capabilityHash(bombus, algorithm, hashing)
    const complex = await capabilityHash(tkabber, algorithm, hashing)
    assert.equal(base64.write(simple.digest), digests.simple[algorithm])
    assert.equal(base64.write(complex.digest), digests.complex[algorithm])
    assert.equal(await isHashOf(simple, bombus, hashing), true)
    assert.equal(await isHashOf(simple, tkabber, hashing), false)
    assert.equal(await isHashOf({ ...simple, algorithm: 'md2' }, bombus, hashing), false)
  }
  const ill = { ...bombus, extensions: [parse('<x xmlns="urn:x"/>')] }
  assert.equal(await isHashOf(await capabilityHash(bombus, 'sha-256', hashing), ill, hashing), false)
})

test('XEP-0390 §4.1: a language that is not written is that of what is around', () => {
  assert.equal(text(hashInput(info(person, []), 'de')), '\u001cclient\u001fpc\u001fde\u001f\u001f\u001e\u001c\u001c')
  assert.deepEqual(hashInput(tkabber, 'de'), hashInput(tkabber))
})

test('XEP-0390 §4.1, steps 1 to 3: what has no place in the hash', () => {
  for (const forms of [
    '<x xmlns="urn:x"/>',
    form('', ''),
    form('', '<field var="FORM_TYPE"><value>urn:example</value></field>'),
    form('<reported/>'),
    form('<item/>'),
  ])
    assert.throws(() => hashInput(info(person, [], forms)), Malformed, forms)
})

test('XEP-0390 §4.3: nodes name a hash, both ways', () => {
  const hash = { algorithm: 'sha-256', digest: base64.read(digests.complex['sha-256']) }
  const node = `urn:xmpp:caps#sha-256.${digests.complex['sha-256']}`
  assert.equal(hashNode(hash), node)
  assert.deepEqual(readHashNode(node), hash)
  assert.equal(readHashNode('urn:xmpp:caps#x.y.AAAA')!.algorithm, 'x.y')
  for (const other of [
    '',
    'urn:xmpp:caps#',
    'urn:xmpp:caps#.AAAA',
    'urn:xmpp:caps#sha-256',
    'urn:xmpp:caps#a.?',
    `x${node}`,
  ])
    assert.equal(readHashNode(other), undefined, other)
})
