import { reason } from '../runtime/node-disk.ts'

const builtIn: readonly unknown[] = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError]

/** Whether what was thrown is a bug of ours, and not a sentence for the operator: JavaScript's own errors are. */
export function isBug(thrown: unknown): boolean {
  return !(thrown instanceof Error) || builtIn.includes(thrown.constructor) || thrown.name === 'AssertionError'
}

/** What was asked of the system, by the names of its calls. */
const asked: Readonly<Record<string, string>> = { mkdir: 'make the folder', open: 'open', access: 'use' }

/** What a person is told of what was thrown; what the system refused is told in words, with its path. */
export function sentenceText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { syscall, path } = thrown as NodeJS.ErrnoException
  if (syscall === undefined || path === undefined) return thrown.message
  return `cannot ${asked[syscall] ?? syscall} ${path}: ${reason(thrown)}`
}

/** All that is known of what was thrown, for the log. */
export function faultText(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}
