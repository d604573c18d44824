import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import type { Command } from '../server/command.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { main } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-cli-'))
const users = new Map<string, string>()
const commands: Command[] = [
  {
    words: ['user', 'add'],
    manual: 'Makes an account. It can log in at once.',
    arguments: [
      { name: 'jid', manual: 'Its address.', kind: 'jid' },
      { name: 'password', manual: 'Its password.', kind: 'secret' },
      { name: 'displayName', manual: 'What people see.', kind: 'text', option: true },
      { name: 'quiet', manual: 'Says nothing.', kind: 'flag' },
    ],
    run: ({ jid, password, displayName, quiet }) => {
      if (users.has(String(jid))) throw new Error(`${jid} exists already`)
      users.set(String(jid), String(password))
      return quiet ? {} : { say: `${jid} can log in now${displayName ? ` as ${displayName}` : ''}` }
    },
  },
  {
    words: ['user', 'list'],
    manual: 'Lists the accounts.',
    arguments: [{ name: 'host', manual: 'Only of this host.', kind: 'text', optional: true }],
    run: ({ host }) => ({
      rows: [...users.keys()]
        .filter(jid => host === undefined || jid.endsWith(`@${host}`))
        .map(jid => ({ jid, sessions: 0, disabled: false, seen: null })),
    }),
  },
  {
    words: ['user', 'remove'],
    manual: 'Removes an account.',
    arguments: [{ name: 'jid', manual: 'Its address.', kind: 'jid' }],
    run: ({ jid }) => {
      if (!users.delete(String(jid))) throw new Error(`there is no ${jid}`)
      return { say: `${jid} is gone` }
    },
  },
]

let server: ControlServer
before(async () => {
  mkdirSync(join(folder, 'jackdaw-data'))
  const path = join(folder, 'jackdaw-data/control.sock')
  server = await serveControl({ path, version: '0', commands, log: () => {} })
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

async function run(args: string, typed = '', cwd = folder) {
  let output = ''
  let errors = ''
  const code = await main({
    args: args.split(' ').filter(Boolean),
    cwd,
    environment: { PATH: '' },
    input: Readable.from(typed === '' ? [] : [Buffer.from(typed)]),
    output: { write: text => (output += text) },
    errors: { write: text => (errors += text) },
  })
  return { code, output, errors }
}

test('adds, lists and removes a user; the password is a line of standard input', async () => {
  users.clear()
  const added = await run('user add Romeo@localhost --display-name=Romeo', 'sëcret word \nmore\n')
  assert.deepEqual(added, { code: 0, output: 'romeo@localhost can log in now as Romeo\n', errors: '' })
  assert.equal(users.get('romeo@localhost'), 'sëcret word ')
  assert.equal(
    (await run('user list')).output,
    'jid              sessions  disabled  seen\nromeo@localhost         0  no        -\n',
  )
  assert.deepEqual(JSON.parse((await run('user list localhost --json')).output), {
    ok: true,
    rows: [{ jid: 'romeo@localhost', sessions: 0, disabled: false, seen: null }],
  })
  assert.equal((await run('user remove romeo@localhost')).code, 0)
  assert.equal(users.size, 0)
})

test('many users at once: a line each, with what was refused', async () => {
  users.clear()
  const lines = Array.from({ length: 300 }, (_, index) => `user${index}@localhost pass ${index}`)
  const many = await run('user add -', `${lines.join('\n')}\n\nuser5@localhost again\nnopassword@localhost\na@@b x`)
  assert.equal(many.code, 1)
  assert.equal(many.output, 'user add: 300 done, 3 refused\n')
  assert.equal(users.get('user17@localhost'), 'pass 17')
  assert.match(
    many.errors,
    /^line 302: user5@localhost exists already\nline 303: the password is missing\nline 304: "a@@b" is not/,
  )
  const removed = JSON.parse(
    (await run('user remove - --json', 'user5@localhost\nuser5@localhost\nuser6@localhost')).output,
  )
  assert.deepEqual(removed, {
    ok: false,
    say: 'user remove: 2 done, 1 refused',
    done: 2,
    failed: [{ line: 2, reason: 'there is no user5@localhost' }],
  })
})

test('refusals have exit code 1, also for machines', async () => {
  const refused = await run('user remove nobody@localhost')
  assert.deepEqual(refused, { code: 1, output: '', errors: 'jackdaw: there is no nobody@localhost\n' })
  const json = await run('--json user remove nobody@localhost')
  assert.deepEqual(json, { code: 1, output: '{"ok":false,"error":"there is no nobody@localhost"}\n', errors: '' })
  assert.match((await run('user add a@localhost')).errors, /there is no password on standard input/)
  assert.match((await run('user add a@localhost', '\n')).errors, /the password is empty/)
})

test('a wrong command line has exit code 2 and says what was meant', async () => {
  const wrong: [string, RegExp][] = [
    ['user ad romeo@localhost', /unknown command "user ad"; did you mean "user add"\?/],
    ['usr add romeo@localhost', /unknown command "usr"; did you mean "user add"\?/],
    ['user', /"user" needs one of: add, list, remove/],
    ['strat', /did you mean "start"\?/],
    ['frobnicate', /unknown command "frobnicate"; see "jackdaw help"\n$/],
    ['-x', /unknown option "-x"; see "jackdaw help"\n$/],
    ['--josn', /unknown option "--josn"; did you mean "--json"\? See "jackdaw help"\.\n$/],
    ['user add', /the jid is missing\nusage: jackdaw user add JID \[--display-name TEXT\] \[--quiet\]/],
    ['user add a@@b', /"a@@b" is not an address/],
    ['user add romeo@localhost secret', /the password never stands on the command line/],
    ['user add romeo@localhost --display-nmae=x', /no option --display-nmae=x; did you mean "--display-name"\?/],
    ['user add romeo@localhost --password=x', /no option --password=x/],
    ['user add romeo@localhost --quiet=yes', /--quiet takes no value/],
    ['user add romeo@localhost --display-name', /--display-name needs a value/],
    ['--config', /--config needs a file/],
    ['status --config nowhere.toml', /cannot read the configuration file \S+nowhere\.toml: it is not there/],
    ['start now', /"start" takes no "now"/],
  ]
  for (const [args, message] of wrong) {
    const { code, errors, output } = await run(args)
    assert.match(errors, message, args)
    assert.equal(code, 2, args)
    assert.equal(output, '', args)
  }
})

test('without a server: where it was looked for, and what to type', async () => {
  const empty = join(folder, 'empty')
  mkdirSync(empty)
  const { code, errors } = await run('user list', '', empty)
  assert.equal(code, 1)
  assert.match(errors, /^jackdaw: no server is running with data in jackdaw-data; start one with: .*jackdaw.* start\n$/)
  writeFileSync(join(empty, 'other.toml'), 'data = "there"\nrubbish = 1')
  assert.match(
    (await run('status --config other.toml', '', empty)).errors,
    /data in there; start one with: .* start --config other\.toml\n$/,
  )
  assert.match((await run('help', '', empty)).output, /No server is running/)
  const wrong: [string, RegExp][] = [
    ['usr add romeo@localhost', /unknown command "usr"; did you mean "user add"\?/],
    ['user lst', /did you mean "user list"\?/],
    ['user add', /the jid is missing\nusage: jackdaw user add JID/],
    ['user add a@@b', /"a@@b" is not an address/],
    ['user list --jsn', /no option --jsn; did you mean "--json"\?/],
    ['-x', /unknown option "-x"/],
  ]
  for (const [args, message] of wrong) {
    const mistake = await run(args, '', empty)
    assert.match(mistake.errors, message, args)
    assert.equal(mistake.code, 2, args)
  }
})

test('help lists what the running server has, and shows the manual of a command', async () => {
  const { output, code } = await run('help')
  assert.equal(code, 0)
  assert.match(output, /jackdaw user list \[HOST\] +Lists the accounts\.\n/)
  assert.match(output, /jackdaw start +Starts a server/)
  assert.match(output, /Exit codes: 0 done/)
  const manual = (await run('help user add')).output
  assert.match(
    manual,
    /^usage: jackdaw user add JID \[--display-name TEXT\] \[--quiet\]\n\nMakes an account\. It can log in at once\.\n/,
  )
  assert.match(manual, /password {8}Its password\. Asked for on a terminal/)
  assert.match(manual, /once for each line of standard input:\n {2}jid password\n/)
  assert.equal((await run('user add --help')).output, manual)
  assert.match((await run('help user ad')).errors, /did you mean "user add"/)
})

test('tells its version', async () => {
  assert.match((await run('--version')).output, /^jackdaw \d+\.\d+\.\d+\n$/)
  assert.equal((await run('-v')).output, (await run('--version')).output)
  assert.match((await run('help')).output, /--version, -v +/)
})
