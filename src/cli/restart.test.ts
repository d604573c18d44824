import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { selfSigned } from '../runtime/node-certificate.ts'
import { connectTcp } from '../testing/connect.ts'
import { program, type StartedProcess } from './test-program.ts'

const { folderOf, run, startProcess } = program('restart')
const listen = 'starttls = ["127.0.0.1:0"]\ndirect-tls = []\nplain = ["127.0.0.1:0"]'

/** What a server says as its n-th beginning in the same process. */
async function begun(server: StartedProcess, beginning: number): Promise<{ pid: number; port: number }> {
  let output = await server.begun()
  while (output.split('\n').length <= beginning) {
    await once(server.child.stdout!, 'data')
    output = await server.begun()
  }
  const { pid, listening } = JSON.parse(output.split('\n')[beginning - 1]!)
  return { pid, port: listening.find((one: { carrier: string }) => one.carrier === 'plain').address.port }
}

suite('a restart', { concurrency: true }, () => {
  test('keeps sessions that may be resumed: by command, and from SIGTERM to the next start', async () => {
    const folder = folderOf('kept', '[login]\niterations = 4096\n', listen)
    const server = startProcess(folder, 'start --json')
    const first = await begun(server, 1)
    assert.equal((await run(folder, 'user add romeo@localhost', 'wherefore\n')).code, 0)
    const connect = connectTcp({ host: '127.0.0.1', port: first.port, carrier: 'plain' })
    const romeo = await connect({ jid: 'romeo@localhost', password: 'wherefore', resource: 'orchard' })
    romeo.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>`)
    const legacy = await connect({ jid: 'romeo@localhost', password: 'wherefore', resource: 'legacy' })
    legacy.send('<presence/>')
    while ((await romeo.receive()).attribute('from') !== legacy.jid);

    const restarted = await run(folder, 'restart')
    assert.deepEqual(restarted, {
      code: 0,
      output: 'The server starts again; 1 session waits for its client.\n',
      errors: '',
    })
    assert.equal((await run(folder, 'status')).code, 0)
    const seen: string[] = []
    await assert.rejects(async () => {
      for (;;) seen.push(String(await romeo.receive()))
    }, /the connection is gone/)
    assert.match(seen.at(-1)!, /<presence [^>]*from="romeo@localhost\/legacy"[^>]*type="unavailable"|<r xmlns/)
    const second = await begun(server, 2)
    assert.equal(second.pid, first.pid)
    const waiting = /romeo@localhost\/orchard +- +- +- +yes +0/
    assert.match((await run(folder, 'sessions list')).output, waiting)

    server.child.kill('SIGTERM')
    const ended = await server.finished
    assert.equal(ended.code, 0, ended.errors)
    const next = startProcess(folder, 'start --json')
    await next.begun()
    const { output } = await run(folder, 'sessions list')
    assert.match(output, waiting)
    assert.doesNotMatch(output, /legacy/)
    assert.equal((await run(folder, 'stop')).code, 0)
    assert.equal((await next.finished).code, 0)
  })

  test('tells where the server has not come back', async () => {
    const tables = '[hosts.localhost]\ncertificate = "chain.pem"\nkey = "key.pem"\n'
    const folder = folderOf('lost', tables)
    const { chain, key } = await selfSigned(['localhost'], 90)
    writeFileSync(join(folder, 'chain.pem'), chain)
    writeFileSync(join(folder, 'key.pem'), key)
    const server = startProcess(folder, 'start --json')
    await server.begun()
    rmSync(join(folder, 'chain.pem'))
    const restarted = await run(folder, 'restart')
    assert.equal(restarted.code, 1)
    assert.match(restarted.errors, /^jackdaw: the server has ended, and could not start again: its log says why\n$/)
    const ended = await server.finished
    assert.equal(ended.code, 1)
    assert.match(ended.output, /the certificate of localhost is not there/)
  })

  test('does not begin with a configuration that nothing could start with', async () => {
    const folder = folderOf('wrong')
    const server = startProcess(folder, 'start --json')
    await server.begun()
    appendFileSync(join(folder, 'jackdaw.toml'), '[limits]\nstanza = "huge"\n')
    const refused = await run(folder, 'restart')
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /has a mistake:\n +line \d+: "stanza" must be a size/)
    assert.equal((await run(folder, 'stop')).code, 0)
    assert.equal((await server.finished).code, 0)
  })
})
