/** Limits of the reader; each has its stream error. Counted in bytes of UTF-8 where it says so. */
export interface Limits {
  /** Bytes of one first-level element, tags included. Over it: `policy-violation`. */
  stanzaBytes: number
  /** Elements inside each other, the first-level one being 1. Over it: `policy-violation`. */
  depth: number
  /** Attributes of one element, namespace declarations included. Over it: `policy-violation`. */
  attributes: number
  /** Namespace declarations in scope at once. Over it: `policy-violation`. */
  namespaces: number
}
