# SPDX-License-Identifier: MIT OR Apache-2.0
"""A client of a broker: a channel of its own, and the broadcast."""

import time

from . import wire
from .errors import Refused
from .frame import Dialogue
from .page import CLIENT_EXIT, EXIT_PAYLOAD
from .pages import Pages
from .receiver import ENDED, Receiver
from .sender import Sender, in_time
from .mutant import mutant

_GOODBYE_MS = 2000
_PAUSE = 0.0005


class Client:
    def __init__(self, sender, receiver, client_id):
        self.sender, self.receiver, self.id = sender, receiver, client_id

    def close(self, quit):
        """Says goodbye on its own channel, behind all that it sent, and waits until the broker has left the page: the
        pages before it are needed until then (BROKER-4, BROKER-11)."""
        if quit:
            try:
                self.sender.signal(CLIENT_EXIT, EXIT_PAYLOAD.pack(self.id), in_time(_GOODBYE_MS))
                self._wait_until_left(in_time(_GOODBYE_MS))
            except Refused:
                pass  # a broker that does not read any more needs no goodbye
        self.receiver.close()
        self.sender.close()

    def _wait_until_left(self, deadline):
        while not self.sender.page.left and time.monotonic() < deadline:
            time.sleep(_PAUSE)


def connect(provider, port, page_size, deadline):
    """TCP-2. The client does not join the page that it starts on: the broker knows that it comes."""
    dialogue = Dialogue.connect(port, deadline)
    with dialogue.sock:
        hello = dialogue.answer(wire.BrokerConnectHello)
        receiver = Receiver(provider.attach, hello.description, joined_already=True)
        try:
            sender = Sender.fresh(Pages(provider), 0, page_size)
        except Refused:
            receiver.close()
            raise
        try:
            request = wire.LocalClientHello(sender.description)
            dialogue.send(wire.encode(wire.REQUESTS, request))
            client_id = dialogue.answer(wire.LocalClientAccepted).client_id
        except Refused:
            receiver.close()
            sender.close()
            raise
    sender.become(client_id)
    return Client(sender, receiver, client_id)


def open_existing(provider, sending, receiving):
    """A client over maps that stand already: it sends behind what is on its page, and reads the other from its
    start."""
    receiver = Receiver(provider.attach, receiving)
    try:
        sender = _behind_what_is_there(provider, receiving if mutant("existing-on-the-broadcast") else sending)
    except Refused:
        receiver.close()
        raise
    return Client(sender, receiver, sender.sender_id)


def pair(provider, sender_id, page_size):
    """Both ends of one channel, each with maps of its own."""
    sender = Sender.fresh(Pages(provider), sender_id, page_size)
    return Client(sender, Receiver(provider.attach, sender.description), sender_id)


def _behind_what_is_there(provider, description):
    """Walks the page as a receiver does, checks included, but without being counted."""
    walker = Receiver(_no_page_after(provider.attach), description, joined_already=True)
    message = walker.recv()
    while message not in (None, ENDED):
        message = walker.recv()
    if message is ENDED:
        walker.page.close()
        raise Refused("the channel has ended")
    pages = Pages(provider)
    pages.held.append(walker.page)
    sender = Sender(pages, walker.page.sender_id, walker.page)
    sender.max_alloc = min(walker.page.max_alloc, walker.page.size)
    if walker.last_id:
        sender.go_on(walker.last_offset, walker.page.read_slot(walker.last_offset))
    return sender


def _no_page_after(attach):
    pages = []

    def attach_first(description):
        if pages:
            raise Refused("the channel has left that page")
        pages.append(attach(description))
        return pages[0]

    return attach_first
