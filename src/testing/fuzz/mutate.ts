import type { Random } from './random.ts'

/** Pieces that hurt readers, put in anywhere. */
const pieces = [
  '<!-- c -->',
  '<!--',
  '-->',
  '<?pi d?>',
  "<?xml version='1.0'?>",
  '<!DOCTYPE a>',
  "<!DOCTYPE a [<!ENTITY b 'c'>]>",
  '<![CDATA[',
  '<![CDATA[x]]>',
  ']]>',
  ']]',
  ']',
  '&amp;',
  '&nbsp;',
  '&b',
  '&#0;',
  '&#xD800;',
  '&#xFFFE;',
  '&#x10FFFF;',
  '&#x110000;',
  '&#65;',
  '&#;',
  '&',
  ';',
  '<',
  '>',
  '/',
  '/>',
  '</',
  "'",
  '"',
  '=',
  ' ',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\0',
  '\u001f',
  '\u007f',
  '\u0085',
  '\ufeff',
  '\ufffe',
  '\uffff',
  'é',
  '😀',
  '×',
  ':',
  'p:',
  'xml:',
  'xmlns:',
  " xmlns=''",
  " xmlns:p='n'",
  " xmlns:p=''",
  " xmlns:xml='n'",
  " xmlns:xmlns='n'",
  " xmlns='http://www.w3.org/XML/1998/namespace'",
  " xmlns:q='http://www.w3.org/2000/xmlns/'",
  " xmlns:c='jabber:client'",
  " p:a='1'",
  " a='1'",
  " xml:lang='x'",
  '<a>',
  '</a>',
  '<p:a/>',
  '<xml:a/>',
  '<c:a/>',
  '</stream:stream>',
] as const

/** Bytes that are no UTF-8, or the begin of some. */
const broken = [
  [0x80],
  [0xc0, 0x80],
  [0xc3],
  [0xe0, 0x80, 0x80],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
] as const

/** The same bytes with one thing wrong, or other. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.once(4) ? 40 : 4)
  const head = bytes.subarray(0, at)
  switch (random.below(9)) {
    case 0:
      return Buffer.concat([head, bytes.subarray(at + length)])
    case 1:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    case 2: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = random.below(256)
      return copy
    }
    case 3: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at]! ^= 1 << random.below(8)
      return copy
    }
    case 4:
      return Buffer.concat([head, Buffer.from(random.pick(broken)), bytes.subarray(at)])
    case 5:
      return random.once(4) ? head : Buffer.concat([head, bytes.subarray(random.below(bytes.length + 1))])
    default:
      return Buffer.concat([head, Buffer.from(random.pick(pieces)), bytes.subarray(at)])
  }
}
