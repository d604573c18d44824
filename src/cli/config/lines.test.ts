import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'smol-toml'
import { findLines, lineOf, pathKey } from './lines.ts'

/** Every path of a parsed document. */
function paths(value: unknown, above: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [above]
  const entries = Array.isArray(value) ? value.map((v, i) => [i, v] as const) : Object.entries(value)
  return [above, ...entries.flatMap(([key, inner]) => paths(inner, [...above, key]))]
}

const document = `# a = 1
data = "x # no comment" # b = 2
"quo.ted" = 'its'
`

test('finds keys behind comments and strings that look like keys', () => {
  const lines = findLines(`${document}text = """
fake = 1
"quoted\\"""" = 2
"""
literal = '''
[fake]
'''
after = true
`)
  assert.equal(lineOf(lines, ['data']), 2)
  assert.equal(lineOf(lines, ['quo.ted']), 3)
  assert.equal(lineOf(lines, ['text']), 4)
  assert.equal(lineOf(lines, ['fake']), undefined)
})

test('finds tables, dotted keys, inline tables, lists and lists of tables', () => {
  const toml = `[hosts."example.org"]
certificate = 'a.pem'
roster.maximum = 500
[hosts."ex\\u0061mple.net"] # a comment
roster = { maximum = 5, versions = false }

[ listen ]
starttls = [
  "0.0.0.0:5222", # one
  "[::]:5222",
]
direct-tls = ["[]", "#"]
when = 2026-11-20 23:54:01
[[users]]
name = "romeo"
[[users]]
name = "juliet"
nested = [[1], [2, 3]]
[users.more]
key = 1
`
  const lines = findLines(toml)
  const expected: [(string | number)[], number][] = [
    [['hosts', 'example.org'], 1],
    [['hosts', 'example.org', 'certificate'], 2],
    [['hosts', 'example.org', 'roster', 'maximum'], 3],
    [['hosts', 'example.net'], 4],
    [['hosts', 'example.net', 'roster', 'versions'], 5],
    [['listen', 'starttls', 0], 9],
    [['listen', 'starttls', 1], 10],
    [['listen', 'direct-tls', 1], 12],
    [['listen', 'when'], 13],
    [['users', 0, 'name'], 15],
    [['users', 1, 'name'], 17],
    [['users', 1, 'nested', 1, 1], 18],
    [['users', 1, 'more', 'key'], 20],
  ]
  for (const [path, line] of expected) assert.equal(lines.get(pathKey(path)), line, path.join('.'))
  for (const path of paths(parse(toml)).slice(1)) assert.notEqual(lineOf(lines, path), undefined, path.join('.'))
})

test('a path that does not stand in the text has the line of what is above it', () => {
  const lines = findLines('\n[hosts.localhost]\n')
  assert.equal(lineOf(lines, ['hosts', 'localhost', 'certificate']), 2)
  assert.equal(lineOf(lines, ['roster', 'maximum']), undefined)
})

test('comes to an end on any text', () => {
  for (const text of [
    '',
    '[',
    '[[',
    '= 1',
    'a = [',
    'a = {',
    'a = "',
    "a = '''",
    'a.',
    ']',
    '}',
    'a = {b = [{c = "',
    '\ufeffa = 1\r\nb = 2',
    '??',
  ]) {
    findLines(text)
  }
  assert.equal(lineOf(findLines('\ufeffa = 1\r\nb = 2'), ['b']), 2)
})
