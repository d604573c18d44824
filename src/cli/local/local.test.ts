import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { features } from '../../features/index.ts'
import { selfSigned } from '../../runtime/node-certificate.ts'
import { coreSettings } from '../../server/settings.ts'
import { allCommands } from '../all-commands.ts'
import { defaultConfig, readConfig } from '../config/config.ts'
import { program } from '../test-program.ts'
import { explain } from './config-explain.ts'
import { initText } from './init-text.ts'
import { allSettings, defaultText } from './settings-list.ts'

const { run, top } = program('local')

function folder(name: string, files: Record<string, string> = {}): string {
  const path = join(top, name)
  mkdirSync(path)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  return path
}

test('what init writes is the default configuration for the domain, and so is each default that it shows', () => {
  const text = initText({ domain: 'localhost', data: undefined, listen: {} })
  const expected = defaultConfig('/x', features)
  assert.deepEqual(readConfig(text, '/x/jackdaw.toml', features), expected)
  const unset = new Set(
    allSettings()
      .filter(({ setting }) => defaultText(setting) === undefined)
      .map(({ key }) => key),
  )
  const lines = text.split('\n').map(line => {
    const key = /^#([a-z][a-z0-9-]*) = /.exec(line)?.[1]
    return key === undefined || unset.has(key) ? line : line.slice(1)
  })
  assert.deepEqual(readConfig(lines.join('\n'), '/x/jackdaw.toml', features), expected)
  assert.ok(lines.filter(line => /^[a-z][a-z0-9-]* = /.test(line)).length > 40)
  assert.ok(text.split('\n').every(line => line.length <= 200))
})

test('init asks for the domain, says what it did, and leaves a file that is there', async () => {
  const cwd = folder('init')
  const asked = await run(cwd, 'init', 'a@b\n EXAMPLE.org\n', true)
  assert.equal(asked.code, 0)
  assert.match(asked.errors, /^Domain that .* \[localhost\]: "a@b" is not a domain: .*\nDomain that /)
  assert.match(
    asked.output,
    /^Wrote jackdaw\.toml for example\.org\. It listens for clients from everywhere.* start\n$/,
  )
  const file = join(cwd, 'jackdaw.toml')
  const before = readFileSync(file, 'utf8')
  const config = readConfig(before, file, features)
  assert.deepEqual(
    config.hosts.map(host => host.name),
    ['example.org'],
  )
  assert.deepEqual(config.listen.starttls[0], { host: '0.0.0.0', port: 5222 })
  const again = await run(cwd, 'init --domain other.org')
  assert.equal(again.code, 1)
  assert.match(again.errors, /jackdaw\.toml is there already, and stays as it is; name another file with --config/)
  assert.equal(readFileSync(file, 'utf8'), before)
  const other = await run(cwd, 'init --domain localhost --config other.toml --data /var/lib/x')
  assert.match(other.output, /Only this machine can connect.* start --config other\.toml --data \/var\/lib\/x\n$/)
  assert.equal(
    readConfig(readFileSync(join(cwd, 'other.toml'), 'utf8'), join(cwd, 'other.toml'), features).data,
    '/var/lib/x',
  )
  for (const args of ['init', 'init --domain a@b', 'init --domain "not a domain"'])
    assert.equal((await run(folder(`init ${args.length}`), args)).code, 2)
  assert.match((await run(folder('off'), 'init', '', true)).errors, /called off/)
})

test('config check tells all mistakes with their lines, and exit code 1', async () => {
  const cwd = folder('check', {
    'wrong.toml': '[limits]\nstanza = "huge"\ndepth = 1\n[hosts.a]\ncertificate = "x"\n',
    'right.toml': '',
  })
  const wrong = await run(cwd, 'config check wrong.toml')
  assert.equal(wrong.code, 1)
  assert.match(
    wrong.output,
    /^wrong\.toml has 3 mistakes:\n {2}line 2: "stanza" must.*\n {2}line 3: "depth".*\n {2}line 4: /,
  )
  const json = JSON.parse((await run(cwd, '--json config check --config wrong.toml')).output)
  assert.deepEqual([json.ok, json.rows.map((row: { line: number }) => row.line)], [false, [2, 3, 4]])
  assert.deepEqual(await run(cwd, 'config check right.toml'), {
    code: 0,
    output: 'right.toml is in order. It serves localhost.\n',
    errors: '',
  })
  assert.match((await run(cwd, 'config check')).errors, /there is no jackdaw\.toml in this folder/)
  assert.match((await run(cwd, 'config check none.toml')).errors, /cannot read the configuration file/)
  assert.match((await run(cwd, 'config chek')).errors, /did you mean "config check"/)
})

test('config check looks at certificates', async () => {
  const [one, two] = [await selfSigned(['a.example'], 90), await selfSigned(['b.example'], 90)]
  const table = (host: string, chain: string, key: string) =>
    `[hosts."${host}"]\ncertificate = "${chain}"\nkey = "${key}"\n`
  const toml = [
    table('a.example', 'a.pem', 'a.key'),
    table('b.example', 'a.pem', 'b.key'),
    table('c.example', 'no.pem', 'no.key'),
  ]
  const cwd = folder('certificates', {
    'jackdaw.toml': toml.join(''),
    'a.pem': one.chain,
    'a.key': one.key,
    'b.key': two.key,
  })
  const { code, output } = await run(cwd, 'config check')
  assert.equal(code, 1)
  assert.match(
    output,
    /^jackdaw\.toml has 3 mistakes:\n {2}line 5: .*b\.example.*another certificate\n {2}line 8: the certificate of c\.example cannot be read: \S+\/no\.pem: it is not there\n {2}line 9: /,
  )
})

test('config explain tells each value and where it comes from', async () => {
  const toml =
    '[limits]\nstanza = "1MiB"\ndepth = 1\n[offline]\nmaximum = 5\n[hosts."A.example"]\noffline.maximum = 7\n[hosts."b.example"]\n'
  const cwd = folder('explain', { 'jackdaw.toml': toml })
  const { rows } = explain(toml, 'jackdaw.toml')
  const found = (setting: string) =>
    rows.filter(row => row.setting === setting).map(({ host, value, from }) => [host, value, from])
  assert.deepEqual(found('limits.stanza'), [[null, '"1MiB"', 'line 2']])
  assert.deepEqual(found('limits.depth'), [[null, '100', 'default: line 3 is a mistake']])
  assert.deepEqual(found('limits.unsent'), [[null, '"4MiB"', 'default']])
  assert.deepEqual(found('offline.maximum'), [
    [null, '5', 'line 5'],
    ['a.example', '7', 'line 7'],
  ])
  assert.deepEqual(found('hosts.certificate'), [[null, null, 'default']])
  for (const [section, settings] of Object.entries(coreSettings))
    assert.equal(rows.filter(({ setting }) => setting.startsWith(`${section}.`)).length, Object.keys(settings).length)

  const one = await run(cwd, 'config explain offline.maximum')
  assert.equal(one.code, 0)
  assert.equal(
    one.output,
    'offline.maximum = 5  line 5 of jackdaw.toml\noffline.maximum of a.example = 7  line 7 of jackdaw.toml\n' +
      '  Messages that may wait for one account.\n  a whole number, 0 or more; default: 1000\n',
  )
  assert.match(one.errors, /has mistakes.*config check/)
  assert.equal(
    JSON.parse((await run(cwd, 'config explain limits --json')).output).rows.length,
    Object.keys(coreSettings.limits).length,
  )
  const unknown = await run(cwd, 'config explain limits.stansa')
  assert.deepEqual([unknown.code, /did you mean "limits\.stanza"/.test(unknown.errors)], [2, true])
  assert.match(
    (await run(folder('none'), 'config explain data')).output,
    /no configuration file here.*\n\ndata = "jackdaw-data"|data = "/,
  )
})

test('a setting that there is not: what was meant, or where all are', async () => {
  const cwd = folder('unknown')
  assert.match((await run(cwd, 'config explain limit')).errors, /no setting "limit"; did you mean "limits"\?\n$/)
  assert.match((await run(cwd, 'config explain weather')).errors, /"weather"; "config explain" alone shows all\n$/)
})

test('every command can be listed without a server; each has its own words and its manual', () => {
  const commands = allCommands()
  const words = commands.map(command => command.words.join(' '))
  assert.equal(new Set(words).size, words.length)
  for (const one of ['start', 'init', 'config check', 'db backup', 'reload', 'user add', 'host add', 'status', 'stop'])
    assert.ok(words.includes(one), one)
  for (const { words, manual, arguments: all } of commands) {
    for (const text of [manual, ...all.map(one => one.manual)]) assert.match(text, /^[A-Z].*\.$/s, words.join(' '))
  }
  assert.deepEqual(
    commands.filter(({ local }) => local).map(({ words }) => words[0]),
    ['start', 'help', 'init', 'config', 'config', 'db', 'db', 'db', 'db', 'bench'],
  )
})
