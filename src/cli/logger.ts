import type { Log, LogFacts, LogLevel } from '../server/log.ts'
import { harmless, type Look, look, type Output } from './terminal.ts'

/** From all to little. */
export const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** What is written, and how; both may change while it goes on. */
export interface LogManner {
  /** The least that is written. */
  level: LogLevel
  /** `auto` is text on a terminal, JSON lines elsewhere. */
  format: 'auto' | 'text' | 'json'
}

export interface LoggerOptions {
  /** Looked at for each line. */
  readonly manner: Readonly<LogManner>
  readonly output: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970. */
  now(): number
}

/** A log that writes one line an event: for eyes, or for machines. */
export function logger(options: LoggerOptions): Log {
  const { output, manner } = options
  const style = look(output, options.environment)
  return (level, sentence, facts = {}) => {
    const { format, level: least } = manner
    if (levels.indexOf(level) < levels.indexOf(least)) return
    const at = new Date(options.now())
    const asText = format === 'text' || (format === 'auto' && output.isTTY === true)
    output.write(`${asText ? textLine(style, at, level, sentence, facts) : jsonLine(at, level, sentence, facts)}\n`)
  }
}

function jsonLine(at: Date, level: LogLevel, sentence: string, facts: LogFacts): string {
  const own = { time: at.toISOString(), level, sentence }
  // Its own three come first, and no fact can take their place.
  return JSON.stringify({ ...own, ...facts, ...own })
}

function textLine(style: Look, at: Date, level: LogLevel, sentence: string, facts: LogFacts): string {
  const shown = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${style.dim(`${name}=`)}${factText(value!)}`)
  return `${style.dim(clockText(at))} ${levelText(style, level)} ${harmless(sentence)}${shown.join('')}`
}

function clockText(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

function levelText(style: Look, level: LogLevel): string {
  const word = level.padEnd(5)
  if (level === 'error') return style.red(word)
  return level === 'warn' ? style.yellow(word) : style.dim(word)
}

function factText(value: string | number | boolean): string {
  const text = String(value)
  return /^[^\s"=]+$/.test(text) ? harmless(text) : harmless(JSON.stringify(text))
}
