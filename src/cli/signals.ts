import type { Log } from '../server/log.ts'
import { faultText, isBug } from './faults.ts'

/** Ctrl-C reaches a program under npm twice, from the terminal and from npm: what comes within this is one, in milliseconds. */
const together = 500

/** How a server ends. */
export interface Ending {
  /** Ends it, once, whoever asks first; resolves when all is gone, with the reason that it ended for. */
  end(reason: string): Promise<string>
  /** Resolves when all is gone, with the reason. */
  readonly ended: Promise<string>
  /** Takes no more notice of signals. */
  forget(): void
}

interface Surroundings {
  readonly log: Log
  /** Milliseconds on a clock that never goes back. */
  elapsed(): number
  /** Whether the terminal that it was started on has been closed: that, too, comes as SIGHUP. */
  terminalGone(): boolean
  /** Reads the configuration again. */
  reload(): Promise<unknown>
}

/**
 * Ends in good order on SIGINT or SIGTERM, and with its terminal; SIGHUP from anybody else reads the configuration again.
 * How it ends is `stop`'s business, which is told the reason. A second SIGINT ends the process at once. What is thrown where
 * nobody catches it is a bug of ours: it is logged, and the server lives on.
 */
export function onSignals(around: Surroundings, stop: (reason: string) => Promise<void>): Ending {
  const { log, elapsed } = around
  const finished = Promise.withResolvers<string>()
  finished.promise.catch(() => {})
  let begun: number | undefined
  const end = (reason: string): Promise<string> => {
    if (begun === undefined) {
      begun = elapsed()
      log('info', 'stopping', { reason })
      stop(reason).then(() => finished.resolve(reason), finished.reject)
    }
    return finished.promise
  }
  const signalled = (signal: NodeJS.Signals) => {
    if (begun !== undefined && signal === 'SIGINT' && elapsed() - begun > together) process.exit(130)
    if (signal !== 'SIGHUP' || around.terminalGone()) end(signal).catch(() => {})
    else if (begun === undefined) void reload()
  }
  const reload = async () => {
    try {
      await around.reload()
      log('info', 'configuration read again')
    } catch (error) {
      const reason = isBug(error) ? faultText(error) : (error as Error).message
      log('error', 'configuration not read again: everything stays as it was', { reason })
    }
  }
  const fault = (thrown: unknown) => log('error', 'fault that nobody caught', { fault: faultText(thrown) })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, signalled)
  process.on('uncaughtException', fault)
  return {
    end,
    ended: finished.promise,
    forget() {
      for (const signal of signals) process.off(signal, signalled)
      process.off('uncaughtException', fault)
    },
  }
}
