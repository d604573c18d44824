"""A client of aioxmpp that does what orders say. Certificates are verified against one file."""

import asyncio
import sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.dispatcher
import aioxmpp.ibr
import aioxmpp.private_xml.xso
import aioxmpp.security_layer
import aioxmpp.version
import aioxmpp.xso
from aioxmpp.chatstates import ChatState
from aioxmpp.mdr.service import compose_receipt
from aioxmpp.tracking import MessageState
from lxml import etree

from orders import Refused, serve, tell, tell_item, tell_message, tell_presence


class Note(aioxmpp.xso.XSO):
    """A note about a JID, as XEP-0145 keeps it in private storage."""

    TAG = ("storage:rosternotes", "note")
    jid = aioxmpp.xso.Attr("jid")


@aioxmpp.private_xml.xso.Query.as_payload_class
class Notes(aioxmpp.xso.XSO):
    TAG = ("storage:rosternotes", "storage")
    notes = aioxmpp.xso.ChildList([Note])


class StartTls(aioxmpp.connector.STARTTLSConnector):
    transport = None

    async def connect(self, *values, **named):
        connected = await super().connect(*values, **named)
        self.transport = connected[0]
        return connected


class DirectTls(aioxmpp.connector.XMPPOverTLSConnector):
    transport = None

    async def connect(self, *values, **named):
        connected = await super().connect(*values, **named)
        self.transport = connected[0]
        return connected


class Passwords(aioxmpp.security_layer.PasswordSASLProvider):
    """The library's provider; it remembers which mechanism was chosen."""

    mechanism = ""

    async def _execute(self, intf, mechanism, token):
        self.mechanism = token if isinstance(token, str) else token[0]
        return await super()._execute(intf, mechanism, token)


def describe(error):
    """An error and all that it was made of."""
    inner = getattr(error, "exceptions", None) or [one for one in (error.__cause__, error.__context__) if one]
    return f"{type(error).__name__} {error} " + " ".join(describe(one) for one in inner)


class Agent:
    def __init__(self):
        self.client = None
        self.trackers = []

    async def do_connect(self, jid, password, address, port, carrier, authority):
        def context():
            made = aioxmpp.security_layer.default_ssl_context()
            made.load_verify_locations(authority)
            return made

        async def give(_jid, attempt):
            return password if attempt == 0 else None

        connector = DirectTls() if carrier == "direct TLS" else StartTls()
        passwords = Passwords(give)
        layer = aioxmpp.make_security_layer(password, ssl_context_factory=context)
        client = self.client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID.fromstr(jid),
            layer._replace(sasl_providers=(passwords,)),
            override_peer=[(address, port, connector)],
            max_initial_attempts=1,
        )
        self.summon()
        online = asyncio.get_running_loop().create_future()
        client.on_stream_established.connect(lambda: online.done() or online.set_result(None))
        client.on_failure.connect(lambda error: online.done() or online.set_exception(Refused(describe(error))))
        client.on_stopped.connect(lambda: tell("offline"))
        client.on_stream_resumed.connect(lambda: tell("resumed"))
        client.on_stream_destroyed.connect(lambda _=None: tell("not-resumed", h=None))
        client.presence = aioxmpp.PresenceState(available=True)
        await asyncio.wait_for(online, 20)
        version = connector.transport.get_extra_info("ssl_object").get_protocol_version_name()
        return {"mechanism": passwords.mechanism, "tls": version}

    def summon(self):
        """Asks the client for the services, and listens to them."""
        summon = self.client.summon
        self.roster = summon(aioxmpp.RosterClient)
        self.disco = summon(aioxmpp.DiscoClient)
        self.blocking = summon(aioxmpp.BlockingClient)
        self.carbons = summon(aioxmpp.CarbonsClient)
        self.vcards = summon(aioxmpp.vcard.VCardService)
        self.private = summon(aioxmpp.private_xml.PrivateXMLService)
        self.receipts = summon(aioxmpp.DeliveryReceiptsService)
        self.registration = summon(aioxmpp.ibr.RegistrationService)
        self.presence = summon(aioxmpp.PresenceClient)
        self.presence.on_available.connect(lambda _, stanza: self.on_presence("available", stanza))
        self.presence.on_changed.connect(lambda _, stanza: self.on_presence("available", stanza))
        self.presence.on_unavailable.connect(lambda _, stanza: self.on_presence("unavailable", stanza))
        self.roster.on_subscribe.connect(lambda stanza: self.on_presence("subscribe", stanza))
        self.roster.on_subscribed.connect(lambda stanza: self.on_presence("subscribed", stanza))
        self.roster.on_entry_added.connect(self.on_item)
        self.roster.on_entry_name_changed.connect(self.on_item)
        self.roster.on_entry_added_to_group.connect(lambda item, _: self.on_item(item))
        self.roster.on_entry_removed_from_group.connect(lambda item, _: self.on_item(item))
        summon(aioxmpp.dispatcher.SimpleMessageDispatcher).register_callback(None, None, self.on_message)

    def on_presence(self, kind, stanza):
        show = "" if kind == "unavailable" else stanza.show.value
        tell_presence(stanza.from_, kind, show, stanza.status.any() if stanza.status else "")

    def on_item(self, item):
        tell_item(item.jid, item.name, item.groups)

    def on_message(self, message):
        for direction, carbon in (("sent", message.xep0280_sent), ("received", message.xep0280_received)):
            if carbon is not None:
                inner = carbon.stanza
                other = inner.to if direction == "sent" else inner.from_
                if inner.body:
                    tell("carbon", direction=direction, other=str(other), body=inner.body.any())
                return
        if message.type_ == aioxmpp.MessageType.ERROR:
            return
        if message.xep0085_chatstate == ChatState.COMPOSING:
            tell("composing", **{"from": str(message.from_)})
        if message.xep0184_request_receipt:
            self.client.enqueue(compose_receipt(message))
        if message.body:
            delays = [one.stamp.isoformat() for one in message.xep0203_delay]
            tell_message(message.from_, message.body.any(), delays[0] if delays else None)

    async def do_leave(self):
        self.client.presence = aioxmpp.PresenceState(available=False)

    async def do_reconnect(self):
        """The library does that by itself."""

    async def do_subscribe(self, to):
        self.roster.subscribe(aioxmpp.JID.fromstr(to))

    async def do_subscribed(self, to):
        self.roster.approve(aioxmpp.JID.fromstr(to))

    async def do_present(self, show, status):
        shown = aioxmpp.PresenceShow(None if show == "online" else show)
        self.client.set_presence(aioxmpp.PresenceState(available=True, show=shown), status)

    async def do_say(self, to, body, receipt):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(to))
        message.body[None] = body
        if receipt:
            # The library recognises only receipts from the very address that it wrote to.
            message.to = self.presence.get_most_available_stanza(message.to).from_
            tracker = self.receipts.attach_tracker(message)
            tracker.on_state_changed.connect(lambda state, _=None: self.on_state(message.id_, state))
            self.trackers.append(tracker)
        await self.client.send(message)
        return message.id_

    def on_state(self, id, state):
        if state == MessageState.DELIVERED_TO_RECIPIENT:
            tell("receipt", id=id)

    async def do_compose(self, to):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(to))
        message.xep0085_chatstate = ChatState.COMPOSING
        await self.client.send(message)

    async def do_arrange(self, jid, name, group):
        await self.roster.set_entry(aioxmpp.JID.fromstr(jid), name=name, add_to_groups={group})

    async def do_disco(self, of):
        return sorted((await self.disco.query_info(aioxmpp.JID.fromstr(of))).features)

    async def do_ping(self, of):
        await aioxmpp.ping.ping(self.client, aioxmpp.JID.fromstr(of))

    async def do_publish(self, name):
        card = aioxmpp.vcard.xso.VCard()
        full_name = etree.Element("{vcard-temp}FN")
        full_name.text = name
        card.elements.append(full_name)
        await self.vcards.set_vcard(card)

    async def do_vcard(self, of):
        card = await self.vcards.get_vcard(aioxmpp.JID.fromstr(of))
        return next(one.text for one in card.elements if one.tag == "{vcard-temp}FN")

    async def do_block(self, jid):
        await self.blocking.block_jids([aioxmpp.JID.fromstr(jid)])

    async def do_unblock(self, jid):
        await self.blocking.unblock_jids([aioxmpp.JID.fromstr(jid)])

    async def do_blocked(self):
        return sorted(str(jid) for jid in self.blocking.blocklist)

    async def do_carbons(self):
        await self.carbons.enable()

    async def do_keep(self, text):
        note = Note()
        note.jid = text
        notes = Notes()
        notes.notes.append(note)
        await self.private.set_private_xml(notes)
        return {"name": Notes.TAG[1], "namespace": Notes.TAG[0]}

    async def do_kept(self, text):
        answer = await self.private.get_private_xml(Notes())
        return answer.registered_payload.notes[0].jid

    async def do_version(self, of):
        return (await aioxmpp.version.query_version(self.client.stream, aioxmpp.JID.fromstr(of))).name

    async def do_password(self, password):
        await self.registration.change_pass(password)


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await serve(lines, Agent())


asyncio.run(main())
