import type { Measurement } from './measurement.ts'
import type { ServerName } from './peers/all.ts'
import type { ScramHash } from './peers/scram.ts'

/** What a scenario may be told on the command line. */
export interface Wishes {
  readonly pairs: number
  readonly windows: readonly number[]
  readonly bytes: number
  readonly contacts: number
  readonly items: number
  readonly connections: readonly number[]
}

/** One kind of run of a scenario, measured with each server. */
export interface Case {
  readonly label: string
  /** Arguments of the load. */
  readonly load: Readonly<Record<string, string | number>>
  /** Accounts u0, u1 … that it needs. */
  readonly accounts: number
  readonly hash?: ScramHash
  /** Whether it is measured without TLS. */
  readonly plain?: boolean
  /** Who can do it, where not all of the scenario can. */
  readonly servers?: readonly ServerName[]
  /** How many rounds it needs where so many are wished; as many where missing. */
  readonly rounds?: (wished: number) => number
}

/** A column of figures: what it is called, and how it is read from one run. */
export interface Figure {
  readonly heading: string
  readonly of: (run: Measurement) => number
  readonly digits: number
  /** Whether it is not told of runs that something else than the server limited. */
  readonly throughput?: boolean
  /** Whether it stands beside the main figure where all is told in short. */
  readonly inShort?: boolean
}

/** Something that servers do, how it is measured, and how they are compared by it. */
export interface Scenario {
  /** A word or two for the heading. */
  readonly name: string
  /** What is done, and what one unit is. */
  readonly title: (wishes: Wishes) => string
  readonly cases: (wishes: Wishes) => readonly Case[]
  /** The figure that servers are compared by, and those beside it. */
  readonly main: Figure
  readonly others: readonly Figure[]
  /** Who has something to show in it. */
  readonly servers: readonly ServerName[]
  /**
   * How long a server lives: for one run that needs one that has just started, for all runs of a case that leaves something
   * behind, or for a series of cases that leave nothing.
   */
  readonly lives: 'run' | 'case' | 'series'
  /** Whether the load, and not the server, decides how much is done. */
  readonly paced: boolean
  /**
   * Seconds of load before its first run, at least: what is done once for a unit that takes a millisecond is done too seldom
   * to be compiled by the end of an ordinary warm-up. All servers get it.
   */
  readonly settles?: number
}
