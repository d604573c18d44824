import { StreamError } from './errors.ts'
import { malformed } from './reader-faults.ts'

const equals = '[ \\t\\n]*=[ \\t\\n]*'
const version = `[ \\t\\n]+version${equals}(?:"(1\\.[0-9]+)"|'(1\\.[0-9]+)')`
const encoding = `[ \\t\\n]+encoding${equals}(?:"([A-Za-z][\\w.-]*)"|'([A-Za-z][\\w.-]*)')`
const standalone = `[ \\t\\n]+standalone${equals}(?:"(?:yes|no)"|'(?:yes|no)')`
const form = new RegExp(`^${version}(?:${encoding})?(?:${standalone})?[ \\t\\n]*$`)

/**
 * Checks what stands between `<?xml` and `?>` (XML 1.0 §2.8, RFC 6120 §11.5). What it says of standalone changes
 * nothing. Throws where it is wrong, or the version or the encoding is another.
 */
export function checkDeclaration(text: string): void {
  const match = form.exec(text)
  if (match === null) throw malformed('The XML declaration is wrong')
  // RFC 6120 §11.8
  if ((match[1] ?? match[2]) !== '1.0') throw new StreamError('bad-format', 'The version of XML is 1.0')
  const name = match[3] ?? match[4] ?? 'UTF-8'
  // RFC 6120 §11.6
  if (name.toUpperCase() !== 'UTF-8') throw new StreamError('unsupported-encoding', 'The encoding is UTF-8')
}
