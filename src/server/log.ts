export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Facts of a log line: never a body, a password or a token. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Where the server writes what an operator should know: a sentence, then facts by name. The sentence stays the same
 * for the same event, so that lines can be counted.
 */
export type Log = (level: LogLevel, sentence: string, facts?: LogFacts) => void
