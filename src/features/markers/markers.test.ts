import { cases } from '../../testing/cases.ts'
import { displayed, markable } from './wire.ts'

// XEP-0333 §4.1 to §4.3, examples 3, 4 and 6
cases(markable, [
  [
    `<message xmlns='jabber:client' to='juliet@capulet.lit' from='romeo@montegue.lit/orchard' id='the-msg-1'>
      <body>Hi. How are you?</body>
      <markable xmlns='urn:xmpp:chat-markers:0'/>
      <request xmlns='urn:xmpp:receipts'/>
    </message>`,
    {},
  ],
])
cases(displayed, [
  [
    `<message xmlns='jabber:client' to='romeo@montegue.lit' from='juliet@capulet.let/balcony'>
       <displayed xmlns='urn:xmpp:chat-markers:0' id='the-msg-1'/>
    </message>`,
    { id: 'the-msg-1' },
  ],
  [
    `<message xmlns='jabber:client' from='coven@chat.shakespeare.lit/secondwitch' to='coven@chat.shakespeare.lit'
        id='message-2' type='groupchat'>
      <thread>Act IV, Scene I</thread>
      <displayed xmlns='urn:xmpp:chat-markers:0' id='39K7ZYIp'/>
    </message>`,
    { id: '39K7ZYIp' },
  ],
])
