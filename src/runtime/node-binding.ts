import { createHash } from 'node:crypto'

/** Which hash a certificate's signature algorithm uses, by the DER of its identifier in hex. */
const hashes: Readonly<Record<string, string>> = {
  // RFC 5929 §4.1: SHA-256 in place of MD5 and SHA-1
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a8648ce380403': 'sha256', // dsa-with-sha1
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '608648016503040301': 'sha224', // dsa
  '608648016503040302': 'sha256',
}

/** RSASSA-PSS names its hash in its parameters (RFC 4055 §3.1); SHA-1 where it does not, which becomes SHA-256. */
const pss = '2a864886f70d01010a'
const pssHashes: Readonly<Record<string, string>> = {
  '2b0e03021a': 'sha256', // sha1
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}

/**
 * The channel binding `tls-server-end-point` (RFC 5929 §4) of a server certificate in DER; undefined where its signature
 * has no hash of its own (Ed25519) or one that we do not know.
 */
export function endPoint(certificate: Uint8Array): Uint8Array | undefined {
  const hash = signatureHash(certificate)
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest()
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, parameters }, … } */
function signatureHash(certificate: Uint8Array): string | undefined {
  const outer = value(certificate, 0)
  const signed = outer && value(certificate, outer.start)
  const algorithm = signed && value(certificate, signed.end)
  const name = algorithm && value(certificate, algorithm.start)
  if (!name) return undefined
  const identifier = hex(certificate, name)
  if (identifier !== pss) return hashes[identifier]
  // RSASSA-PSS-params ::= SEQUENCE { [0] { SEQUENCE { OBJECT IDENTIFIER … } } DEFAULT sha1, … }
  const parameters = value(certificate, name.end)
  if (!parameters || parameters.start === parameters.end || certificate[parameters.start] !== 0xa0) return 'sha256'
  const tagged = value(certificate, parameters.start)
  const inner = tagged && value(certificate, tagged.start)
  const named = inner && value(certificate, inner.start)
  return named && pssHashes[hex(certificate, named)]
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Where the content of the DER value at this place is; undefined where it does not fit. */
function value(der: Uint8Array, at: number): Span | undefined {
  let length = der[at + 1]
  if (length === undefined) return undefined
  let start = at + 2
  if (length > 0x80) {
    const count = length & 0x7f
    if (count > 4) return undefined
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (der[start++] ?? 0)
  }
  const end = start + length
  return end <= der.length ? { start, end } : undefined
}

function hex(der: Uint8Array, span: Span): string {
  return Buffer.from(der.subarray(span.start, span.end)).toString('hex')
}
