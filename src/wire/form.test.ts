import assert from 'node:assert/strict'
import { test } from 'node:test'
import { comparable } from '../testing/cases.ts'
import { Malformed } from './errors.ts'
import {
  boolean,
  dataForm,
  fixed,
  form,
  hidden,
  jidMulti,
  jidSingle,
  listMulti,
  listSingle,
  moment,
  textMulti,
  textPrivate,
  textSingle,
  type ValuesOf,
  whole,
} from './form.ts'
import { Jid } from './jid.ts'
import { parse } from './reader.ts'

const bot = form(
  'jabber:bot',
  {
    about: fixed('Section 1: Bot Info'),
    botname: textSingle('The name of your bot'),
    description: textMulti('Helpful description of your bot'),
    public: boolean('Public bot?', { required: true }),
    password: textPrivate('Password for special access'),
    features: listMulti('Features', { news: 'News', search: 'Search', polls: 'Polls' }, { most: 2 }),
    maxsubs: listSingle('Maximum number of subscribers', { 10: '10', 20: '20', none: 'None' }),
    invitelist: jidMulti('People to invite', { description: 'Tell all your friends about your new bot!' }),
    owner: jidSingle('Owner'),
    age: whole('Age', { least: 0, greatest: 150 }),
    since: moment('Since'),
    token: hidden(),
  },
  { title: 'Bot Configuration', instructions: 'Fill out this form to configure your new bot!' },
)

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const exact = <T extends true>(value?: T) => assert.equal(value, undefined)

test('the types of values are exact', () => {
  exact<
    Equal<
      ValuesOf<typeof bot>,
      {
        readonly public: boolean
        readonly botname?: string
        readonly description?: string
        readonly password?: string
        readonly features?: readonly ('news' | 'search' | 'polls')[]
        readonly maxsubs?: '10' | '20' | 'none' | undefined
        readonly invitelist?: readonly Jid[]
        readonly owner?: Jid | undefined
        readonly age?: number | undefined
        readonly since?: Date | undefined
        readonly token?: string
      }
    >
  >()
  const needed = form('x', {
    who: jidSingle('Who', { required: true }),
    one: listSingle('One', { a: 'A' }, { required: true }),
  })
  exact<Equal<ValuesOf<typeof needed>, { readonly who: Jid; readonly one: 'a' }>>()
})

const values: ValuesOf<typeof bot> = {
  botname: 'The Jabber Google Bot',
  description: 'It is\nreally cool!',
  public: false,
  password: 'v3r0na',
  features: ['search', 'news'],
  maxsubs: '20',
  invitelist: [Jid.parse('juliet@capulet.com'), Jid.parse('benvolio@montague.net')],
  owner: Jid.parse('romeo@montague.net'),
  age: 7,
  since: new Date(Date.UTC(2004, 3, 8)),
  token: 't',
}

test('a form is shown, with what is known', () => {
  const small = form(
    'jabber:bot',
    {
      about: fixed('Section 1'),
      name: textSingle('Name', { required: true, description: 'Its name.', name: 'bot#name' }),
      mode: listSingle('Mode', { a: 'A', b: 'B' }),
      age: whole('Age', { least: 1, greatest: 9 }),
    },
    { title: 'T', instructions: 'I', prefix: 'bot_' },
  )
  assert.equal(
    comparable(small.render({ mode: 'b' })),
    comparable(
      parse(`<x xmlns='jabber:x:data' type='form'><title>T</title><instructions>I</instructions>
        <field type='hidden' var='FORM_TYPE'><value>jabber:bot</value></field>
        <field type='fixed'><value>Section 1</value></field>
        <field type='text-single' label='Name' var='bot#name'><desc>Its name.</desc><required/></field>
        <field type='list-single' label='Mode' var='bot_mode'><value>b</value>
          <option label='A'><value>a</value></option><option label='B'><value>b</value></option></field>
        <field type='text-single' label='Age' var='bot_age'>
          <validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:integer'><range min='1' max='9'/></validate>
        </field></x>`),
    ),
  )
})

test('what is submitted comes back', () => {
  assert.deepEqual(bot.read(parse(bot.submit(values).toString())), values)
  assert.deepEqual(bot.read(bot.submit({ public: true })), { public: true })
  assert.deepEqual(bot.readResult(bot.result(values)), values)
  assert.deepEqual(bot.readResult(bot.result({ age: 5 })), { age: 5 })
  assert.equal(bot.read(parse(`<x xmlns='jabber:x:data' type='cancel'/>`)), undefined)
})

test('a submission is read as it came, in part and with more than was asked', () => {
  const read = (fields: string) => bot.read(parse(`<x xmlns='jabber:x:data' type='submit'>${fields}</x>`))
  const yes = `<field var='public'><value>true</value></field>`
  assert.deepEqual(read(yes), { public: true })
  assert.deepEqual(read(`${yes}<field var='unknown'><value>x</value></field><field type='fixed'/>`), { public: true })
  assert.deepEqual(
    read(`${yes}<field var='invitelist'><value>A@b.c</value><value>a@b.c</value><value/></field>
      <field var='features'><value>polls</value><value>news</value><value>polls</value></field>`),
    { public: true, invitelist: [Jid.parse('a@b.c')], features: ['polls', 'news'] },
  )
  // XEP-0004 §3.6: emptied, which is not left out.
  assert.deepEqual(
    read(`${yes}<field var='owner'/><field var='age'><value/></field><field var='botname'/><field var='features'/>`),
    { public: true, owner: undefined, age: undefined, botname: '', features: [] },
  )
})

test('a refusal names the field', () => {
  const submit =
    (fields: string, type = 'submit') =>
    () =>
      bot.read(parse(`<x xmlns='jabber:x:data' type='${type}'>${fields}</x>`))
  const yes = `<field var='public'><value>1</value></field>`
  const said = (read: () => unknown, pattern: RegExp) =>
    assert.throws(read, error => error instanceof Malformed && pattern.test(error.message), String(pattern))
  said(submit(''), /The field "public" \(Public bot\?\): It is required/)
  said(submit(`<field var='public'/>`), /"public".*It is required/)
  said(submit(`<field var='public'><value>maybe</value></field>`), /"public".*neither true nor false/)
  said(submit(`${yes}<field var='age'><value>151</value></field>`), /"age" \(Age\): It is not between 0 and 150/)
  said(submit(`${yes}<field var='age'><value>x</value></field>`), /"age".*not a whole number/)
  said(submit(`${yes}<field var='since'><value>today</value></field>`), /"since".*XEP-0082/)
  said(submit(`${yes}<field var='maxsubs'><value>30</value></field>`), /"maxsubs".*none of 10, 20, none/)
  said(submit(`${yes}<field var='owner'><value>@</value></field>`), /"owner".*The local part/)
  said(
    submit(`${yes}<field var='features'><value>news</value><value>search</value><value>polls</value></field>`),
    /"features".*At most 2/,
  )
  said(submit(`${yes}<field var='botname'><value>a</value><value>b</value></field>`), /"botname".*only one/)
  said(submit(yes, 'form'), /not one of the type "form"/)
  said(
    submit(`<field var='FORM_TYPE'><value>jabber:cat</value></field>${yes}`),
    /"jabber:bot" was expected, not "jabber:cat"/,
  )
  const big = form('x', { n: whole('N') })
  said(
    () =>
      big.read(
        parse(`<x xmlns='jabber:x:data' type='submit'><field var='n'><value>99999999999999999</value></field></x>`),
      ),
    /"n".*too big/,
  )
})

test('results about something else are not ours', () => {
  assert.equal(bot.readResult(bot.submit({ public: true })), undefined)
  assert.equal(bot.readResult(form('other', {}).result({})), undefined)
  assert.equal(bot.readResult(parse(`<x xmlns='jabber:x:data' type='result'/>`)), undefined)
})

test('disco extensions of XEP-0128, example 1', () => {
  const info = form('http://jabber.org/network/serverinfo', {
    c2s_port: whole('Port'),
    c2s_port_ssl: whole('Port for direct TLS'),
    http_access: textSingle('HTTP'),
    ip_version: listMulti('IP', { ipv4: '4', ipv6: '6' }),
    info_url: textSingle('Where to read more'),
  })
  const xml = `<x xmlns='jabber:x:data' type='result'>
      <field var='FORM_TYPE' type='hidden'>
        <value>http://jabber.org/network/serverinfo</value>
      </field>
      <field var='c2s_port'>
        <value>5222</value>
      </field>
      <field var='c2s_port_ssl'>
        <value>5223</value>
      </field>
      <field var='http_access'>
        <value>http://shakespeare.lit/jabber</value>
      </field>
      <field var='ip_version'>
        <value>ipv4</value>
        <value>ipv6</value>
      </field>
      <field var='info_url'>
        <value>http://shakespeare.lit/support.php</value>
      </field>
    </x>`
  const known = {
    c2s_port: 5222,
    c2s_port_ssl: 5223,
    http_access: 'http://shakespeare.lit/jabber',
    ip_version: ['ipv4', 'ipv6'],
    info_url: 'http://shakespeare.lit/support.php',
  } as const
  assert.deepEqual(info.readResult(parse(xml)), known)
  assert.equal(comparable(info.result(known)), comparable(parse(xml)))
})

test('reports of several items', () => {
  const hit = form('urn:search', { name: textSingle('Name'), age: whole('Age'), of: jidMulti('Of') })
  const rows = [{ name: 'A', age: 1, of: [Jid.parse('a@b'), Jid.parse('c@d')] }, { name: 'B' }]
  const report = hit.report(rows)
  const data = dataForm.read(report)
  assert.deepEqual(
    data.reported?.fields.map(({ name, type, label }) => [name, type, label]),
    [
      ['name', 'text-single', 'Name'],
      ['age', 'text-single', 'Age'],
      ['of', 'jid-multi', 'Of'],
    ],
  )
  // XEP-0004 §3.4: no field beside them, and each item has each field.
  assert.equal(data.fields.length, 0)
  assert.deepEqual(
    data.items.map(item => item.fields.length),
    [3, 3],
  )
  assert.deepEqual(hit.readReport(parse(report.toString())), [rows[0], { name: 'B', age: undefined, of: [] }])
})
