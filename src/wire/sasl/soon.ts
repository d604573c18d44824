/** A value that is there or will be: what a browser answers with promises, Node mostly has at once. */
export type Soon<T> = T | Promise<T>

/** Goes on with a value, at once where it is there: a login that waits for nothing makes no promises. */
export function when<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
