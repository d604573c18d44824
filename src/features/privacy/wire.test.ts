import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { privacyQuery } from './wire.ts'

const nothing = { active: [], default: [], list: [], rest: [] }
const all = { message: false, iq: false, presenceIn: false, presenceOut: false }

cases(privacyQuery, [
  [`<iq from='romeo@example.net/orchard' type='get' id='getlist1'><query xmlns='jabber:iq:privacy'/></iq>`, nothing],
  [
    `<iq type='result' id='getlist1' to='romeo@example.net/orchard'>
      <query xmlns='jabber:iq:privacy'>
        <active name='private'/>
        <default name='public'/>
        <list name='public'/>
        <list name='private'/>
        <list name='special'/>
      </query>
    </iq>`,
    {
      ...nothing,
      active: [{ name: 'private' }],
      default: [{ name: 'public' }],
      list: ['public', 'private', 'special'].map(name => ({ name, items: [] })),
    },
  ],
  [
    `<iq type='result' id='getlist2' to='romeo@example.net/orchard'>
      <query xmlns='jabber:iq:privacy'>
        <list name='public'>
          <item type='jid' value='tybalt@example.com' action='deny' order='1'/>
          <item action='allow' order='2'/>
        </list>
      </query>
    </iq>`,
    {
      ...nothing,
      list: [
        {
          name: 'public',
          items: [
            { ...all, type: 'jid', value: 'tybalt@example.com', action: 'deny', order: 1 },
            { ...all, action: 'allow', order: 2 },
          ],
        },
      ],
    },
  ],
  [`<query xmlns='jabber:iq:privacy'><active/></query>`, { ...nothing, active: [{}] }],
  [`<query xmlns='jabber:iq:privacy'><default/></query>`, { ...nothing, default: [{}] }],
  [
    `<query xmlns='jabber:iq:privacy'>
      <list name='message-sub-example'>
        <item type='subscription' value='none' action='deny' order='5'>
          <message/><iq/><presence-in/><presence-out/>
        </item>
      </list>
    </query>`,
    {
      ...nothing,
      list: [
        {
          name: 'message-sub-example',
          items: [
            {
              type: 'subscription',
              value: 'none',
              action: 'deny',
              order: 5,
              message: true,
              iq: true,
              presenceIn: true,
              presenceOut: true,
            },
          ],
        },
      ],
    },
  ],
])

test('XEP-0016 §2.1: an item needs an action and an order', () => {
  const read = (item: string) => () =>
    privacyQuery.read(parse(`<query xmlns="jabber:iq:privacy"><list name="x">${item}</list></query>`))
  assert.throws(read('<item order="1"/>'), Malformed)
  assert.throws(read('<item action="deny"/>'), Malformed)
  assert.throws(read('<item action="refuse" order="1"/>'), Malformed)
  assert.throws(read('<item action="deny" order="-1"/>'), Malformed)
  assert.throws(read('<item action="deny" order="4294967296"/>'), Malformed)
  assert.throws(read('<item action="deny" order="first"/>'), Malformed)
  assert.throws(read('<item action="deny" order="1" type="domain" value="x"/>'), Malformed)
})
