"""One slixmpp client that does what lines of JSON on standard input say, and tells on standard output what happens.

The protocol is described in ../agent.ts. Certificates are verified against one file; the address of the server is
given, its certificate must be for the domain of the JID all the same.
"""

import asyncio
import json
import sys

import slixmpp


def tell(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)


class Agent(slixmpp.ClientXMPP):
    def __init__(self, order):
        super().__init__(order["jid"], order["password"])
        self.ca_certs = order["authority"]
        # Subscriptions are answered by the one who plays, not by themselves.
        self.auto_authorize = None
        self.auto_subscribe = False
        self.register_plugin("xep_0203")
        self.closing = False
        for name in ("presence_subscribe", "presence_subscribed", "presence_available", "presence_unavailable"):
            self.add_event_handler(name, self.on_presence)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("failed_all_auth", lambda _: self.refuse("no SASL mechanism worked"))
        self.add_event_handler("ssl_invalid_chain", lambda error: self.refuse(f"certificate: {error}"))
        self.add_event_handler("connection_failed", lambda error: self.refuse(f"connection: {error}"))
        self.add_event_handler("stream_error", lambda error: self.refuse(f"stream: {error['condition']}"))
        self.add_event_handler("disconnected", lambda _: tell("offline"))

    def refuse(self, why):
        if not self.closing:
            self.closing = True
            tell("refused", why=str(why))
            self.abort()

    async def on_start(self, _):
        mechanism = self.plugin["feature_mechanisms"].mech.name
        tls = self.transport.get_extra_info("ssl_object")
        await self.get_roster()
        self.send_presence()
        tell("online", jid=self.boundjid.full, mechanism=mechanism, tls=tls.version() if tls else None)

    def on_presence(self, presence):
        kind = presence["type"]
        known = kind in ("subscribe", "subscribed", "unavailable")
        tell(kind if known else "available", **{"from": presence["from"].full})

    def on_message(self, message):
        if message["type"] in ("chat", "normal"):
            delay = message.xml.find("{urn:xmpp:delay}delay")
            stamp = None if delay is None else delay.get("stamp")
            tell("message", **{"from": message["from"].full, "body": message["body"], "delay": stamp})

    def do(self, order):
        what = order["do"]
        if what in ("subscribe", "subscribed"):
            self.send_presence(pto=order["to"], ptype=what)
        elif what == "say":
            self.send_message(mto=order["to"], mbody=order["body"], mtype="chat")
        elif what == "leave":
            self.closing = True
            self.disconnect()
        else:
            raise ValueError(f"unknown order {what}")


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    agent = None
    while line := await lines.readline():
        order = json.loads(line)
        if order["do"] == "connect":
            agent = Agent(order)
            direct = order["carrier"] == "direct TLS"
            agent.connect((order["address"], order["port"]), use_ssl=direct, disable_starttls=direct, force_starttls=not direct)
        else:
            agent.do(order)


asyncio.run(main())
