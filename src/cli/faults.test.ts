import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { program } from './test-program.ts'

const { run, startProcess, top } = program('faults')

test('what the system refuses is told in words, with the path', async () => {
  writeFileSync(join(top, 'file'), '')
  const faults: [string, RegExp][] = [
    ['start --data file', /^jackdaw: cannot make the folder \S+\/file: a part of its path is not a folder\n$/],
    ['start --data file/x', /^jackdaw: cannot make the folder \S+\/file\/x: a part of its path is not a folder\n$/],
    ['status --config nowhere.toml', /^jackdaw: cannot read the configuration file \S+\/nowhere.toml: it is not there/],
    ['config check nowhere.toml', /^jackdaw: cannot read the configuration file \S+\/nowhere.toml: it is not there/],
    ['start --config .', /^jackdaw: cannot read the configuration file \S+: it is a folder\n$/],
    [
      'init --domain a.org --config file/x',
      /^jackdaw: cannot write \S+\/file\/x: a part of its path is not a folder\n$/,
    ],
  ]
  for (const [args, message] of faults) assert.match((await run(top, args)).errors, message, args)
})

const onLinux = { skip: process.platform !== 'linux' }

test('a folder that cannot be made is told, where making it with its parents would never end', onLinux, async () => {
  const { code, errors } = await startProcess(top, 'start --data /proc/jackdaw').finished
  assert.equal(code, 1)
  assert.match(errors, /^jackdaw: cannot make the folder \/proc\/jackdaw: /)
})

test('a folder in which nothing can be made is named', onLinux, async () => {
  assert.match((await run(top, 'start --data /proc')).errors, /^jackdaw: cannot lock \/proc\/lock: /)
})

test('init leaves nothing behind where the disk takes no text', onLinux, () => {
  const bin = join(import.meta.dirname, '../../bin/jackdaw.js')
  const command = `ulimit -f 0; exec '${process.execPath}' '${bin}' init --domain example.org`
  const { stderr } = spawnSync('sh', ['-c', command], { cwd: top, encoding: 'utf8' })
  assert.match(stderr, /cannot write \S+\/jackdaw\.toml: /)
  assert.ok(!existsSync(join(top, 'jackdaw.toml')))
})
