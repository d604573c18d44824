import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cuts, type ReadingOptions, readings } from '../testing/reading.ts'

const streams = 'http://etherx.jabber.org/streams'
const header = `<stream:stream xmlns='jabber:client' xmlns:stream='${streams}'>`
const opened = `opened <stream xmlns="${streams}"/>  jabber:client stream ${streams}`
const client = 'xmlns="jabber:client"'

/** What is read is the same whole, cut in two anywhere, and byte by byte. */
function reads(input: string | Uint8Array, expected: string[], options: ReadingOptions = {}): void {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  assert.deepEqual(readings([bytes], options).events, expected, `${input}`)
  for (const chunks of cuts(bytes)) assert.deepEqual(readings(chunks, options).events, expected, `${input}, cut`)
}

/** The same inside a stream. */
function inside(input: string, ...expected: string[]): void {
  reads(header + input, [opened, ...expected])
}

function bytes(...parts: (string | number[])[]): Uint8Array {
  return Buffer.concat(parts.map(part => Buffer.from(part as string)))
}

test('a stream: header, first-level elements with white space between, and its end', () => {
  reads(
    `<?xml version='1.0' encoding="utf-8" ?>\n<stream:stream to='a.example' version='1.0' xml:lang='en' xmlns="jabber:client" xmlns:stream='${streams}' >\n <presence/>\t\n\r\n<iq type='get'><q xmlns='q'/></iq></stream:stream >\n<later/>`,
    [
      `opened <stream xmlns="${streams}" to="a.example" version="1.0" xml:lang="en"/>  jabber:client stream ${streams}`,
      `<presence ${client}/>`,
      `<iq ${client} type="get"><q xmlns="q"/></iq>`,
      'closed',
    ],
  )
})

test('a stream whose default namespace is that of streams (RFC 6120 §4.8.2)', () => {
  reads(`<stream xmlns='${streams}'><features/><message xmlns='jabber:client'><body/></message></stream>`, [
    `opened <stream xmlns="${streams}"/>  ${streams}`,
    `<features xmlns="${streams}"/>`,
    `<message ${client}><body/></message>`,
    'closed',
  ])
})

test('a stream that is closed at once', () => {
  reads(`<stream:stream xmlns:stream='${streams}'/><a/>`, [
    `opened <stream xmlns="${streams}"/> stream ${streams}`,
    'closed',
  ])
})

test('nothing is read behind the end of a stream', () => {
  reads(bytes(header, '</stream:stream>', [0xff, 0x00], '<'), [opened, 'closed'])
})

test('headers that are none', () => {
  reads("<stream:stream xmlns='jabber:client'>", ['failed not-well-formed'])
  reads("<stream:stream xmlns:stream='http://wrong.example/'>", ['failed invalid-namespace'])
  reads(`<flow xmlns='${streams}'>`, ['failed bad-format'])
  reads('GET / HTTP/1.1\r\n', ['failed not-well-formed'])
  reads(`\ufeff${header}`, ['failed not-well-formed'])
  reads('</stream>', ['failed not-well-formed'])
  reads('<![CDATA[a]]>', ['failed not-well-formed'])
})

test('the XML declaration (XML 1.0 §2.8, RFC 6120 §11.5, §11.6)', () => {
  reads(` \n<?xml version="1.0"?>${header}`, [opened])
  reads(`<?xml\tversion = '1.0' encoding = 'Utf-8' standalone='no'?>${header}`, [opened])
  reads(`<?xml version='1.0' encoding='UTF-16'?>${header}`, ['failed unsupported-encoding'])
  reads(`<?xml version='1.0' encoding='ISO-8859-1'?>${header}`, ['failed unsupported-encoding'])
  reads(`<?xml version='1.1'?>${header}`, ['failed bad-format'])
  for (const wrong of [
    '<?xml?>',
    "<?xml version='1.0'>",
    '<?xml version=\'1.0"?>',
    "<?xml encoding='UTF-8'?>",
    "<?xml version='1.0'encoding='UTF-8'?>",
    "<?xml version='1.0' standalone='maybe'?>",
    "<?xml version='1.0'?",
  ])
    reads(wrong + header, ['failed not-well-formed'])
  reads(`<?xml version='1.0'?><?xml version='1.0'?>`, ['failed restricted-xml'])
  reads(`<?xml-stylesheet href='a'?>`, ['failed restricted-xml'])
  inside("<?xml version='1.0'?>", 'failed restricted-xml')
})

test('what XMPP leaves out of XML (RFC 6120 §11.1)', () => {
  for (const banned of ['<!-- a -->', '<?php ?>', '<!DOCTYPE a>', "<!DOCTYPE a [<!ENTITY b 'c'>]>"]) {
    reads(banned, ['failed restricted-xml'])
    inside(banned, 'failed restricted-xml')
    inside(`<a/><a>b${banned}</a>`, `<a ${client}/>`, 'failed restricted-xml')
  }
  inside('<a>&nbsp;</a>', 'failed restricted-xml')
  inside("<a b='&foo.bar;'/>", 'failed restricted-xml')
})

test('text: references, CDATA, line ends (XML 1.0 §2.4, §2.7, §2.11, §4.1, §4.6)', () => {
  inside('<a>&lt;&amp;&gt;&quot;&apos;</a>', `<a ${client}>&lt;&amp;&gt;"'</a>`)
  inside('<a>b&#65;&#x41;&#x1F600;&#0000000000065;c</a>', `<a ${client}>bAA😀Ac</a>`)
  inside('<a>x<![CDATA[<b>&amp;]]]]><![CDATA[>]] >]]>y</a>', `<a ${client}>x&lt;b&gt;&amp;amp;]]&gt;]] &gt;y</a>`)
  inside('<a><![CDATA[]]></a>', `<a ${client}/>`)
  inside('<a><![CDATA[]]]]]]></a>', `<a ${client}>]]]]</a>`)
  inside('<a>1\r\n2\r3\n\r\r\n&#13;\n</a>', `<a ${client}>1\n2\n3\n\n\n&#13;\n</a>`)
  inside('<a>]] > ]&gt; ]]&gt; > " \'</a>', `<a ${client}>]] &gt; ]&gt; ]]&gt; &gt; " '</a>`)
  inside('<a>]<b/>]></a>', `<a ${client}>]<b/>]&gt;</a>`)
  inside('<a>äß€😀\ufeff\ufffd\u007f\u0085</a>', `<a ${client}>äß€😀\ufeff\ufffd\u007f\u0085</a>`)
})

test('text that is none', () => {
  for (const wrong of [
    'a]]>',
    ']]]>',
    'a&b',
    '&',
    '& ',
    '&;',
    '&#;',
    '&#x;',
    '&#xg;',
    '&#1a;',
    '&#X41;',
    '&a#;',
    '&1;',
  ])
    inside(`<a>${wrong}</a>`, 'failed not-well-formed')
  for (const code of [
    '0',
    'x0',
    '8',
    'xB',
    '31',
    'xD800',
    'xDFFF',
    'xFFFE',
    'xFFFF',
    'x110000',
    '99999999999999999999',
  ])
    inside(`<a>&#${code};</a>`, 'failed not-well-formed')
  for (const character of ['\0', '\b', '\v', '\f', '\x1f', '\ufffe', '\uffff']) {
    inside(`<b/><a>b${character}</a>`, `<b ${client}/>`, 'failed not-well-formed')
    inside(`<a b='${character}'/>`, 'failed not-well-formed')
  }
  for (const wrong of ['<![cdata[a]]>', '<![CDATA', '<!a>', '<!>', '<![CDATA [a]]>'])
    inside(`<a>${wrong}</a>`, 'failed not-well-formed')
})

test('text outside of stanzas', () => {
  for (const text of ['a', '&#32;', '<![CDATA[ ]]>', ']]>'])
    inside(`<a/>${text}<a/>`, `<a ${client}/>`, 'failed bad-format')
})

test('attributes: quotes, references and white space (XML 1.0 §2.3, §3.1, §3.3.3)', () => {
  inside(`<a b='"' c="'" d=''/>`, `<a ${client} b="&quot;" c="'" d=""/>`)
  inside("<a b\n=\t 'c'\r\nd='e' />", `<a ${client} b="c" d="e"/>`)
  inside("<a b=' 1\t2\n3\r4\r\n5 '/>", `<a ${client} b=" 1 2 3 4 5 "/>`)
  inside("<a b='&#9;&#10;&#13;&#32;'/>", `<a ${client} b="&#9;&#10;&#13; "/>`)
  inside("<a b='&lt;&amp;&gt;&quot;&apos;&#x41;>]]>'/>", `<a ${client} b="&lt;&amp;&gt;&quot;'A&gt;]]&gt;"/>`)
  inside("<a ä='ö😀'/>", `<a ${client} ä="ö😀"/>`)
})

test('tags that are none', () => {
  for (const wrong of [
    "<a b='<'/>",
    "<a b='c'd='e'/>",
    "<a b='c' b='d'/>",
    '<a b=c/>',
    '<a b/>',
    '<a b />',
    "<a b='&'/>",
    "<a b='&c'/>",
    "<a 'b'/>",
    "<a ='b'/>",
    '<a / >',
    '<a /b>',
    '<a <b/>',
    '< a/>',
    '<>',
    '<1/>',
    '<-a/>',
    '<.a/>',
    '<a×/>',
    '<×/>',
    '<a$/>',
    "<a 1='b'/>",
    "<a b×='c'/>",
    '<a></b>',
    '<a></a b>',
    '<a></ a>',
    '<a></>',
    '<a></a/>',
    '<a></aa>',
    '<aa></a>',
    '</a>',
    '<a></A>',
  ])
    inside(wrong, 'failed not-well-formed')
})

test('names (XML 1.0 §2.3)', () => {
  for (const name of ['a-b', '_a.b1', 'é', 'a·', '𐀀', 'aé1', `a${'b'.repeat(300)}`, 'constructor', '__proto__'])
    inside(`<${name} ${name}='1'></${name} >`, `<${name} ${client} ${name}="1"/>`)
})

test('namespaces (Namespaces in XML 1.0)', () => {
  inside(
    "<a><b xmlns='n'><c/><d xmlns=''><e/></d></b></a>",
    `<a ${client}><b xmlns="n"><c/><d xmlns=""><e/></d></b></a>`,
  )
  inside("<a xmlns:p='n'><p:b><c/></p:b></a>", `<a ${client}><b xmlns="n"><c ${client}/></b></a>`)
  inside("<p:a xmlns:p='n'><b/><p:c/></p:a>", `<a xmlns="n"><b ${client}/><c/></a>`)
  inside("<a p:b='1' xmlns:p='n' b='2' xml:lang='en'/>", `<a ${client} xmlns:ns0="n" ns0:b="1" b="2" xml:lang="en"/>`)
  inside("<a xmlns:p='n'><b xmlns:p='m'><p:c/></b><p:d/></a>", `<a ${client}><b><c xmlns="m"/></b><d xmlns="n"/></a>`)
  inside("<stream:features><a xmlns='n'/></stream:features>", `<features xmlns="${streams}"><a xmlns="n"/></features>`)
  inside(`<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>`, `<a ${client}/>`)
  inside("<a xmlns='&#110;&amp;'/>", '<a xmlns="n&amp;"/>')
  inside("<p:a xmlns:p='n'/><p:a/>", '<a xmlns="n"/>', 'failed not-well-formed')
})

test('namespaces that are none', () => {
  for (const wrong of [
    '<p:a/>',
    "<a p:b='c'/>",
    "<a><b xmlns:p='n'/><p:c/></a>",
    "<a xmlns:p=''/>",
    "<a xmlns:p='n' xmlns:p='m'/>",
    "<a xmlns='n' xmlns='m'/>",
    "<a xmlns:p='n' xmlns:q='n' p:b='1' q:b='2'/>",
    "<a xmlns:xml='n'/>",
    "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns:xmlns='n'/>",
    "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    '<xmlns:a/>',
    '<:a/>',
    '<a:/>',
    "<a:b:c xmlns:a='n'/>",
    "<a:1 xmlns:a='n'/>",
    "<a xmlns:='n'/>",
    "<a :b='c'/>",
    "<a xml:lang='en' xml:lang='de'/>",
    "<a xmlns:p='n'></b:a>",
  ])
    inside(wrong, 'failed not-well-formed')
  inside('<xml:a/>', 'failed bad-namespace-prefix')
  // RFC 6120 §4.8.5
  inside("<p:message xmlns:p='jabber:client'/>", 'failed bad-namespace-prefix')
})

test('content in another namespace is read as jabber:client (RFC 6120 §4.8.3)', () => {
  reads(
    `<stream:stream xmlns='jabber:server' xmlns:stream='${streams}' xmlns:db='jabber:server:dialback'><db:result to='a'/><message><x xmlns='n'><message xmlns='jabber:server'/></x></message>`,
    [
      `opened <stream xmlns="${streams}"/>  jabber:server stream ${streams} db jabber:server:dialback`,
      '<result xmlns="jabber:server:dialback" to="a"/>',
      `<message ${client}><x xmlns="n"><message ${client}/></x></message>`,
    ],
    { content: 'jabber:server' },
  )
  inside("<message xmlns='jabber:server'/>", '<message xmlns="jabber:server"/>')
})

test('bytes that are not UTF-8 (RFC 3629 §3, RFC 6120 §4.9.3.22)', () => {
  const wrong = [
    [0x80],
    [0xbf],
    [0xc0, 0x80],
    [0xc1, 0xbf],
    [0xc3, 0x28],
    [0xe0, 0x80, 0x80],
    [0xe0, 0x9f, 0xbf],
    [0xed, 0xa0, 0x80],
    [0xed, 0xbf, 0xbf],
    [0xe2, 0x82, 0x3c],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xfe],
    [0xff],
  ]
  for (const part of wrong) {
    reads(bytes(header, '<é/><a>b', part, 'c</a>'), [opened, `<é ${client}/>`, 'failed unsupported-encoding'])
    reads(bytes(header, "<a b='", part), [opened, 'failed unsupported-encoding'])
  }
  // What is wrong before it comes first.
  reads(bytes(header, '<a></b>', [0xff]), [opened, 'failed not-well-formed'])
  for (const right of ['\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\u{10000}', '\u{10fffd}'])
    inside(`<a>${right}</a>`, `<a ${client}>${right}</a>`)
})

test('every limit is met at the same byte, however the bytes are cut', () => {
  const limits = { stanzaBytes: 40, depth: 3, attributes: 4, namespaces: 3 }
  const short = `<s:stream xmlns:s='${streams}'>`
  const big = { limits: { ...limits, stanzaBytes: 60 } }
  const start = `opened <stream xmlns="${streams}"/> s ${streams}`
  const policy = 'failed policy-violation'
  // The header has 55 bytes.
  reads(short, [policy], { limits })
  reads(short, [start], big)
  reads(`${short}<a>${'ä'.repeat(26)}1</a> <b/>`, [start, `<a>${'ä'.repeat(26)}1</a>`, '<b/>'], big)
  reads(`${short}<a>${'ä'.repeat(27)}</a>`, [start, policy], big)
  reads(`${short}<b/><a>${'ä'.repeat(80)}<`, [start, '<b/>', policy], big)
  reads(`${short}<a>${'x'.repeat(60)}</b>`, [start, policy], big)
  reads(`${short}<a><b><c/></b></a><a><b><c><d/></c></b></a>`, [start, '<a><b><c/></b></a>', policy], big)
  reads(
    `${short}<a b='' c='' d='' e=''/><a b='' c='' d='' e='' f=''/>`,
    [start, '<a b="" c="" d="" e=""/>', policy],
    big,
  )
  reads(
    `${short}<a xmlns:p='n'><b xmlns='m'/></a><a xmlns:p='n'><b xmlns='m' xmlns:q='m'/></a>`,
    [start, '<a><b xmlns="m"/></a>', policy],
    big,
  )
})
