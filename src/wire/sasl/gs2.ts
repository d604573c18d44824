import { Malformed } from '../errors.ts'

/** The head of a client's first SCRAM message (RFC 5802 §7, `gs2-header`). */
export interface Gs2Header {
  /** As it was written, its last comma included: what `c=` repeats. */
  readonly raw: string
  /** `n`: no channel binding; `y`: possible, but the server seems not to offer it; `p`: used. */
  readonly flag: 'n' | 'y' | 'p'
  /** The channel binding type after `p=`, as named: RFC 5056 §7. */
  readonly bindingType: string | undefined
  readonly authzid: string | undefined
}

/** Reads the header at the start of a client's first message; the rest begins at `raw.length`. Throws `Malformed`. */
export function readGs2Header(message: string): Gs2Header {
  const first = message.indexOf(',')
  const second = message.indexOf(',', first + 1)
  if (first < 0 || second < 0) throw new Malformed('The GS2 header has two commas')
  const raw = message.slice(0, second + 1)
  const authorization = message.slice(first + 1, second)
  if (authorization !== '' && !authorization.startsWith('a='))
    throw new Malformed('Only a= may stand in the GS2 header')
  const authzid = authorization === '' ? undefined : decodeSaslName(authorization.slice(2))
  const binding = message.slice(0, first)
  if (binding === 'n' || binding === 'y') return { raw, flag: binding, bindingType: undefined, authzid }
  if (!/^p=[A-Za-z0-9.-]+$/.test(binding)) throw new Malformed('The channel binding flag is n, y or p=type')
  return { raw, flag: 'p', bindingType: binding.slice(2), authzid }
}

/** Writes a header; `binding` is the flag: `n`, `y` or `p=` and the type. Throws `Malformed` where the authzid cannot be written. */
export function writeGs2Header(binding: string, authzid: string | undefined): string {
  return authzid ? `${binding},a=${encodeSaslName(authzid)},` : `${binding},,`
}

/** A name with `,` and `=` written as `=2C` and `=3D` (RFC 5802 §5.1). Throws `Malformed` for an empty one or NUL. */
export function encodeSaslName(name: string): string {
  checkName(name)
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** The name that a `saslname` writes; an `=` before anything but `2C` and `3D` is refused (RFC 5802 §5.1). Throws `Malformed`. */
export function decodeSaslName(text: string): string {
  checkName(text)
  if (/=(?!2C|3D)/.test(text)) throw new Malformed('In a name = stands only before 2C and 3D')
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function checkName(name: string): void {
  if (name === '') throw new Malformed('The name is empty')
  if (name.includes('\0')) throw new Malformed('The name contains NUL')
}
