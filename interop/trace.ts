/** System calls of a server as strace saw them, and what they say about answers and the disk. */

/** One system call; `begin` and `end` are places in the trace, which is in the order of time. */
export interface Call {
  readonly name: string
  /** What the first argument is, as `strace -yy` shows it: a file's path, or the ends of a connection. */
  readonly on: string
  /** The other arguments, data among them. */
  readonly text: string
  readonly begin: number
  readonly end: number
}

const whole = /^(\d+)\s+(\w+)\(\d+<([^>]*(?:->[^>]*)?)>(.*)$/s
const resumed = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$/s

/** Reads the output of `strace -f -yy`. */
export function readTrace(trace: string): Call[] {
  const calls: Call[] = []
  const waiting = new Map<string, Omit<Call, 'end'>>()
  trace.split('\n').forEach((line, at) => {
    const back = resumed.exec(line)
    const begun = back && waiting.get(back[1]!)
    if (back && begun) {
      waiting.delete(back[1]!)
      calls.push({ ...begun, text: begun.text + back[3]!, end: at })
      return
    }
    const [, thread, name, on, text] = whole.exec(line) ?? []
    if (thread === undefined) return
    const call = { name: name!, on: on!, text: text!, begin: at }
    if (line.endsWith('<unfinished ...>')) waiting.set(thread, call)
    else calls.push({ ...call, end: at })
  })
  return calls.sort((a, b) => a.begin - b.begin)
}

const isSync = (call: Call) => call.name === 'fdatasync' || call.name === 'fsync'
const isFile = (call: Call) =>
  call.name.startsWith('pwrite') || (call.name.startsWith('write') && call.on.startsWith('/'))

/** A write to a connection that is the answer in question. */
export type Answer = (call: Call) => boolean

/** An answer that has a text which no other has. */
export const has =
  (text: string): Answer =>
  call =>
    call.text.includes(text)

/** An acknowledgement (XEP-0198 §4) of so many stanzas or more, as strace writes its quotes. */
export const acknowledges =
  (count: number): Answer =>
  call => {
    for (const [, h] of call.text.matchAll(/<a xmlns=\\?["']urn:xmpp:sm:3\\?["'] h=\\?["'](\d+)\\?["']/g))
      if (Number(h) >= count) return true
    return false
  }

/**
 * Why an answer was written before the commit of what it answers was on the disk; undefined where it was not. `kept` is
 * a text that only this commit has; `what` names the answer.
 */
export function broken(calls: readonly Call[], kept: string, what: string, answer: Answer): string | undefined {
  const commit = calls.find(call => isFile(call) && call.on.endsWith('-wal') && call.text.includes(kept))
  if (!commit) return `"${kept}" was never written to the log of the database`
  const reply = calls.find(call => call.on.startsWith('TCP') && call.name !== 'read' && answer(call))
  if (!reply) return `${what} was never written to a connection`
  const sync = calls.find(call => isSync(call) && call.on === commit.on && call.begin > commit.end)
  if (!sync || sync.end > reply.begin) {
    const when = sync ? `synced by line ${sync.end}` : 'never synced'
    return `${what} is in line ${reply.begin}, its commit in line ${commit.begin}, ${when}`
  }
  return undefined
}
