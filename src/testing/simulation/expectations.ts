/** What of the promise (DESIGN 6) is looked for. */
export interface Expectations {
  /** Messages that are sent again are kept once, so that clients that know no count send them again. */
  readonly recognises: boolean
  /** What had to wait comes in the order of the archive. */
  readonly ordersBacklogs: boolean
}

export const expectations: Expectations = { recognises: false, ordersBacklogs: false }
