/** What of the promise (DESIGN 6) is looked for. */
export interface Expectations {
  /** What had to wait comes in the order of the archive. */
  readonly ordersBacklogs: boolean
}

export const expectations: Expectations = { ordersBacklogs: false }
