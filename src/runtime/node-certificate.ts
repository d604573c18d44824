import { generateKeyPair, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { promisify } from 'node:util'
import type { Certificate } from './runtime.ts'

const day = 86_400_000

/**
 * A certificate that vouches for itself: ECDSA P-256, for these domains and IP addresses, from now (one hour ago, for
 * clocks that differ) for so many days. One for `localhost` is for 127.0.0.1 and ::1 too. Throws where a name is none.
 */
export async function selfSigned(names: readonly string[], days: number): Promise<Certificate> {
  const wanted = subjects(names)
  // loaded only by those who need it; its dependency injection wants the polyfill first
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = {
    privateKey: pair.privateKey.toCryptoKey(algorithm, true, ['sign']),
    publicKey: pair.publicKey.toCryptoKey(algorithm, true, ['verify']),
  }
  const now = Date.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [wanted[0]!.value.slice(0, 64)] }],
    notBefore: new Date(now - day / 24),
    notAfter: new Date(now + days * day),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // a server shows it to clients, and to servers that it calls itself
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(wanted),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  })
  return {
    chain: `${certificate.toString('pem')}\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** SHA-256 of the first certificate of a chain in PEM, as `AB:CD:…`, which is how clients show it. */
export function fingerprint(certificate: Pick<Certificate, 'chain'>): string {
  return new X509Certificate(certificate.chain).fingerprint256
}

interface Subject {
  readonly type: 'dns' | 'ip'
  readonly value: string
}

/** Each name once, domains as A-labels. */
function subjects(names: readonly string[]): Subject[] {
  const found = new Map<string, Subject>()
  const all = names.includes('localhost') ? [...names, '127.0.0.1', '::1'] : names
  for (const name of all) {
    const value = isIP(name) ? name : domainToASCII(name)
    if (value === '') throw new Error(`“${name}” is neither a domain nor an IP address.`)
    found.set(value, { type: isIP(name) ? 'ip' : 'dns', value })
  }
  if (found.size === 0) throw new Error('A certificate needs a name.')
  return [...found.values()]
}

/** 126 random bits: positive, and without a leading zero (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}
