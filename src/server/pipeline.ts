import type { Commit } from '../storage/commit.ts'
import type { Element } from '../wire/element.ts'
import type { Jid } from '../wire/jid.ts'
import type { Destination } from './delivery.ts'
import type { Branch, Envelope } from './envelope.ts'
import type { Session } from './session.ts'
import type { Passage } from './turns.ts'

/** What a check returns to let a stanza vanish without a word. */
export const drop: unique symbol = Symbol('drop')

/** What a check returns where the stanza's journey ends in good order: all that it meant was done, or will be durable with the receipt. */
export class Ended {
  readonly receipt: Passage

  constructor(receipt: Passage) {
    this.receipt = receipt
  }
}

/** The stanza goes no further; whoever sent it hears that it was handled once the receipt has settled. */
export function ended(receipt?: Passage): Ended {
  return new Ended(receipt)
}

/** What an arriving check returns where the sender is to hear the same as if there were no such account (RFC 6121 §8.5.1). */
export const absent: Ended = ended()

/** One more copy: to whom, and what. */
export interface Delivery {
  readonly to: Session
  readonly stanza: Element
}

/** What `store` hands back: nothing when it keeps nothing, true when it is kept, a promise or a commit when it will be. */
export type Kept = Promise<void> | Commit | true | undefined

/** The stages, in the order in which every stanza passes them (DESIGN 4). There are no priorities within a stage. */
export interface StageFunctions {
  /**
   * What must be read before the stanza can set out, or nothing; nothing that its sender sends overtakes it. Only for
   * messages, where they are sent.
   */
  ready: (e: Envelope) => Promise<unknown> | undefined
  /** May it pass? Throws to refuse aloud. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a check that finds nothing wrong returns nothing
  check: (e: Envelope) => typeof drop | Ended | void
  /** Changes what travels on. */
  edit: (e: Envelope) => Envelope
  /** Marks only this owner's own copy. */
  stamp: (e: Envelope) => Envelope
  /** Keeps it; the only stage that may wait. */
  store: (e: Envelope) => Kept
  /** Whom a stanza without `to` is for. */
  spread: (e: Envelope) => Iterable<Jid>
  /** Who else gets one; on the arriving road, `delivered` is where the message itself went. */
  copy: (e: Envelope, delivered?: Destination) => Iterable<Delivery>
  /** Tells others after delivery. */
  notify: (e: Envelope) => void
}

export type StageName = keyof StageFunctions
export type RoadName = 'sending' | 'arriving' | 'undelivered'

/** A feature's say in one stage of one road, as a value. */
export interface StageRegistration {
  readonly registers: 'stage'
  /** undefined: all of them. */
  readonly branch: Branch | undefined
  readonly road: RoadName
  readonly stage: StageName
  readonly run: (e: Envelope, delivered?: Destination) => unknown
}

/** One road of one kind of stanza; its methods make registrations. */
export type Pipeline = { readonly [S in StageName]: (run: StageFunctions[S]) => StageRegistration }

const stageNames: readonly StageName[] = ['ready', 'check', 'edit', 'stamp', 'store', 'spread', 'copy', 'notify']

function pipeline(branch: Branch | undefined, road: RoadName): Pipeline {
  const entries = stageNames.map(stage => [
    stage,
    (run: (e: Envelope, delivered?: Destination) => unknown): StageRegistration => ({
      registers: 'stage',
      branch,
      road,
      stage,
      run,
    }),
  ])
  return Object.fromEntries(entries) as Pipeline
}

function roads(branch: Branch | undefined) {
  return {
    sending: pipeline(branch, 'sending'),
    arriving: pipeline(branch, 'arriving'),
    undelivered: pipeline(branch, 'undelivered'),
  }
}

export const message = roads('message')
/** Who is there, and who asks for that; what is about subscriptions has a branch of its own. */
export const presence = roads('presence')
export const subscription = roads('subscription')
export const iq = roads('iq')
/** All of them. */
export const stanza = roads(undefined)

/** A say in what a session's client is written, after delivery: `check` may let it vanish, `hold` keeps it for later. */
export interface WritingRegistration {
  readonly registers: 'writing'
  readonly stage: 'check' | 'hold'
  readonly run: (session: Session, stanza: Element, envelope: Envelope | undefined) => unknown
}

/**
 * The stages before a client's socket. `hold` returns whether it holds the stanza; whoever holds it delivers it later,
 * with its envelope, and lets it through then. It is asked only while `session.holding` says that somebody holds.
 */
export const writing = {
  // biome-ignore lint/suspicious/noConfusingVoidType: a check that finds nothing wrong returns nothing
  check: (run: (session: Session, stanza: Element) => typeof drop | void): WritingRegistration => ({
    registers: 'writing',
    stage: 'check',
    run,
  }),
  hold: (run: (session: Session, stanza: Element, envelope: Envelope | undefined) => boolean): WritingRegistration => ({
    registers: 'writing',
    stage: 'hold',
    run,
  }),
}

/** The functions of one road, stage by stage, ready to be walked. */
export type Stages = { readonly [S in StageName]: readonly StageFunctions[S][] }

/** All roads of one host. */
export type Roads = { readonly [B in Branch]: { readonly [R in RoadName]: Stages } }

/** Sorts registrations by branch, road and stage; within a stage the order of the features' list stays. */
export function compile(registrations: readonly StageRegistration[]): Roads {
  const stages = (branch: Branch, road: RoadName): Stages =>
    Object.fromEntries(
      stageNames.map(stage => [
        stage,
        registrations
          .filter(
            one => one.road === road && one.stage === stage && (one.branch === undefined || one.branch === branch),
          )
          .map(one => one.run),
      ]),
    ) as unknown as Stages
  const all = (branch: Branch) => ({
    sending: stages(branch, 'sending'),
    arriving: stages(branch, 'arriving'),
    undelivered: stages(branch, 'undelivered'),
  })
  return { message: all('message'), presence: all('presence'), subscription: all('subscription'), iq: all('iq') }
}
