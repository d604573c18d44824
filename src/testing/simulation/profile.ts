/** What kind of client a device has. */
export interface Profile {
  /** Bare JID. */
  readonly account: string
  readonly resource: string
  /** Whether it speaks XEP-0198, and whether it asks to resume. */
  readonly managed: boolean
  readonly resumes: boolean
  readonly carbons: boolean
  /** Whether it reads the archive (XEP-0313). */
  readonly catchesUp: boolean
  readonly priority: number
  /** The name of the device (XEP-0388 §2.1), where its client logs in by SASL2; a cursor of its own goes with it. */
  readonly agent: string | undefined
}
