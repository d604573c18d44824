import type { Commit } from '../storage/commit.ts'
import { StanzaError } from '../wire/errors.ts'
import type { Envelope } from './envelope.ts'
import type { Ended, Stages } from './pipeline.ts'
import { drop, ended } from './pipeline.ts'
import type { Receipt } from './turns.ts'
import { both, promised } from './turns.ts'

const vanished = ended()

/** How a stanza's journey ends at a `check`, or undefined where it goes on; what a check throws refuses it aloud. */
export function check(stages: Stages, e: Envelope): Ended | undefined {
  for (const run of stages.check) {
    const verdict = run(e)
    if (verdict !== undefined) return verdict === drop ? vanished : (verdict as Ended)
  }
  return undefined
}

/** The same for one of many copies: no refusal is aloud. */
export function silentlyStopped(stages: Stages, e: Envelope): boolean {
  try {
    return check(stages, e) !== undefined
  } catch (error) {
    if (error instanceof StanzaError) return true
    throw error
  }
}

/** What travels on. */
export function edit(stages: Stages, e: Envelope): Envelope {
  for (const run of stages.edit) e = run(e)
  return e
}

/** This owner's own copy. */
export function stamp(stages: Stages, e: Envelope): Envelope {
  for (const run of stages.stamp) e = run(e)
  return e
}

/** Keeps it; settled when all that keep it have. */
export function store(stages: Stages, e: Envelope): Commit | Receipt {
  let receipt: Commit | Receipt
  for (const run of stages.store) {
    const one = run(e)
    if (one === undefined || one === true) continue
    receipt = receipt === undefined ? one : both(promised(receipt), promised(one))
  }
  return receipt
}
