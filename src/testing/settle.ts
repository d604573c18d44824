/** Lets so many turns of the loop go by: what is on its way in memory, and waits for nothing else, has arrived by then. */
export async function settle(turns = 2): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>(resolve => void setImmediate(resolve))
}
