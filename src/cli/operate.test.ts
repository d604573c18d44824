import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { connectTcp } from '../testing/connect.ts'
import type { Player } from '../testing/play.ts'
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { program, type StartedProcess } from './test-program.ts'

const { folderOf, run, startProcess } = program('operate')
const listen = 'starttls = ["127.0.0.1:0"]\ndirect-tls = []\nplain = ["127.0.0.1:0"]'

async function receive(client: Player, fits: (one: Element) => boolean | undefined): Promise<Element> {
  for (;;) {
    const stanza = await client.receive()
    if (fits(stanza)) return stanza
  }
}

/** Resolves when the server has logged this sentence. */
async function logged({ log, child }: StartedProcess, sentence: string): Promise<void> {
  while (!log().includes(`"sentence":"${sentence}"`)) await once(child.stderr!, 'data')
}

suite('an operator', { concurrency: true }, () => {
  test('looks after users, sessions and messages', async () => {
    const folder = folderOf('users', '[login]\niterations = 4096\n', listen)
    const server = startProcess(folder, 'start --json')
    const { listening } = JSON.parse(await server.begun())
    const { port } = listening.find((one: { carrier: string }) => one.carrier === 'plain').address
    const connect = connectTcp({ host: '127.0.0.1', port, carrier: 'plain' })
    const ok = async (args: string, typed = '') => {
      const { code, output, errors } = await run(folder, args, typed)
      assert.equal(code, 0, errors)
      return output
    }
    assert.match(await ok('reload'), /No setting has changed/, 'what the command line asked for is no change')
    await ok('user add romeo@localhost', 'wherefore\n')
    const romeo = await connect({ jid: 'romeo@localhost', password: 'wherefore', resource: 'orchard' })
    romeo.send('<presence/>')
    assert.match(
      await ok('sessions list'),
      /^session +from .*\nromeo@localhost\/orchard +127\.0\.0\.1 +tcp +no +yes +0/,
    )
    assert.equal(
      await ok('send localhost romeo@localhost', 'The server goes down at noon.\n'),
      'Sent to romeo@localhost.\n',
    )
    const message = await receive(romeo, one => one.name === 'message')
    assert.equal(message.child('body')!.text, 'The server goes down at noon.')
    assert.match((await run(folder, 'send localhost romeo@localhost hello')).errors, /never stands on the command line/)
    assert.match((await run(folder, 'send localhost nobody@localhost', 'x')).errors, /refused: service-unavailable/)
    await ok('sessions close romeo@localhost/orchard --reason "Go to bed."')
    const end = await receive(romeo, one => one.is('error', ns.streams))
    assert.equal(end.child('text', ns.streamErrors)!.text, 'Go to bed.')
    await ok('user passwd romeo@localhost', 'therefore\n')
    await assert.rejects(
      connect({ jid: 'romeo@localhost', password: 'wherefore', resource: undefined }),
      /not-authorized/,
    )
    await ok('user disable romeo@localhost')
    await assert.rejects(
      connect({ jid: 'romeo@localhost', password: 'therefore', resource: undefined }),
      /account-disabled/,
    )
    await ok('user enable romeo@localhost')
    assert.match(await ok('roster show romeo@localhost'), /no contacts/)
    await ok('user remove romeo@localhost')
    const inherited = await run(folder, 'user add romeo@localhost', 'x\n')
    assert.match(inherited.errors, /romeo@localhost was removed on .*--again/)
    assert.match(await ok('user add romeo@localhost --again', 'x\n'), /can log in now/)
    await ok('stop')
    const { errors } = await server.finished
    for (const secret of ['wherefore', 'therefore', 'goes down at noon']) assert.ok(!errors.includes(secret), secret)
    const lines = errors
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).sentence)
    assert.deepEqual(
      lines.filter(sentence => sentence.startsWith('Storage')).length,
      1,
      'one line for the new database',
    )
    assert.deepEqual(lines.filter(sentence => sentence === 'login refused').length, 2)
  })

  test('changes the configuration of a running server', async () => {
    const folder = folderOf('reload', '', listen)
    const file = join(folder, 'jackdaw.toml')
    const toml = readFileSync(file, 'utf8')
    const server = startProcess(folder, 'start')
    await server.begun()
    assert.match((await run(folder, 'reload')).output, /No setting has changed/)
    writeFileSync(
      file,
      `${toml}[limits]\nstanza = "1MiB"\n[log]\nlevel = "debug"\n[hosts.localhost]\n[hosts."a.example"]\n`,
    )
    const { rows } = JSON.parse((await run(folder, 'reload --json')).output)
    assert.deepEqual(
      rows.map((row: { setting: string; effect: string }) => [row.setting, row.effect]),
      [
        ['limits.stanza', 'in effect for new connections'],
        ['log.level', 'in effect'],
        ['hosts."a.example"', 'in effect'],
      ],
    )
    assert.ok(existsSync(join(folder, 'jackdaw-data/certificates/a.example.pem')), 'it has its certificate')
    assert.equal((await run(folder, 'logs')).output, 'The log level is debug.\n')
    assert.equal((await run(folder, 'logs warn')).output, 'The log level is warn now.\n')
    assert.match((await run(folder, 'logs loud')).errors, /no log level: it is one of debug, info, warn, error/)
    await run(folder, 'logs info')

    const added = await run(folder, 'host add B.example')
    assert.match(added.output, /^b\.example is served now\. .*jackdaw\.toml:\n\[hosts\."b\.example"\]\n$/)
    assert.match((await run(folder, 'host add b.example')).errors, /served already/)
    assert.match(
      (await run(folder, 'host add c.example --certificate no.pem --key no.key')).errors,
      /c\.example is not there/,
    )
    assert.match((await run(folder, 'host add c.example --key no.key')).errors, /needs both certificate and key/)
    await run(folder, 'user add romeo@b.example', 'x\n')
    assert.match((await run(folder, 'host remove b.example')).errors, /one account.*--yes/)
    assert.match((await run(folder, 'host remove b.example --yes')).output, /is gone, with one account/)
    assert.deepEqual(
      JSON.parse((await run(folder, 'host list --json')).output).rows.map((row: { host: string }) => row.host),
      ['localhost', 'a.example'],
    )

    writeFileSync(file, `${toml}[limits]\nstanza = "huge"\nunsent = 1\n`)
    const wrong = await run(folder, 'reload')
    assert.equal(wrong.code, 1)
    assert.match(wrong.errors, /jackdaw\.toml has 2 mistakes:\n {2}line 6: .*\n {2}line 7: /)
    server.child.kill('SIGHUP')
    await logged(server, 'configuration not read again: everything stays as it was')
    writeFileSync(file, toml)
    server.child.kill('SIGHUP')
    await logged(server, 'configuration read again')
    assert.match((await run(folder, 'status')).output, /^hosts +localhost$/m)
    await run(folder, 'stop')
    assert.equal((await server.finished).code, 0)
  })

  test('keeps the data safe: backup, check, restore', async () => {
    const folder = folderOf('data', '[login]\niterations = 4096\n', listen)
    assert.match((await run(folder, 'db migrate --dry-run')).output, /^This would be done:\nstep\nmake the store\n/)
    assert.match((await run(folder, 'db migrate')).output, /^This was done:/)
    assert.match((await run(folder, 'db migrate')).output, /nothing to do/)
    const server = startProcess(folder, 'start')
    await server.begun()
    await run(folder, 'user add romeo@localhost', 'x\n')
    const backup = await run(folder, 'db backup monday.db')
    assert.match(backup.output, /^Copied the database to monday\.db: [\d.]+ KiB\.\n$/)
    assert.equal(statSync(join(folder, 'monday.db')).mode & 0o777, 0o600)
    assert.match((await run(folder, 'db backup monday.db')).errors, /is there already/)
    await run(folder, 'user add juliet@localhost', 'x\n')
    assert.match((await run(folder, 'db check')).output, /jackdaw\.db is sound\. Accounts: 2, /)
    assert.match((await run(folder, 'db check monday.db')).output, /monday\.db is sound\. Accounts: 1, /)
    assert.match((await run(folder, 'db restore monday.db')).errors, /a server runs.*stop it first/)
    await run(folder, 'stop')
    await server.finished
    assert.match(
      (await run(folder, 'db restore monday.db')).output,
      /^Restored monday\.db\. What was there is in .*before-restore\.\n$/,
    )
    assert.match((await run(folder, 'db check')).output, /Accounts: 1, log entries: 0, /)
    writeFileSync(join(folder, 'broken.db'), 'x'.repeat(10_000))
    assert.match((await run(folder, 'db check broken.db')).errors, /not a database/)
    assert.equal((await run(folder, 'db restore broken.db')).code, 1)
  })
})
