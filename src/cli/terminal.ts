/** Where text goes: a stream of the process, or a list of strings in a test. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** Gives text a look where it is shown on a terminal; elsewhere each is the identity. */
export interface Look {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly green: (text: string) => string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Colours only on a terminal that has them, and not where NO_COLOR is set (https://no-color.org). */
export function look(output: Output, environment: Environment): Look {
  const wanted = output.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  const sgr = (on: number, off: number) => (text: string) => (wanted ? `\u001b[${on}m${text}\u001b[${off}m` : text)
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), yellow: sgr(33, 39), green: sgr(32, 39) }
}

/**
 * The text with everything taken out that could move a terminal's cursor, change its look, or fake a line: other
 * people's words (addresses, errors of peers) are shown to operators.
 */
export function harmless(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
