# SPDX-License-Identifier: MIT OR Apache-2.0
"""broker.* and client.*"""

import os
import threading
import time
import traceback

from llmp import peer
from llmp.broker import Broker
from llmp.client import connect, open_existing, pair
from llmp.errors import Refused
from llmp.frame import Dialogue
from llmp.sender import in_time

from .channel import DEFAULT_PAGE_SIZE, drain, recv, send
from .registry import as_json, at_the_end, held, keep, need, refuse_second, take, verb

_PAUSE = 0.001


def _run(broker):
    """A broker that ends by itself takes the process with it."""
    try:
        broker.run()
    except BaseException:
        traceback.print_exc()
        os._exit(70)


@verb("broker.open")
def broker_open(provider, page_size=DEFAULT_PAGE_SIZE, listen=True, exit_after=None, hooks=()):
    refuse_second("broker")
    broker = keep("broker", Broker(provider, page_size, listen, exit_after, hooks))
    answer = {"description": as_json(broker.broadcast.description)}
    if broker.listener:
        answer["port"] = broker.listener.port
    threading.Thread(target=_run, args=(broker,), daemon=True).start()
    return answer


@verb("broker.attach")
def broker_attach(description):
    broker = need("broker")
    return {"client_id": broker.call(broker.attach, description)}


@verb("broker.clients")
def broker_clients():
    broker = need("broker")
    return {"clients": broker.call(lambda: sorted(broker.clients))}


@verb("broker.link")
def broker_link(port, timeout_ms):
    peer.link(need("broker"), Dialogue.connect(port, in_time(timeout_ms)))


@verb("broker.wait")
def broker_wait(timeout_ms):
    broker, deadline = need("broker"), in_time(timeout_ms)
    while not broker.ended:
        if time.monotonic() >= deadline:
            raise Refused("the broker goes on")
        time.sleep(_PAUSE)


@verb("broker.stop")
def broker_stop():
    broker = need("broker")
    broker.call(broker.stop)


@at_the_end
def broker_close():
    if "broker" in held:
        broker = take("broker")
        broker.call(broker.close)


@verb("client.connect")
def client_connect(provider, port, timeout_ms, page_size=DEFAULT_PAGE_SIZE):
    refuse_second("client")
    client = keep("client", connect(provider, port, page_size, in_time(timeout_ms)))
    return {"client_id": client.id, "description": as_json(client.sender.description)}


@verb("client.open")
def client_open(provider, sender, receiver):
    refuse_second("client")
    keep("client", open_existing(provider, sender, receiver))


@verb("client.pair")
def client_pair(provider, sender_id):
    refuse_second("client")
    client = keep("client", pair(provider, sender_id, DEFAULT_PAGE_SIZE))
    return {"description": as_json(client.sender.description)}


@verb("client.send")
def client_send(tag, length, seed, timeout_ms, flags=0, count=1):
    return send(need("client").sender, tag, length, seed, flags, count, timeout_ms)


@verb("client.recv")
def client_recv(timeout_ms, count=1):
    return recv(need("client").receiver, count, timeout_ms)


@verb("client.drain")
def client_drain(count, timeout_ms):
    return drain(need("client").receiver, count, timeout_ms)


@verb("client.close")
def client_close(quit=True):
    take("client").close(quit)


@at_the_end
def client_drop():
    if "client" in held:
        take("client").close(quit=False)
