import { type Measurement, spread } from '../measurement.ts'
import { ScramKeys } from '../peers/scram.ts'
import { logInByScram } from '../peers/stream.ts'
import { enter, type Load, many, measure, nameOf, settled, tlsOf } from './load.ts'

/**
 * Logins, some at once, in a closed loop: TCP, TLS with a full handshake, SASL, bind, roster, presence, and the end of
 * the stream. With the floor it is the handshake and one frame.
 */
export async function login(load: Load): Promise<Measurement> {
  const keys = new ScramKeys()
  let tls = ''
  const once = async (index: number) => {
    const stream = load.floor
      ? await enter(load, index)
      : await logInByScram(load.target, nameOf(index), load.hash, keys)
    tls ||= tlsOf(stream)
    load.floor ? stream.socket.destroy() : stream.end()
  }
  // The first time costs the generator the salted password, which it keeps.
  await many(load.clients, load.atOnce, once)
  return loop(load, once, () => tls)
}

/** Does something for one client after the other, so many at once (no more than clients), and measures it. */
export async function loop(
  load: Load,
  once: (index: number) => Promise<void>,
  tls: () => string,
): Promise<Measurement> {
  let begun = 0
  let done = 0
  let going = true
  let measuring = false
  const times: number[] = []
  // Each worker has clients of its own, so that nobody logs in twice at once.
  const worker = async (first: number) => {
    for (let index = first; going; index = index + load.atOnce < load.clients ? index + load.atOnce : first) {
      const begin = performance.now()
      begun++
      await once(index)
      done++
      if (measuring) times.push(performance.now() - begin)
    }
  }
  const workers = Promise.all(Array.from({ length: load.atOnce }, (_, first) => worker(first)))
  const work = async () => {
    await measure({ ...load, seconds: load.warm }, () => done)
    measuring = true
    const interval = await measure(load, () => done)
    going = false
    const lost = await settled(
      () => begun,
      () => done,
    )
    return { ...interval, lost, tls: tls(), medianMilliseconds: spread(times).median }
  }
  const [measured] = await Promise.all([work(), workers])
  return measured
}
