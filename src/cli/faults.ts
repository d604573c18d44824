const builtIn: readonly unknown[] = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError]

/** Whether what was thrown is a bug of ours, and not a sentence for the operator: JavaScript's own errors are. */
export function isBug(thrown: unknown): boolean {
  return !(thrown instanceof Error) || builtIn.includes(thrown.constructor) || thrown.name === 'AssertionError'
}

/** All that is known of what was thrown, for the log. */
export function faultText(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}
