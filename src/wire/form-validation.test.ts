import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../testing/cases.ts'
import { Malformed } from './errors.ts'
import { checkValues, type FormField, plainField as field, formField } from './form-data.ts'

const validation = "<validate xmlns='http://jabber.org/protocol/xdata-validate'"
const method = { basic: false, open: false }
// XEP-0122, examples 1 to 7.
cases(formField, [
  [
    `<field xmlns='jabber:x:data' var='evt.date' type='text-single' label='Event Date/Time'>
  ${validation}
            datatype='xs:dateTime'/>
  <value>2003-10-06T11:22:00-07:00</value>
</field>`,
    field({
      name: 'evt.date',
      type: 'text-single',
      label: 'Event Date/Time',
      validate: { datatype: 'xs:dateTime', ...method },
      values: ['2003-10-06T11:22:00-07:00'],
    }),
  ],
  [
    `<field xmlns='jabber:x:data' var='evt.category'
       type='list-single'
       label='Event Category'>
  ${validation}
            datatype='xs:string'>
    <open/>
  </validate>
  <option><value>holiday</value></option>
  <option><value>reminder</value></option>
</field>`,
    field({
      name: 'evt.category',
      type: 'list-single',
      label: 'Event Category',
      validate: { datatype: 'xs:string', ...method, open: true },
      options: [{ value: 'holiday' }, { value: 'reminder' }],
    }),
  ],
  [
    `<field xmlns='jabber:x:data' var='evt.date' type='text-single' label='Event Date/Time'>
  ${validation}
            datatype='xs:dateTime'>
    <range min='2003-10-05T00:00:00-07:00'
           max='2003-10-24T23:59:59-07:00'/>
  </validate>
  <value>2003-10-06T11:22:00-07:00</value>
</field>`,
    field({
      name: 'evt.date',
      type: 'text-single',
      label: 'Event Date/Time',
      validate: {
        datatype: 'xs:dateTime',
        ...method,
        range: { min: '2003-10-05T00:00:00-07:00', max: '2003-10-24T23:59:59-07:00' },
      },
      values: ['2003-10-06T11:22:00-07:00'],
    }),
  ],
  [
    `<field xmlns='jabber:x:data' var='ssn' type='text-single' label='Social Security Number'>
  <desc>This field should be your SSN, including '-' (e.g. 123-12-1234)</desc>
  ${validation}
            datatype='xs:string'>
    <regex>([0-9]{3})-([0-9]{2})-([0-9]{4})</regex>
  </validate>
</field>`,
    field({
      name: 'ssn',
      type: 'text-single',
      label: 'Social Security Number',
      description: "This field should be your SSN, including '-' (e.g. 123-12-1234)",
      validate: { datatype: 'xs:string', ...method, regex: '([0-9]{3})-([0-9]{2})-([0-9]{4})' },
    }),
  ],
  [
    `<field xmlns='jabber:x:data' var='evt.notify-methods'
       type='list-multi'
       label='Notify me by'>
  ${validation}
            datatype='xs:string'>
    <basic/>
    <list-range min='1' max='3'/>
  </validate>
  <option><value>e-mail</value></option>
  <option><value>jabber/xmpp</value></option>
</field>`,
    field({
      name: 'evt.notify-methods',
      type: 'list-multi',
      label: 'Notify me by',
      validate: { datatype: 'xs:string', ...method, basic: true, listRange: { min: 1, max: 3 } },
      options: [{ value: 'e-mail' }, { value: 'jabber/xmpp' }],
    }),
  ],
  [
    `<x xmlns='jabber:x:data' xmlns:xdv='http://jabber.org/protocol/xdata-validate' type='form'>
  <field type='text-single' var='date/start' label='Starting Date'>
    <xdv:validate datatype='xs:date'>
      <xdv:basic/>
    </xdv:validate>
  </field>
</x>`,
    field({
      name: 'date/start',
      type: 'text-single',
      label: 'Starting Date',
      validate: { datatype: 'xs:date', ...method, basic: true },
    }),
  ],
])

test('values are checked as their field asks', () => {
  const choices = { options: [{ value: 'a' }, { value: 'b' }] }
  const typed = (datatype: string, min?: string, max?: string): Partial<FormField> => ({
    validate: { datatype, ...method, range: { ...(min && { min }), ...(max && { max }) } },
  })
  const cases: readonly (readonly [
    Partial<FormField>,
    readonly (readonly string[])[],
    readonly (readonly string[])[],
  ])[] = [
    [{}, [[], ['x'], ['']], [['x', 'y']]],
    [{ required: true }, [['x']], [[], ['']]],
    [{ type: 'boolean' }, [['1'], ['true'], []], [['yes'], ['0', '1']]],
    [{ type: 'jid-single' }, [['a@b'], ['']], [['@b'], ['a@b', 'c@d']]],
    [{ type: 'jid-multi' }, [['a@b', 'c@d'], []], [['a@b', '@']]],
    [{ type: 'list-single', ...choices }, [['a'], []], [['c'], ['a', 'b']]],
    [{ type: 'list-multi', ...choices }, [['b', 'a'], []], [['a', 'c']]],
    [{ type: 'list-single', ...choices, validate: { ...method, open: true } }, [['c']], []],
    [{ type: 'list-multi', ...choices, ...typed('xs:byte', '1') }, [['5']], [['0'], ['x']]],
    [
      { type: 'list-multi', ...choices, validate: { ...method, basic: true, listRange: { min: 1, max: 1 } } },
      [['a']],
      [[], ['a', 'b']],
    ],
    [{ type: 'text-multi' }, [['x', 'y', '']], []],
    [{ type: 'hidden' }, [['x', 'y']], []],
    [typed('xs:byte'), [['127'], ['-128'], ['+1']], [['128'], ['-129'], ['1.0'], ['x']]],
    [typed('xs:short'), [['32767']], [['32768']]],
    [typed('xs:int'), [['-2147483648']], [['2147483648']]],
    [typed('xs:long'), [['9223372036854775807']], [['9223372036854775808']]],
    [
      typed('xs:integer', '-5', '99999999999999999999'),
      [['99999999999999999999'], ['-5']],
      [['-6'], ['100000000000000000000']],
    ],
    [typed('xs:decimal', '0.5'), [['0.50'], ['.5'], ['7.']], [['.4'], ['1e3'], ['.']]],
    [typed('xs:double', undefined, '1e3'), [['1E3'], ['-INF'], ['NaN']], [['1001'], ['INF'], ['Infinity']]],
    [typed('xs:date', '2024-01-01', '2024-12-31'), [['2024-06-30']], [['2023-12-31'], ['2025-01-01'], ['June']]],
    [typed('xs:dateTime', '2003-10-05T00:00:00-07:00'), [['2003-10-05T07:00:00Z']], [['2003-10-05T06:59:59Z']]],
    [typed('xs:time', undefined, '12:00:00'), [['12:00:00'], ['13:00:00+01:00']], [['12:00:01'], ['noon']]],
    [typed('xs:language'), [['de-CH']], [['de_CH'], ['deutschland']]],
    [typed('xs:anyURI'), [['xmpp:a@b?x']], [['a b'], ['<a>']]],
    [typed('x:own', '5'), [['anything']], []],
    [{ validate: { ...method, regex: 'a' } }, [['b']], []],
  ]
  for (const [part, good, bad] of cases) {
    const asked = field({ name: 'f', label: 'Label', ...part })
    for (const values of good) assert.doesNotThrow(() => checkValues(asked, values), JSON.stringify([part, values]))
    for (const values of bad)
      assert.throws(
        () => checkValues(asked, values),
        error => error instanceof Malformed && error.message.startsWith('The field "f" (Label): '),
        JSON.stringify([part, values]),
      )
  }
})
