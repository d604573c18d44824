import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Case, cases } from '../testing/cases.ts'
import { type DataForm, dataForm, plainField as field, formField, formTypeOf } from './form-data.ts'
import { parse } from './reader.ts'

const data = (form: Partial<DataForm> & Pick<DataForm, 'type'>): DataForm => ({
  instructions: [],
  fields: [],
  items: [],
  ...form,
})
const option = (value: string, label: string) => ({ label, value })
const bot = field({ type: 'hidden', name: 'FORM_TYPE', values: ['jabber:bot'] })

// XEP-0004, examples 2, 3, 6 and 8 (two of its items), and a cancelled form; XEP-0128, example 2; XEP-0068, example 1.
const examples: readonly Case<DataForm>[] = [
  [
    `<x xmlns='jabber:x:data' type='form'>
      <title>Bot Configuration</title>
      <instructions>Fill out this form to configure your new bot!</instructions>
      <field type='hidden'
             var='FORM_TYPE'>
        <value>jabber:bot</value>
      </field>
      <field type='fixed'><value>Section 1: Bot Info</value></field>
      <field type='text-single'
             label='The name of your bot'
             var='botname'/>
      <field type='text-multi'
             label='Helpful description of your bot'
             var='description'/>
      <field type='boolean'
             label='Public bot?'
             var='public'>
        <required/>
      </field>
      <field type='text-private'
             label='Password for special access'
             var='password'/>
      <field type='fixed'><value>Section 2: Features</value></field>
      <field type='list-multi'
             label='What features will the bot support?'
             var='features'>
        <option label='Contests'><value>contests</value></option>
        <option label='News'><value>news</value></option>
        <option label='Polls'><value>polls</value></option>
        <option label='Reminders'><value>reminders</value></option>
        <option label='Search'><value>search</value></option>
        <value>news</value>
        <value>search</value>
      </field>
      <field type='fixed'><value>Section 3: Subscriber List</value></field>
      <field type='list-single'
             label='Maximum number of subscribers'
             var='maxsubs'>
        <value>20</value>
        <option label='10'><value>10</value></option>
        <option label='20'><value>20</value></option>
        <option label='30'><value>30</value></option>
        <option label='50'><value>50</value></option>
        <option label='100'><value>100</value></option>
        <option label='None'><value>none</value></option>
      </field>
      <field type='fixed'><value>Section 4: Invitations</value></field>
      <field type='jid-multi'
             label='People to invite'
             var='invitelist'>
        <desc>Tell all your friends about your new bot!</desc>
      </field>
    </x>`,
    data({
      type: 'form',
      title: 'Bot Configuration',
      instructions: ['Fill out this form to configure your new bot!'],
      fields: [
        bot,
        field({ type: 'fixed', values: ['Section 1: Bot Info'] }),
        field({ type: 'text-single', label: 'The name of your bot', name: 'botname' }),
        field({ type: 'text-multi', label: 'Helpful description of your bot', name: 'description' }),
        field({ type: 'boolean', label: 'Public bot?', name: 'public', required: true }),
        field({ type: 'text-private', label: 'Password for special access', name: 'password' }),
        field({ type: 'fixed', values: ['Section 2: Features'] }),
        field({
          type: 'list-multi',
          label: 'What features will the bot support?',
          name: 'features',
          values: ['news', 'search'],
          options: [
            option('contests', 'Contests'),
            option('news', 'News'),
            option('polls', 'Polls'),
            option('reminders', 'Reminders'),
            option('search', 'Search'),
          ],
        }),
        field({ type: 'fixed', values: ['Section 3: Subscriber List'] }),
        field({
          type: 'list-single',
          label: 'Maximum number of subscribers',
          name: 'maxsubs',
          values: ['20'],
          options: [...['10', '20', '30', '50', '100'].map(value => option(value, value)), option('none', 'None')],
        }),
        field({ type: 'fixed', values: ['Section 4: Invitations'] }),
        field({
          type: 'jid-multi',
          label: 'People to invite',
          name: 'invitelist',
          description: 'Tell all your friends about your new bot!',
        }),
      ],
    }),
  ],
  [
    `<x xmlns='jabber:x:data' type='submit'>
      <field type='hidden' var='FORM_TYPE'>
        <value>jabber:bot</value>
      </field>
      <field type='text-multi' var='description'>
        <value>This bot enables you to send requests to</value>
        <value>in your Jabber client. It&apos; really cool!</value>
      </field>
      <field type='boolean' var='public'>
        <value>0</value>
      </field>
    </x>`,
    data({
      type: 'submit',
      fields: [
        bot,
        field({
          type: 'text-multi',
          name: 'description',
          values: ['This bot enables you to send requests to', "in your Jabber client. It' really cool!"],
        }),
        field({ type: 'boolean', name: 'public', values: ['0'] }),
      ],
    }),
  ],
  [
    `<x xmlns='jabber:x:data' type='form'>
      <title>Joogle Search</title>
      <instructions>Fill out this form to search for information!</instructions>
      <field type='text-single'
             var='search_request'>
        <required/>
      </field>
    </x>`,
    data({
      type: 'form',
      title: 'Joogle Search',
      instructions: ['Fill out this form to search for information!'],
      fields: [field({ type: 'text-single', name: 'search_request', required: true })],
    }),
  ],
  [
    `<x xmlns='jabber:x:data' type='result'>
      <title>Joogle Search: verona</title>
      <reported>
        <field var='name'/>
        <field var='url'/>
      </reported>
      <item>
        <field var='name'>
          <value>Comune di Verona - Benvenuti nel sito ufficiale</value>
        </field>
        <field var='url'>
          <value>http://www.comune.verona.it/</value>
        </field>
      </item>
      <item>
        <field var='name'>
          <value>benvenuto!</value>
        </field>
        <field var='url'>
          <value>http://www.hellasverona.it/</value>
        </field>
      </item>
    </x>`,
    data({
      type: 'result',
      title: 'Joogle Search: verona',
      reported: { fields: [field({ name: 'name' }), field({ name: 'url' })] },
      items: [
        {
          fields: [
            field({ name: 'name', values: ['Comune di Verona - Benvenuti nel sito ufficiale'] }),
            field({ name: 'url', values: ['http://www.comune.verona.it/'] }),
          ],
        },
        {
          fields: [
            field({ name: 'name', values: ['benvenuto!'] }),
            field({ name: 'url', values: ['http://www.hellasverona.it/'] }),
          ],
        },
      ],
    }),
  ],
  [`<x xmlns='jabber:x:data' type='cancel'/>`, data({ type: 'cancel' })],
  [
    `<query xmlns='http://jabber.org/protocol/disco#info'>
    <identity
        category='conference'
        type='text'
        name='A Dark Cave'/>
    <feature var='http://jabber.org/protocol/muc'/>
    <x xmlns='jabber:x:data' type='result'>
      <field var='FORM_TYPE' type='hidden'>
        <value>http://jabber.org/protocol/muc#roominfo</value>
      </field>
      <field var='muc#roominfo_description' label='Description'>
        <value>The place for all good witches!</value>
      </field>
      <field var='muc#roominfo_occupants' label='Number of occupants'>
        <value>3</value>
      </field>
    </x>
  </query>`,
    data({
      type: 'result',
      fields: [
        field({ name: 'FORM_TYPE', type: 'hidden', values: ['http://jabber.org/protocol/muc#roominfo'] }),
        field({
          name: 'muc#roominfo_description',
          label: 'Description',
          values: ['The place for all good witches!'],
        }),
        field({ name: 'muc#roominfo_occupants', label: 'Number of occupants', values: ['3'] }),
      ],
    }),
  ],
  [
    `<message
    xmlns='jabber:client' from='juliet@capulet.com/balcony'
    to='romeo@montague.net/garden'>
  <thread>vote-thread-reatmon-134</thread>
  <x xmlns='jabber:x:data' type='form'>
    <title>Vote #134</title>
    <field var='mascot' type='list-single'>
      <required/>
      <option label='Light Bulb'><value>light_bulb</value></option>
      <option label='Penguin'><value>penguin</value></option>
    </field>
  </x>
</message>`,
    data({
      type: 'form',
      title: 'Vote #134',
      fields: [
        field({
          name: 'mascot',
          type: 'list-single',
          required: true,
          options: [option('light_bulb', 'Light Bulb'), option('penguin', 'Penguin')],
        }),
      ],
    }),
  ],
]
cases(dataForm, examples)

test('a type that is not known is text-single, as is none', () => {
  const read = (xml: string) => formField.read(parse(xml))
  assert.equal(read(`<field xmlns='jabber:x:data' type='colour' var='c'/>`).type, 'text-single')
  assert.equal(read(`<field xmlns='jabber:x:data' var='c'/>`).type, undefined)
})

test('what a form is about', () => {
  const named = (type: DataForm['type'], hidden: boolean) =>
    formTypeOf(
      data({ type, fields: [field({ name: 'FORM_TYPE', ...(hidden && { type: 'hidden' }), values: ['urn:x'] })] }),
    )
  assert.equal(named('form', true), 'urn:x')
  assert.equal(named('result', false), undefined)
  assert.equal(named('submit', false), 'urn:x')
  assert.equal(formTypeOf(data({ type: 'form' })), undefined)
})
