"""What an application on slixmpp does for its messages: each is kept until the server has acknowledged it.

The library empties its own queue when it asks to resume (1.8.3), so what was not acknowledged is remembered here.
"""

from collections import deque

from slixmpp import Iq, Message, Presence
from slixmpp.plugins.xep_0198 import stanza as sm
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from orders import tell


class Keeper:
    def __init__(self, client):
        self.client = client
        self.management = client.plugin["xep_0198"]
        # Stanzas that this session has sent, with their numbers (XEP-0198 §4).
        self.sent = deque()
        # Messages to be sent when there is a session again.
        self.waiting = []
        # Whether what is sent now is counted by both sides.
        self.ready = False
        client.add_filter("out_sync", self.on_sent)
        client.register_handler(
            Callback("Keeper", MatchXPath(sm.Ack.tag_name()), lambda ack: self.acknowledged(ack["h"]), instream=True)
        )
        client.add_event_handler("session_resumed", self.on_resumed)
        client.add_event_handler("disconnected", self.on_disconnected)
        client.add_event_handler("sm_failed", self.on_failed)

    def on_sent(self, stanza):
        if not isinstance(stanza, (Message, Presence, Iq)):
            return stanza
        if self.management.enabled_out:
            self.sent.append((self.management.seq, stanza))
        elif isinstance(stanza, Message):
            # Sent now it would not be counted.
            self.waiting.append(stanza)
            return None
        return stanza

    def on_disconnected(self, _):
        self.ready = False

    def acknowledged(self, h):
        while self.sent and self.sent[0][0] <= h:
            _, stanza = self.sent.popleft()
            if isinstance(stanza, Message):
                tell("acked", id=stanza["id"])

    def on_resumed(self, resumed):
        self.acknowledged(resumed["h"])
        # As the library does it: under the same numbers.
        for _, stanza in self.sent:
            self.client.send(stanza, use_filters=False)

    def on_failed(self, failed):
        h = failed.xml.get("h")
        if h is not None:
            self.acknowledged(int(h))
        self.waiting[:0] = [stanza for _, stanza in self.sent if isinstance(stanza, Message)]
        self.sent.clear()
        tell("not-resumed", h=None if h is None else int(h))

    def send(self, message):
        """Sends now, or when there is a session."""
        if self.ready:
            message.send()
            self.request()
        else:
            self.waiting.append(message)

    def begin(self):
        """What waits is sent, and from now on each message at once."""
        self.ready = True
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            message.send()
        self.request()

    def request(self):
        # The library's own request overtakes what waits to be sent.
        self.client.send(str(sm.RequestAck()))
