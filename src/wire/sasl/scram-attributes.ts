import { Malformed } from '../errors.ts'

const defined = 'anmrcsipve'

/**
 * A SCRAM message taken apart (RFC 5802 §7): `required` names the letters that come first, in their order, and
 * `last` one that closes the message. What stands between are extensions: they are checked and left out; one that RFC
 * 5802 §5.1 defines has no place there, and `m` is refused wherever it is. Returns the values in the order asked for, and
 * behind them that of the extension `optional` where it is there, once; throws `Malformed`.
 */
export function scramAttributes(message: string, required: string, last = '', optional = ''): string[] {
  const parts = message.split(',')
  if (parts.length < required.length + last.length) throw new Malformed('The message is cut short')
  const values: string[] = []
  let extension: string | undefined
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if (!/^[A-Za-z]=[^\0]+$/.test(part)) throw new Malformed('An attribute is a letter, = and a value')
    const letter = part[0]!
    if (letter === 'm') throw new Malformed('extensions-not-supported')
    const wanted = i < required.length ? required[i]! : i === parts.length - 1 ? last : ''
    if (wanted !== '' ? letter !== wanted : defined.includes(letter))
      throw new Malformed(wanted === '' ? `${letter}= is out of place` : `${wanted}= is missing`)
    if (wanted !== '') values.push(part.slice(2))
    else if (letter === optional) {
      if (extension !== undefined) throw new Malformed(`${letter}= stands there twice`)
      extension = part.slice(2)
    }
  }
  if (extension !== undefined) values.push(extension)
  return values
}
