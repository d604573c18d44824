import { readdirSync, readFileSync } from 'node:fs'

/** A process and its living descendants, as proc(5) shows them now. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(Number(name))
    if (fields) parents.set(Number(name), Number(fields[1]))
  }
  const found: number[] = []
  for (const one of parents.keys()) {
    let ancestor: number | undefined = one
    while (ancestor !== undefined && ancestor !== pid) ancestor = parents.get(ancestor)
    if (ancestor === pid) found.push(one)
  }
  return found
}

/** The fields of /proc/PID/stat behind the program's name; undefined where it has ended. */
function statOf(pid: number): string[] | undefined {
  const stat = statText(String(pid))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function statText(place: string): string | undefined {
  try {
    return readFileSync(`/proc/${place}/stat`, 'utf8')
  } catch {
    return undefined
  }
}

/** Processor time in microseconds that a process, its threads and its living descendants have used so far. */
export function processorTime(pid: number): number {
  let ticks = 0
  for (const one of descendants(pid)) {
    const fields = statOf(one)
    if (fields) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10_000 // proc(5): clock ticks, 100 a second on Linux
}

/** Processor time in microseconds of each thread of a process that carries connections. */
export function workerTimes(pid: number): readonly number[] {
  const times: number[] = []
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = statText(`${pid}/task/${thread}`)
    if (!stat || !/^\d+ \(worker \d+\)/.test(stat)) continue
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    times.push((Number(fields[11]) + Number(fields[12])) * 10_000)
  }
  return times
}

/** Resident memory of a process and its living descendants, in MiB. */
export function residentMemory(pid: number): number {
  let kibibytes = 0
  for (const one of descendants(pid)) {
    try {
      kibibytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // It ended while we looked.
    }
  }
  return kibibytes / 1024
}

/** Busy time in microseconds of one processor since the machine started (proc(5)). */
export function busyTime(cpu: number): number {
  const [user, nice, system, , , irq, softirq, steal] = timesOf(cpu)
  return (user! + nice! + system! + irq! + softirq! + steal!) * 10_000
}

/** Time in microseconds for which one processor had nothing to do but to wait for a disk. */
export function diskTime(cpu: number): number {
  return timesOf(cpu)[4]! * 10_000
}

/** The ticks of a processor: user, nice, system, idle, iowait, irq, softirq, steal. */
function timesOf(cpu: number): number[] {
  const [, times = '0 0 0 0 0 0 0 0'] =
    readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${cpu} +(.*)$`, 'm')) ?? []
  return times.split(' ').map(Number)
}
