/** What a run is counted by: faults that were made, and rare paths that were taken because of them. */
export const counted = {
  'links cut': 'connections reset, with what was on the way',
  'links stalled': 'connections on which nothing moved for a while',
  'links half open': 'connections of which one end is gone and the other does not know',
  crashes: 'processes killed, with what was not synced',
  'crashes with writes on their way': 'a commit was handed over and not synced',
  'crashes between sync and answer': 'a commit was synced, and nobody was told',
  'nodes died': 'of several that carry connections (--nodes), one was gone with them',
  'graceful stops': 'servers that ended in good order and came back',
  restarts: 'servers that ended in good order and kept their sessions',
  'sessions kept over a restart': 'for clients that come back to the next process',
  'clock jumps': 'the wall clock went back an hour',
  'slow disks': 'times of slow commits',
  'full disks': 'commits refused because the disk was full',
  'failed commits': 'single units of a commit refused',
  'uncertain commits': 'commits reported as failed that were kept',
  'failed reads': 'reads that the disk refused',
  'slow readers': 'clients that stopped reading for a while',
  'slow readers dropped': 'connections ended because too much waited for them',
  'clients restarted': 'clients that forgot their session, but not what they have',
  logins: 'new sessions',
  resumes: 'sessions that went on in another connection',
  'resumes of live sessions': 'the old connection still seemed alive',
  'failed resumes': 'sessions that could not be resumed',
  'failed resumes with count': 'the client was told how much had been handled',
  'sessions expired': 'clients that did not come back in time',
  'stanzas written again': 'by clients, after a resumption or a new session',
  'kept messages sent again': 'by clients that could not know that they were kept',
  'messages kept for later': 'nobody was there to get them',
  'undelivered after all': 'messages whose reader was gone',
  'backlog messages': 'messages that came with a delay',
  'archive pages': 'pages of the archive that clients caught up with',
  carbons: 'copies of conversations on other devices',
  'stanzas refused': 'answered with an error',
  'resource-constraint': 'refused because the store failed',
  acknowledged: 'messages that the server said it has',
} as const

export type Counted = keyof typeof counted

const names = Object.keys(counted) as Counted[]

/** Counts of faults and rare paths, of one run or of many. */
export class Counts {
  readonly #counts = new Map<Counted, number>()

  add(what: Counted, count = 1): void {
    this.#counts.set(what, this.get(what) + count)
  }

  get(what: Counted): number {
    return this.#counts.get(what) ?? 0
  }

  addAll(other: Counts): void {
    for (const what of names) this.add(what, other.get(what))
  }

  /** What never happened. */
  missing(): readonly Counted[] {
    return names.filter(what => this.get(what) === 0)
  }

  /** A line for each, with its meaning. */
  table(): string {
    return names.map(what => `${String(this.get(what)).padStart(9)}  ${what.padEnd(34)}${counted[what]}`).join('\n')
  }
}
