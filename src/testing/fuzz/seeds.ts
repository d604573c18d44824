import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Streams of one kind begin like this; what comes inside may use the prefixes. */
export const headers = [
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0'>",
  `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`,
  "<?xml version='1.0' encoding='UTF-8' ?>\n<stream:stream\n  xml:lang='en'\n  xmlns:stream='http://etherx.jabber.org/streams'\n  xmlns:db='jabber:server:dialback'\n  xmlns='jabber:client'>\n",
  "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>",
] as const

/** What examples have too seldom: everything that a reader might get wrong. */
const own = [
  "<message to='u1@localhost/r' from='u2@localhost/r' type='chat' id='x'><body>Good night, good night!</body><no-store xmlns='urn:xmpp:hints'/></message>",
  '<presence/>',
  '<presence></presence >',
  "<iq type='result' id='1'/>",
  '<message><body>1 &lt; 2 &amp;&amp; 3 &gt; 2 &quot;&apos;&#65;&#x1F600;</body></message>',
  '<message><body><![CDATA[<b>&amp;]]]]><![CDATA[>]]></body></message>',
  '<message><body>grüß 日本語 😀 ﻿ ]] > ]&gt;</body></message>',
  '<message\n\tto = \'a@b\' \r\n from\n=\n"c@d"\n><body\n>\r\nx\r\n\r</body\n></message\n>',
  "<message a='  1\t2\n3\r\n4&#9;&#10;&#13; '/>",
  "<a:x xmlns:a='urn:a' a:b='1' b='2'><a:y xmlns:a='urn:b' a:b='3'/><z xmlns=''><z/></z></a:x>",
  "<x xmlns='urn:x' xmlns:p='urn:p' xmlns:q='urn:q' p:a='1' q:a='2' a='3' xml:lang='de' xml:space='preserve'><p:y/><q:y/></x>",
  "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
  "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>",
  "<message><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='a'><body>in</body></message></forwarded></message>",
  '<é ö="ä"><_-.1 x·y="1"/></é>',
  `<deep>${'<d>'.repeat(40)}x${'</d>'.repeat(40)}</deep>`,
  `<wide ${Array.from({ length: 30 }, (_, index) => `a${index}='${index}'`).join(' ')}/>`,
  " \n\t\r\n <r xmlns='urn:xmpp:sm:3'/> ",
]

/** Pieces of streams to begin with: our own, examples from the XEPs, and all XEPs' where a folder of them is given. */
export function seeds(folder?: string): string[] {
  const corpus = readFileSync(new URL('corpus.txt', import.meta.url), 'utf8').split('\n---\n')
  const list = [...own, ...own, ...corpus]
  if (folder === undefined) return list
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.md')) continue
    for (const [, block] of readFileSync(join(folder, name), 'utf8').matchAll(/```xml\n([\s\S]*?)```/g))
      if (block !== undefined && block.length < 3000) list.push(block)
  }
  return list
}
