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
}
