import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NodeDisk } from './node-disk.ts'

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-disk-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const disk = new NodeDisk(20)

test('a file is written in one step, with its folders and its mode, and leaves nothing beside it', async () => {
  const path = join(folder, 'a/b/secret')
  assert.equal(await disk.read(path), undefined)
  await disk.write(path, 'ä1', { mode: 0o600 })
  assert.equal(await disk.read(path), 'ä1')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await disk.write(path, 'ä2', { mode: 0o666 })
  assert.equal(statSync(path).mode & 0o777, 0o666) // whatever the umask says
  await Promise.all([disk.write(path, 'x'.repeat(1 << 22)), disk.write(path, 'little'), disk.write(path, 'last')])
  assert.equal(await disk.read(path), 'last')
  assert.deepEqual(readdirSync(join(folder, 'a/b')), ['secret'])
})

test('a link is written through', async () => {
  const real = join(folder, 'real')
  writeFileSync(real, 'old')
  symlinkSync(real, join(folder, 'link'))
  await disk.write(join(folder, 'link'), 'new')
  assert.equal(await disk.read(real), 'new')
})

test('what cannot be read or written is said in a sentence, and later writes go on', async () => {
  mkdirSync(join(folder, 'folder'))
  await assert.rejects(disk.read(join(folder, 'folder')), /Cannot read .*: it is a folder\./)
  await assert.rejects(disk.write(join(folder, 'folder'), 'x'), /Cannot write .*: it is a folder\./)
  await assert.rejects(disk.write(join(folder, 'real/x'), 'x'), /Cannot write .*: a part of its path is not a folder\./)
  assert.deepEqual(
    readdirSync(folder).filter(name => name.endsWith('.tmp')),
    [],
  )
  const path = join(folder, 'later')
  mkdirSync(path)
  const failing = disk.write(path, 'x').catch(() => rmSync(path, { recursive: true }))
  const following = failing.then(() => disk.write(path, 'y'))
  await following
  assert.equal(await disk.read(path), 'y')
})

/** Resolves with how often it was called, when it has been called. */
function watched(paths: string[]): { told: () => Promise<number>; stop: () => void; count: () => number } {
  let count = 0
  let wake: (() => void) | undefined
  const stop = disk.watch(paths, () => {
    count++
    wake?.()
  })
  return {
    stop,
    count: () => count,
    told: async () => {
      const before = count
      while (count === before) await new Promise<void>(resolve => (wake = resolve))
      return count
    },
  }
}

test('a change is told once for a burst, by rename, by link, or in place; others in the folder are not', async () => {
  const live = join(folder, 'live')
  const archive = join(folder, 'archive')
  mkdirSync(live)
  mkdirSync(archive)
  writeFileSync(join(archive, 'chain1'), '1')
  writeFileSync(join(archive, 'chain2'), '2')
  symlinkSync(join(archive, 'chain1'), join(live, 'chain'))
  writeFileSync(join(live, 'key'), 'k')
  const watch = watched([join(live, 'chain'), join(live, 'key')])
  const keepAlive = setInterval(() => {}, 1000)

  // as certbot does: the link is turned
  const turned = watch.told()
  symlinkSync(join(archive, 'chain2'), join(live, 'chain.new'))
  renameSync(join(live, 'chain.new'), join(live, 'chain'))
  await disk.write(join(live, 'key'), 'k2')
  assert.equal(await turned, 1)

  // in place, behind the link
  const changed = watch.told()
  writeFileSync(join(archive, 'chain2'), '22')
  assert.equal(await changed, 2)

  writeFileSync(join(live, 'noise'), 'x')
  const removed = watch.told()
  rmSync(join(live, 'key'))
  assert.equal(await removed, 3)
  watch.stop()
  watch.stop()
  clearInterval(keepAlive)
  chmodSync(join(live, 'chain'), 0o600)
  assert.equal(watch.count(), 3)
})
