# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verbs broker.* and client.*"""

import os
import threading
import time
import traceback

from llmp import peer
from llmp.broker import Broker
from llmp.client import connect, open_existing, pair
from llmp.errors import Refused
from llmp.frame import Requester
from llmp.sender import deadline_after

from .channel import DEFAULT_PAGE_SIZE, drain, recv, send
from .registry import as_json, at_exit, held, hold, refuse_if_open, release, require, verb

_POLL_INTERVAL_S = 0.001


def _run(broker):
    """Runs the broker; an unexpected error in it ends the process."""
    try:
        broker.run()
    except BaseException:
        traceback.print_exc()
        os._exit(70)


@verb("broker.open")
def broker_open(provider, page_size=DEFAULT_PAGE_SIZE, listen=True, exit_after=None, hooks=()):
    refuse_if_open("broker")
    broker = hold("broker", Broker(provider, page_size, listen, exit_after, hooks))
    answer = {"description": as_json(broker.broadcast.description)}
    if broker.listener:
        answer["port"] = broker.listener.port
    threading.Thread(target=_run, args=(broker,), daemon=True).start()
    return answer


@verb("broker.attach")
def broker_attach(description):
    broker = require("broker")
    return {"client_id": broker.call(broker.attach, description)}


@verb("broker.clients")
def broker_clients():
    broker = require("broker")
    return {"clients": broker.call(lambda: sorted(broker.clients))}


@verb("broker.link")
def broker_link(port, timeout_ms):
    peer.link(require("broker"), Requester.connect(port, deadline_after(timeout_ms)))


@verb("broker.wait")
def broker_wait(timeout_ms):
    broker, deadline = require("broker"), deadline_after(timeout_ms)
    while not broker.ended:
        if time.monotonic() >= deadline:
            raise Refused("the broker has not ended")
        time.sleep(_POLL_INTERVAL_S)


@verb("broker.stop")
def broker_stop():
    broker = require("broker")
    broker.call(broker.stop)


@at_exit
def broker_close():
    if "broker" in held:
        broker = release("broker")
        broker.call(broker.close)


@verb("client.connect")
def client_connect(provider, port, timeout_ms, page_size=DEFAULT_PAGE_SIZE):
    refuse_if_open("client")
    client = hold("client", connect(provider, port, page_size, deadline_after(timeout_ms)))
    return {"client_id": client.id, "description": as_json(client.sender.description)}


@verb("client.open")
def client_open(provider, sender, receiver):
    refuse_if_open("client")
    hold("client", open_existing(provider, sender, receiver))


@verb("client.pair")
def client_pair(provider, sender_id):
    refuse_if_open("client")
    client = hold("client", pair(provider, sender_id, DEFAULT_PAGE_SIZE))
    return {"description": as_json(client.sender.description)}


@verb("client.send")
def client_send(tag, length, seed, timeout_ms, flags=0, count=1):
    return send(require("client").sender, tag, length, seed, flags, count, timeout_ms)


@verb("client.recv")
def client_recv(timeout_ms, count=1):
    return recv(require("client").receiver, count, timeout_ms)


@verb("client.drain")
def client_drain(count, timeout_ms):
    return drain(require("client").receiver, count, timeout_ms)


@verb("client.close")
def client_close(quit=True):
    release("client").close(quit)


@at_exit
def client_drop():
    if "client" in held:
        release("client").close(quit=False)
