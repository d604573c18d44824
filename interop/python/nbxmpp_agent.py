"""A client of nbxmpp that does what orders say. The library lives in a loop of GLib, orders in one of asyncio."""

import asyncio
import sys
import threading

import gi

gi.require_version("Soup", "3.0")
from gi.repository import Gio, GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType, PresenceType, StreamState
from nbxmpp.modules.vcard_temp import VCard
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID, Iq, Message, Presence
from nbxmpp.simplexml import Node
from nbxmpp.structs import AnnotationNote, StanzaHandler

from orders import Refused, serve, tell, tell_item, tell_message, tell_presence


class Agent:
    def __init__(self, loop):
        self.loop = loop
        self.client = None
        self.online = None
        self.mechanism = ""
        self.callbacks = set()
        self.archived = []

    async def glib(self, work):
        """Runs something in GLib's loop; what it returned or raised."""
        future = self.loop.create_future()

        def idle():
            try:
                result = work()
                self.loop.call_soon_threadsafe(future.set_result, result)
            except Exception as error:
                self.loop.call_soon_threadsafe(future.set_exception, error)

        GLib.idle_add(idle)
        return await future

    async def ask(self, module, method, *values):
        """Calls a method of a module that makes a request, and waits for what comes of it."""
        future = self.loop.create_future()

        def finished(task):
            self.callbacks.discard(finished)
            try:
                self.loop.call_soon_threadsafe(future.set_result, task.finish())
            except Exception as error:
                self.loop.call_soon_threadsafe(future.set_exception, error)

        # The library keeps only a weak reference to the callback.
        self.callbacks.add(finished)
        await self.glib(lambda: getattr(self.client.get_module(module), method)(*values, callback=finished) and None)
        return await future

    async def send(self, stanza):
        return await self.glib(lambda: self.client.send_stanza(stanza))

    async def do_connect(self, jid, password, address, port, carrier, authority):
        self.online = self.loop.create_future()
        await self.glib(lambda: self.connect(JID.from_string(jid), password, address, port, carrier, authority))
        await self.online
        roster = await self.ask("Roster", "request_roster")
        for item in roster.items or ():
            tell_item(item.jid, item.name, item.groups)
        version = await self.glib(lambda: self.client.tls_version.value_nick)
        await self.send(Presence())
        return {"mechanism": self.mechanism, "tls": version.replace("tls-", "TLSv").replace("-", ".")}

    def connect(self, jid, password, address, port, carrier, authority):
        Gio.TlsBackend.get_default().set_default_database(Gio.TlsFileDatabase.new(authority))
        client = self.client = Client("agent")
        client.set_domain(jid.domain)
        client.set_username(jid.localpart)
        client.set_resource("nbxmpp")
        client.set_password(password)
        kind = ConnectionType.DIRECT_TLS if carrier == "direct TLS" else ConnectionType.START_TLS
        client.set_custom_host(f"{address}:{port}", ConnectionProtocol.TCP, kind)
        client.subscribe("connected", self.on_connected)
        client.subscribe("connection-failed", self.on_ended)
        client.subscribe("disconnected", self.on_ended)
        client.subscribe("stanza-sent", self.on_sent)
        client.subscribe("resume-successful", lambda *_: tell("resumed"))
        client.subscribe("resume-failed", lambda *_: tell("not-resumed", h=None))
        for name, handle in (("message", self.on_message), ("presence", self.on_presence)):
            client.register_handler(StanzaHandler(name=name, callback=handle, priority=50))
        client.register_handler(
            StanzaHandler(name="iq", callback=self.on_push, typ="set", ns=Namespace.ROSTER, priority=50)
        )
        client.connect()

    def on_connected(self, *_):
        self.loop.call_soon_threadsafe(lambda: self.online.done() or self.online.set_result(None))

    def on_ended(self, client, *_):
        if self.online.done():
            tell("offline")
        else:
            _, error, text = client.get_error()
            _, problems = client.peer_certificate
            why = f"{error}: {text or ''} {[str(one) for one in problems or ()]}"
            self.loop.call_soon_threadsafe(lambda: self.online.done() or self.online.set_exception(Refused(why)))

    def on_sent(self, _client, _signal, data):
        if isinstance(data, Node) and data.getName() == "auth":
            self.mechanism = data.getAttr("mechanism")

    def on_message(self, _client, stanza, properties):
        if properties.carbon is not None:
            if properties.body:
                tell("carbon", direction=properties.carbon.type, other=str(properties.jid), body=properties.body)
            return
        if properties.mam is not None:
            self.archived.append((properties.from_, properties.to, properties.body))
            return
        sender = str(properties.from_)
        if properties.chatstate is not None and properties.chatstate.value == "composing":
            tell("composing", **{"from": sender})
        if properties.receipt is not None and properties.receipt.type == "received":
            tell("receipt", id=properties.receipt.id)
        elif properties.receipt is not None:
            receipt = Message(to=sender)
            receipt.setReceiptReceived(properties.id)
            self.client.send_stanza(receipt)
        if properties.body and properties.error is None:
            delay = stanza.getTag("delay", namespace=Namespace.DELAY2)
            tell_message(sender, properties.body, delay and delay.getAttr("stamp"))

    def on_presence(self, _client, _stanza, properties):
        kinds = {
            PresenceType.AVAILABLE: "available",
            PresenceType.UNAVAILABLE: "unavailable",
            PresenceType.SUBSCRIBE: "subscribe",
            PresenceType.SUBSCRIBED: "subscribed",
        }
        if properties.type in kinds:
            tell_presence(properties.jid, kinds[properties.type], properties.show.value, properties.status)

    def on_push(self, _client, _stanza, properties):
        item = properties.roster.item
        tell_item(item.jid, item.name, item.groups)

    async def do_leave(self):
        await self.glib(self.client.disconnect)

    async def do_reconnect(self):
        while await self.glib(lambda: self.client.state) != StreamState.DISCONNECTED:
            await asyncio.sleep(0.02)
        await self.glib(self.client.connect)

    async def do_archive(self, of, page):
        self.archived = []
        own = await self.glib(lambda: self.client.get_bound_jid().new_as_bare())
        pages, last, complete = 0, None, False
        while not complete:
            pages += 1
            # All of the archive: the library fails at the field "with" (4.2.2). The last three are with, after, max.
            answer = await self.ask("MAM", "make_query", own, f"page-{pages}", None, None, None, last, page)
            last, complete = answer.rsm.last, answer.complete
        partners = [({str(one.new_as_bare()) for one in (sender, to)}, body) for sender, to, body in self.archived]
        return {"pages": pages, "bodies": [body for both, body in partners if of in both and body]}

    async def do_subscribe(self, to):
        await self.send(Presence(to=to, typ="subscribe"))

    async def do_subscribed(self, to):
        await self.send(Presence(to=to, typ="subscribed"))

    async def do_present(self, show, status):
        await self.send(Presence(show=None if show == "online" else show, status=status))

    async def do_say(self, to, body, receipt):
        message = Message(to=to, typ="chat", body=body)
        if receipt:
            message.setReceiptRequest()
        return await self.send(message)

    async def do_compose(self, to):
        message = Message(to=to, typ="chat")
        message.setTag("composing", namespace=Namespace.CHATSTATES)
        await self.send(message)

    async def do_arrange(self, jid, name, group):
        await self.ask("Roster", "set_item", JID.from_string(jid), name, [group])

    async def do_disco(self, of):
        return (await self.ask("Discovery", "disco_info", of)).features

    async def do_ping(self, of):
        await self.ask("Ping", "ping", of)

    async def do_publish(self, name):
        await self.ask("VCardTemp", "set_vcard", VCard(data={"FN": name}))

    async def do_vcard(self, of):
        return (await self.ask("VCardTemp", "request_vcard", of)).data.get("FN")

    async def do_block(self, jid):
        await self.ask("Blocking", "block", [JID.from_string(jid)])

    async def do_unblock(self, jid):
        await self.ask("Blocking", "unblock", [JID.from_string(jid)])

    async def do_blocked(self):
        return sorted(str(jid) for jid in await self.ask("Blocking", "request_blocking_list"))

    async def do_carbons(self):
        # The library unwraps carbons, but leaves it to the application to ask for them.
        iq = Iq("set")
        iq.addChild("enable", namespace=Namespace.CARBONS)
        future = self.loop.create_future()

        def answered(_client, answer):
            self.loop.call_soon_threadsafe(future.set_result, answer.getType())

        await self.glib(lambda: self.client.send_stanza(iq, callback=answered))
        if (kind := await future) != "result":
            raise RuntimeError(f"answered by {kind}")

    async def do_keep(self, text):
        await self.ask("Annotations", "set_annotations", [AnnotationNote(jid=JID.from_string(text), data="kept")])
        return {"name": "storage", "namespace": Namespace.ROSTERNOTES}

    async def do_kept(self, text):
        return str((await self.ask("Annotations", "request_annotations"))[0].jid)

    async def do_last(self, of):
        return (await self.ask("LastActivity", "request_last_activity", of)).seconds

    async def do_version(self, of):
        return (await self.ask("SoftwareVersion", "request_software_version", of)).name

    async def do_time(self, of):
        return await self.ask("EntityTime", "request_entity_time", of)

    async def do_password(self, password):
        await self.ask("Register", "change_password", password)


async def main():
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await serve(lines, Agent(loop))
    GLib.idle_add(glib.quit)


glib = GLib.MainLoop()
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
glib.run()
