# SPDX-License-Identifier: MIT OR Apache-2.0
"""A client of a broker: it sends on a channel of its own and receives the broadcast."""

import time

from . import wire
from .errors import Refused
from .frame import Requester
from .mutant import mutant
from .page import CLIENT_EXIT, EXIT_PAYLOAD
from .pages import Pages
from .receiver import ENDED, Receiver
from .sender import Sender, deadline_after

_CLOSE_TIMEOUT_MS = 2000
_POLL_INTERVAL_S = 0.0005


class Client:
    def __init__(self, sender, receiver, client_id):
        self.sender, self.receiver, self.id = sender, receiver, client_id

    def close(self, quit):
        """Closes the client. With `quit`, it sends CLIENT_EXIT after all its messages and waits until the broker has
        left the page, because the broker needs the client's pages until then (BROKER-4, BROKER-11)."""
        if quit:
            try:
                self.sender.send_internal(CLIENT_EXIT, EXIT_PAYLOAD.pack(self.id), deadline_after(_CLOSE_TIMEOUT_MS))
                self._wait_until_left(deadline_after(_CLOSE_TIMEOUT_MS))
            except Refused:
                pass  # the broker no longer reads this channel
        self.receiver.close()
        self.sender.close()

    def _wait_until_left(self, deadline):
        while not self.sender.page.left and time.monotonic() < deadline:
            time.sleep(_POLL_INTERVAL_S)


def connect(provider, port, page_size, deadline):
    """Connects to a broker (TCP-2). The client does not join the broadcast page that it starts on."""
    requester = Requester.connect(port, deadline)
    with requester.sock:
        hello = requester.receive_response(wire.BrokerConnectHello)
        receiver = Receiver(provider.attach, hello.description, pre_joined=True)
        try:
            sender = Sender.create(Pages(provider), 0, page_size)
        except Refused:
            receiver.close()
            raise
        try:
            request = wire.LocalClientHello(sender.description)
            requester.send(wire.encode(wire.REQUESTS, request))
            client_id = requester.receive_response(wire.LocalClientAccepted).client_id
        except Refused:
            receiver.close()
            sender.close()
            raise
    sender.set_id(client_id)
    return Client(sender, receiver, client_id)


def open_existing(provider, sending, receiving):
    """Opens a client over existing maps: it sends after the messages on its own page, and reads the other page from
    its first message."""
    receiver = Receiver(provider.attach, receiving)
    try:
        sender = _sender_after_messages(provider, receiving if mutant("existing-on-the-broadcast") else sending)
    except Refused:
        receiver.close()
        raise
    return Client(sender, receiver, sender.sender_id)


def pair(provider, sender_id, page_size):
    """Creates a client that reads its own channel; sender and receiver have separate maps."""
    sender = Sender.create(Pages(provider), sender_id, page_size)
    return Client(sender, Receiver(provider.attach, sender.description), sender_id)


def _sender_after_messages(provider, description):
    """Returns a sender that continues after the messages on a page. It reads them like a receiver, with all checks,
    but without joining the page."""
    reader = Receiver(_attach_once(provider.attach), description, pre_joined=True)
    message = reader.recv()
    while message not in (None, ENDED):
        message = reader.recv()
    if message is ENDED:
        reader.page.close()
        raise Refused("the channel has ended")
    pages = Pages(provider)
    pages.held.append(reader.page)
    sender = Sender(pages, reader.page.sender_id, reader.page)
    sender.max_alloc = min(reader.page.max_alloc, reader.page.size)
    if reader.last_id:
        sender.resume_after(reader.last_offset, reader.page.read_slot(reader.last_offset))
    return sender


def _attach_once(attach):
    pages = []

    def attach_first(description):
        if pages:
            raise Refused("the channel continues on another page")
        pages.append(attach(description))
        return pages[0]

    return attach_first
