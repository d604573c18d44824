/** Bytes to elements: everything that reads XML comes through here. */
export type { Limits } from './limits.ts'
export { parse, readDocument } from './reader-document.ts'
export { type Framing, Reader, type ReaderHandler } from './reader-stream.ts'
