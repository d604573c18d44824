import assert from 'node:assert/strict'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { connect } from 'node:tls'
import { ns } from '../wire/namespaces.ts'
import { program } from './test-program.ts'

const { folderOf, run, startProcess, top } = program('start')

suite('the program', { concurrency: true }, () => {
  test('starts, is administered from beside, refuses a second server on its data, and stops', async () => {
    const folder = folderOf('life')
    const server = startProcess(folder, 'start --json')
    const begun = JSON.parse(await server.begun())
    assert.equal(begun.data, join(folder, 'jackdaw-data'))
    assert.deepEqual(
      begun.listening.map((one: { carrier: string }) => one.carrier),
      ['starttls', 'direct-tls'],
    )
    assert.match(begun.certificates[0].fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    assert.equal(statSync(begun.data).mode & 0o777, 0o700)
    assert.equal(statSync(join(begun.data, 'certificates/localhost.key')).mode & 0o777, 0o600)

    assert.deepEqual(await run(folder, 'user add romeo@localhost', 'wherefore\n'), {
      code: 0,
      output: 'romeo@localhost can log in now.\n',
      errors: '',
    })
    const [listed, second] = await Promise.all([run(folder, 'user list --json'), run(folder, 'start')])
    assert.deepEqual(JSON.parse(listed.output).rows, [{ jid: 'romeo@localhost', sessions: 0, disabled: false }])
    assert.equal(second.code, 1)
    assert.match(second.errors, new RegExp(`in use by jackdaw .*, process ${begun.pid}; end it with ".* stop"`))

    const stopped = await run(folder, 'stop')
    assert.deepEqual([stopped.code, stopped.output], [0, 'The server has stopped.\n'])
    const ended = await server.finished
    assert.equal(ended.code, 0)
    assert.ok(!ended.errors.includes('wherefore'))
  })

  test('after kill -9 the next one takes over, and Ctrl-C ends it with exit code 0', async () => {
    const folder = folderOf('killed')
    const first = startProcess(folder, 'start')
    assert.match(await first.begun(), /^Jackdaw \d/)
    first.child.kill('SIGKILL')
    await first.finished
    const gone = await run(folder, 'status')
    assert.equal(gone.code, 1)
    assert.match(gone.errors, /no server is running with data in jackdaw-data; start one with: /)
    const next = startProcess(folder, 'start')
    const banner = await next.begun()
    next.child.kill('SIGINT')
    const { code, errors } = await next.finished
    assert.equal(code, 0, errors)
    assert.match(banner, /clients, STARTTLS +127\.0\.0\.1:\d+\n/)
    assert.match(banner, /data +\/.*\/killed\/jackdaw-data\n/)
    assert.match(banner, /SHA-256 ([0-9A-F]{2}:){31}/)
    assert.match(banner, /jackdaw\.js user add romeo@localhost\n/)
    assert.match(banner, /\/connect romeo@localhost server 127\.0\.0\.1 port \d+ tls trust\n/)
  })

  test('TLS sends no session tickets, and takes the shorter keys', async () => {
    const folder = folderOf('tickets')
    const server = startProcess(folder, 'start --json')
    const [, { address }] = JSON.parse(await server.begun()).listening
    const client = connect({ port: address.port, host: '127.0.0.1', rejectUnauthorized: false })
    let tickets = 0
    client.on('session', () => tickets++)
    // What answers a stream header comes behind them.
    client.write(`<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${ns.streams}'>`)
    await new Promise(resolve => client.once('data', resolve))
    assert.equal(tickets, 0)
    assert.equal(client.getCipher().standardName, 'TLS_AES_128_GCM_SHA256')
    client.destroy()
    server.child.kill('SIGINT')
    assert.equal((await server.finished).code, 0)
  })

  test('a port in use is named, with what to do; nothing is left behind', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => holder.once('listening', resolve))
    const { port } = holder.address() as { port: number }
    const folder = join(top, 'port')
    mkdirSync(folder)
    writeFileSync(join(folder, 'jackdaw.toml'), `[listen]\nstarttls = ["127.0.0.1:${port}"]\ndirect-tls = []\n`)
    const { code, errors } = await run(folder, 'start')
    holder.close()
    assert.equal(code, 1)
    assert.match(
      errors,
      new RegExp(
        `jackdaw: Port ${port} on 127.0.0.1 is in use by another program. End that program, or write other addresses into ` +
          'jackdaw.toml:\n {2}\\[listen\\]\n {2}starttls = .*\n {2}direct-tls = ',
      ),
    )
    assert.match((await run(folder, 'status')).errors, /no server is running/)
    writeFileSync(join(folder, 'other.toml'), '[listen]\nstarttls = ["203.0.113.1:5222"]\ndirect-tls = []\n')
    const strange = await run(folder, 'start --config other.toml')
    assert.match(strange.errors, /does not have the address 203\.0\.113\.1\. Write other addresses into other\.toml:\n/)
  })

  test('a wrong configuration has exit code 2 and all its mistakes', async () => {
    const folder = folderOf('wrong', 'plian = []\n[limits]\nstanza = "huge"\n')
    const { code, errors } = await run(folder, 'start')
    assert.equal(code, 2)
    assert.match(
      errors,
      /jackdaw\.toml has 2 mistakes:\n {2}line 4: unknown key "plian" in listen; did you mean "plain"\?\n {2}line 6: "stanza" must be a size/,
    )
  })

  test('a certificate that is not there is named', async () => {
    const folder = folderOf('missing', '[hosts."example.org"]\ncertificate = "chain.pem"\nkey = "key.pem"\n')
    const { code, errors } = await run(folder, 'start')
    assert.equal(code, 1)
    assert.match(errors, /jackdaw: the certificate of example\.org is not there: .*\/missing\/chain\.pem\n/)
  })
})
