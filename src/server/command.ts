/** One argument of a command. */
export interface Argument {
  readonly name: string
  /** A sentence of manual. */
  readonly manual: string
  /**
   * `jid` and `text` come from the command line. A `secret` never does: it is asked without echo, or a line of standard
   * input. Nor does `input`: it is the whole of standard input.
   */
  readonly kind: 'jid' | 'text' | 'number' | 'flag' | 'secret' | 'input'
  /** Flags and options (`--name value`) are optional; positional arguments are not unless they say so. */
  readonly optional?: boolean
  /** Given as `--name` instead of by its place. */
  readonly option?: boolean
}

/** What a command answers: JSON for machines; the cli makes a table of rows and a paragraph of `say`. */
export interface Answer {
  /** A sentence for people. */
  readonly say?: string
  /** Rows with the same keys, for a table. */
  readonly rows?: readonly Readonly<Record<string, string | number | boolean | null>>[]
}

/** Something an operator can ask for; the same declaration serves the command line, HTTP and ad-hoc commands. */
export interface Command {
  /** Words of the command line: `['user', 'add']`. */
  readonly words: readonly string[]
  readonly manual: string
  readonly arguments: readonly Argument[]
  /** The server starts again behind its answer: it is done when that can be asked again. */
  readonly comesBack?: boolean
  /** Throws a StanzaError or an Error whose message tells what to do. */
  run(values: Readonly<Record<string, string | number | boolean | undefined>>): Answer | Promise<Answer>
}
