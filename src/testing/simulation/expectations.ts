/** What of the promise (DESIGN 6) is looked for. */
export interface Expectations {
  /** A crash loses nothing that was acknowledged: both logs are one transaction, with the count that it moves. */
  readonly outlivesCrashes: boolean
  /** Messages that are sent again are kept once, so that clients that know no count send them again. */
  readonly recognises: boolean
  /** What had to wait comes in the order of the archive, and after a crash too. */
  readonly hasCursors: boolean
  /** Copies of what other devices sent are in one order with what arrives. */
  readonly ordersCopies: boolean
  /** Subscriptions are the same on both sides, and clients hear of nothing that is not kept, where a commit fails. */
  readonly agreesInSpiteOfFailures: boolean
}

export const expectations: Expectations = {
  outlivesCrashes: true,
  recognises: false,
  hasCursors: false,
  ordersCopies: true,
  agreesInSpiteOfFailures: true,
}
