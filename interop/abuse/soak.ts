import { many } from '../../bench/load/load.ts'
import { user } from '../../bench/peers/peer.ts'
import { until } from '../../bench/peers/process.ts'
import { ScramKeys } from '../../bench/peers/scram.ts'
import { logInByScram, type Target } from '../../bench/peers/stream.ts'
import type { Check } from '../report.ts'
import { mebibytes, withServer } from './server.ts'

const accounts = 200
const atOnce = 16
/** What may be left of all logins together, in bytes: code that was compiled late, caches that have their limit. */
const left = 4 * 2 ** 20

/**
 * Logins that end in every way there is: in good order, by a cut, and by a cut with stream management, so that the
 * session waits for its client. When the last has ended, memory is what it was.
 */
export async function soak(check: Check, logins: number): Promise<void> {
  const settings = ['[stream-management]', 'resumption = "1s"', '[timeouts]', 'idle = "2s"']
  await withServer({ settings }, async ({ server, memory, status }) => {
    await server.addUsers(Array.from({ length: accounts }, (_, index) => user(`u${index}`)))
    const target: Target = { host: 'localhost', port: server.directTls, authority: server.authority }
    const keys = new ScramKeys()
    const once = async (count: number) => {
      const stream = await logInByScram(target, `u${count % accounts}`, 'SHA-1', keys, `resource-${count}`)
      if (count % 3 === 0) return stream.end()
      if (count % 3 === 1) await stream.ask(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`, '<enabled')
      stream.onData = () => {}
      stream.socket.destroy()
    }
    const gone = () =>
      until('all accounts let go', 60, async () => {
        const counts = [await status('connections'), await status('sessions'), await status('accounts in memory')]
        return counts.every(count => count === 0)
      })
    // Code gets compiled, tables get their first size.
    await many(Math.max(2000, accounts), atOnce, once)
    await gone()
    const before = await memory()
    await check(`${logins} logins, a third each by end, cut, and cut with stream management`, async () => {
      const begin = performance.now()
      await many(logins, atOnce, once)
      return `${(logins / ((performance.now() - begin) / 1000)).toFixed(0)} a second`
    })
    await check('idle accounts are let go', async () => {
      const begin = performance.now()
      await gone()
      return `none in memory after ${((performance.now() - begin) / 1000).toFixed(0)} s`
    })
    await check('memory is what it was', async () => {
      const after = await memory()
      const grown = after.heapUsed + after.external - before.heapUsed - before.external
      const seen = `${mebibytes(before.heapUsed + before.external)} before, ${mebibytes(grown)} more after; resident ${mebibytes(before.rss)} and ${mebibytes(after.rss)}`
      if (grown > left) throw new Error(`${seen}: ${(grown / logins).toFixed(0)} bytes a login`)
      return seen
    })
  })
}
