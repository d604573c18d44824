import type { Log } from '../server/log.ts'
import { faultText, isBug } from './faults.ts'

/** Ctrl-C reaches a program under npm twice, from the terminal and from npm: what comes within this is one, in milliseconds. */
const together = 500

/** How a server ends. */
export interface Ending {
  /** Ends it, once, whoever asks first; resolves when all is gone. */
  end(reason: string): Promise<void>
  /** Resolves when all is gone. */
  readonly ended: Promise<void>
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
 * A second SIGINT ends the process at once. What is thrown where
 * nobody catches it is a bug of ours: it is logged, and the server lives on.
 */
export function onSignals(around: Surroundings, stop: () => Promise<void>): Ending {
  const { log, elapsed } = around
  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => {})
  let begun: number | undefined
  const end = (reason: string): Promise<void> => {
    if (begun === undefined) {
      begun = elapsed()
      log('info', 'stopping', { reason })
      stop().then(finished.resolve, finished.reject)
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
