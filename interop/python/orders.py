"""How an agent takes orders and answers them: the protocol of ../order-client.ts, the same for each library."""

import json
import sys
import threading
import traceback


class Refused(Exception):
    """The library would not connect or log in; the text says why."""


output = threading.Lock()


def tell(event, **values):
    """Tells one event; from any thread."""
    line = json.dumps({"event": event, **values})
    with output:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def tell_presence(sender, kind, show, status):
    tell("presence", **{"from": str(sender)}, type=kind, show=show or "online", status=status or "")


def tell_message(sender, body, delay):
    tell("message", **{"from": str(sender)}, body=body, delay=delay)


def tell_item(jid, name, groups):
    tell("item", jid=str(jid), name=name or "", groups=sorted(groups))


def succeeded(value=None):
    tell("done", value=value)


def failed(error):
    refused = isinstance(error, Refused)
    if not refused:
        traceback.print_exception(error, file=sys.stderr)
    tell("failed", why=str(error) if refused else f"{type(error).__name__}: {error}", refused=refused)


async def serve(lines, agent):
    """Takes orders one after the other until the input ends: `do` names a coroutine of the agent."""
    while line := await lines.readline():
        order = json.loads(line)
        try:
            succeeded(await getattr(agent, "do_" + order.pop("do"))(**order))
        except Exception as error:
            failed(error)
