/**
 * Runs all tests, in about half the time of one after the other:
 *
 *     npm test
 *
 * Those of pure rooms share one process, because loading the house costs more than they do; the others have one each.
 */
import { spawn } from 'node:child_process'

const together = ['wire', 'server', 'link', 'runtime', 'testing']
const limit = '--test-timeout=30000'

const shared = tests(['--test-isolation=none', `src/{${together.join(',')}}/**/*.test.ts`])
const apart = tests([
  '--test-concurrency=2',
  'src/*.test.ts',
  `src/!(${together.join('|')})/**/*.test.ts`,
  'interop/**/*.test.ts',
  'bench/**/*.test.ts',
])
const results = await Promise.all([shared, apart])
for (const { output } of results) process.stdout.write(output)
process.exitCode = Math.max(...results.map(result => result.code))

/** Runs some; what they print comes when they are done, so that it stays in one piece. */
function tests(which: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['--test', limit, ...which], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: 'node_modules/.cache/node' },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}
