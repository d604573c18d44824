"""A slixmpp client that does what orders say. Certificates are verified against one file."""

import asyncio
import sys

import slixmpp
from slixmpp.xmlstream import ElementBase

from keeper import Keeper
from orders import Refused, serve, tell, tell_item, tell_message, tell_presence

PLUGINS = "0012 0030 0049 0054 0077 0085 0092 0184 0191 0198 0199 0202 0203 0280 0313"


class Note(ElementBase):
    """A note about a JID, as XEP-0145 keeps it in private storage."""

    name = "note"
    namespace = "storage:rosternotes"
    plugin_attrib = "note"
    interfaces = {"jid"}


class Notes(ElementBase):
    name = "storage"
    namespace = "storage:rosternotes"
    plugin_attrib = "notes"
    subitem = (Note,)


slixmpp.xmlstream.register_stanza_plugin(Notes, Note)


class Agent:
    def __init__(self):
        self.client = None
        self.started = None
        self.place = None
        self.sessions = 0

    def refuse(self, why):
        if not self.started.done():
            self.started.set_exception(Refused(why))
            self.client.abort()

    async def do_connect(self, jid, password, address, port, carrier, authority):
        client = self.client = slixmpp.ClientXMPP(jid, password)
        self.started = asyncio.get_running_loop().create_future()
        client.ca_certs = authority
        # Subscriptions are answered by order, not by themselves.
        client.auto_authorize = None
        client.auto_subscribe = False
        for number in PLUGINS.split():
            client.register_plugin(f"xep_{number}")
        client.plugin["xep_0049"].register(Notes)
        handlers = {
            "session_start": lambda _: self.started.done() or self.started.set_result(None),
            "sm_enabled": self.on_enabled,
            "failed_all_auth": lambda _: self.refuse("no SASL mechanism worked"),
            "ssl_invalid_chain": lambda error: self.refuse(f"certificate: {error}"),
            "connection_failed": lambda error: self.refuse(f"connection: {error}"),
            "stream_error": lambda error: self.refuse(f"stream: {error['condition']}"),
            "session_resumed": self.on_resumed,
            "disconnected": lambda _: tell("offline"),
            "presence_subscribe": lambda one: tell_presence(one["from"], "subscribe", "", ""),
            "presence_subscribed": lambda one: tell_presence(one["from"], "subscribed", "", ""),
            "presence_unavailable": lambda one: tell_presence(one["from"], "unavailable", "", one["status"]),
            "message": self.on_message,
            "chatstate_composing": lambda one: tell("composing", **{"from": one["from"].full}),
            "receipt_received": lambda one: tell("receipt", id=one["receipt"]),
            "carbon_sent": lambda one: self.on_carbon("sent", one["carbon_sent"]),
            "carbon_received": lambda one: self.on_carbon("received", one["carbon_received"]),
            "roster_update": self.on_roster,
        }
        # Before the others: what a session that goes on has to send again comes first.
        self.keeper = Keeper(client)
        for name, handle in handlers.items():
            client.add_event_handler(name, handle)
        for show in ("available", "away", "chat", "dnd", "xa"):
            client.add_event_handler(f"presence_{show}", self.on_available)
        direct = carrier == "direct TLS"
        self.place = {"address": (address, port), "use_ssl": direct, "disable_starttls": direct}
        self.place["force_starttls"] = not direct
        client.connect(**self.place)
        await self.started
        mechanism = client.plugin["feature_mechanisms"].mech.name
        tls = client.transport.get_extra_info("ssl_object")
        await client.get_roster()
        client.send_presence()
        return {"mechanism": mechanism, "tls": tls.version()}

    def on_enabled(self, _):
        self.sessions += 1
        if self.sessions > 1:
            # In place of one that could not be resumed.
            self.client.send_presence()
            tell("online")
        self.keeper.begin()

    def on_resumed(self, _):
        self.keeper.begin()
        tell("resumed")

    async def do_reconnect(self):
        while self.client.is_connected():
            await asyncio.sleep(0.02)
        self.client.connect(**self.place)

    async def do_archive(self, of, page):
        pages, bodies = 0, []
        asked = self.client.plugin["xep_0313"].retrieve(with_jid=slixmpp.JID(of), iterator=True, rsm={"max": page})
        async for answer in asked:
            pages += 1
            bodies += [one["mam_result"]["forwarded"]["stanza"]["body"] for one in answer["mam"]["results"]]
        return {"pages": pages, "bodies": bodies}

    def on_available(self, presence):
        show = presence["type"]
        tell_presence(presence["from"], "available", "" if show == "available" else show, presence["status"])

    def on_message(self, message):
        # The library hands over what is only a wrapper of a carbon, too.
        if message["type"] in ("chat", "normal") and message["body"]:
            delay = message.xml.find("{urn:xmpp:delay}delay")
            tell_message(message["from"].full, message["body"], None if delay is None else delay.get("stamp"))

    def on_carbon(self, direction, message):
        other = message["to" if direction == "sent" else "from"]
        tell("carbon", direction=direction, other=other.full, body=message["body"])

    def on_roster(self, iq):
        for jid, item in iq["roster"]["items"].items():
            tell_item(jid, item["name"], item["groups"])

    async def do_leave(self):
        self.client.disconnect()

    async def do_subscribe(self, to):
        self.client.send_presence(pto=to, ptype="subscribe")

    async def do_subscribed(self, to):
        self.client.send_presence(pto=to, ptype="subscribed")

    async def do_present(self, show, status):
        self.client.send_presence(pshow=None if show == "online" else show, pstatus=status)

    async def do_say(self, to, body, receipt, id=None):
        message = self.client.make_message(mto=to, mbody=body, mtype="chat")
        message["id"] = id or self.client.new_id()
        if receipt:
            message["request_receipt"] = True
        self.keeper.send(message)
        return message["id"]

    async def do_compose(self, to):
        message = self.client.make_message(mto=to, mtype="chat")
        message["chat_state"] = "composing"
        message.send()

    async def do_arrange(self, jid, name, group):
        await self.client.update_roster(jid, name=name, groups=[group])

    async def do_disco(self, of):
        info = await self.client.plugin["xep_0030"].get_info(jid=of)
        return sorted(info["disco_info"]["features"])

    async def do_ping(self, of):
        await self.client.plugin["xep_0199"].send_ping(of)

    async def do_publish(self, name):
        plugin = self.client.plugin["xep_0054"]
        card = plugin.make_vcard()
        card["FN"] = name
        await plugin.publish_vcard(card)

    async def do_vcard(self, of):
        answer = await self.client.plugin["xep_0054"].get_vcard(of)
        return answer["vcard_temp"]["FN"]

    async def do_block(self, jid):
        await self.client.plugin["xep_0191"].block(slixmpp.JID(jid))

    async def do_unblock(self, jid):
        await self.client.plugin["xep_0191"].unblock(slixmpp.JID(jid))

    async def do_blocked(self):
        answer = await self.client.plugin["xep_0191"].get_blocked()
        return sorted(str(jid) for jid in answer["blocklist"]["items"])

    async def do_carbons(self):
        await self.client.plugin["xep_0280"].enable()

    async def do_keep(self, text):
        note = Note()
        note["jid"] = text
        notes = Notes()
        notes.append(note)
        await self.client.plugin["xep_0049"].store(notes)
        return {"name": notes.name, "namespace": notes.namespace}

    async def do_kept(self, text):
        answer = await self.client.plugin["xep_0049"].retrieve("notes")
        return answer["private"]["notes"]["note"]["jid"]

    async def do_last(self, of):
        answer = await self.client.plugin["xep_0012"].get_last_activity(of)
        return answer["last_activity"]["seconds"]

    async def do_version(self, of):
        answer = await self.client.plugin["xep_0092"].get_version(of)
        return answer["software_version"]["name"]

    async def do_time(self, of):
        answer = await self.client.plugin["xep_0202"].get_entity_time(of)
        # Its own reading of <utc/> appends a Z to the one that is there (1.8.3), and fails.
        return answer["entity_time"].xml.find("{urn:xmpp:time}utc").text

    async def do_password(self, password):
        await self.client.plugin["xep_0077"].change_password(password, jid=self.client.boundjid.domain)


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await serve(lines, Agent())


asyncio.run(main())
