# SPDX-License-Identifier: MIT OR Apache-2.0
"""The broker: copies what its clients send to one broadcast (section 9).

One thread runs turn() for ever. Others reach the broker through call(), which has that thread do it."""

import queue
import selectors
import time
from concurrent.futures import Future

from .broadcast import BroadcastPages
from .description import Description
from .errors import Refused
from .hooks import apply_hooks
from .listener import Listener
from .mutant import mutant
from .page import (
    CLIENT_EXIT,
    END_PAYLOAD,
    EXIT_PAYLOAD,
    FROM_B2B,
    NEW_SHM_CLIENT,
    SLOW_RECEIVER,
)
from .receiver import ENDED, Receiver
from .sender import Sender

BROKER_ID = 0
_MESSAGES_A_TURN = 64
_IDLE = 0.001
_SECONDS_BETWEEN_CHECKS = 1.0
_SECONDS_FOR_LAST_WORDS = 2.0


class _Client:
    def __init__(self, client_id, receiver, reader):
        self.id, self.receiver, self.reader = client_id, receiver, reader
        self.leaves_by = None
        self.seemed_gone = False


class Broker:
    def __init__(self, provider, page_size, listen=True, exit_after=None, hooks=()):
        self._provider, self._exit_after, self._hooks = provider, exit_after, hooks
        self.pages = BroadcastPages(provider)
        self.broadcast = Sender.fresh(self.pages, BROKER_ID, page_size)
        self.selector = selectors.DefaultSelector()
        self.clients, self.peers = {}, []
        self._next_id, self._came, self._calls = 0, 0, queue.SimpleQueue()
        self._next_check = time.monotonic()
        self.ended = False
        self.listener = Listener(self) if listen else None
        if listen:
            self.new_id()  # BROKER-2: the listener's own

    def call(self, function, *arguments):
        """Runs a function in the broker's thread and returns what it returns."""
        future = Future()
        self._calls.put((future, function, arguments))
        return future.result()

    def run(self):
        busy = False
        while True:
            for key, mask in self.selector.select(0 if busy else _IDLE):
                key.data(mask)
            self._answer_calls()
            busy = not self.ended and self._turn()

    def _answer_calls(self):
        while not self._calls.empty():
            future, function, arguments = self._calls.get()
            try:
                future.set_result(function(*arguments))
            except Refused as why:
                future.set_exception(why)

    def _turn(self):
        """Every client gets the same share of a turn (BROKER-16). Says whether there was something to do."""
        busy = False
        for client in list(self.clients.values()):
            busy |= self._serve(client)
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + _SECONDS_BETWEEN_CHECKS
            self._remove_deserted()
            if self.listener:
                self.listener.tidy()
        if self._exit_after is not None and self._came >= self._exit_after and not self.clients:
            self.end()  # BROKER-20
        return busy

    def _serve(self, client):
        """Forwards what is there. A channel that is corrupt costs its client only (BROKER-13)."""
        for count in range(_MESSAGES_A_TURN):
            try:
                message = client.receiver.recv()
                if message is None:
                    self._end_if_leaving(client)
                    return count > 0
                if message is ENDED or not self._route(client, message):
                    self.remove(client)
                    return True
            except Refused:
                self.remove(client)
                return True
        self._end_if_leaving(client, time.monotonic())
        return True

    def _end_if_leaving(self, client, now=float("inf")):
        """A client that quit goes when all it committed is forwarded (BROKER-11), and does not stay by sending on."""
        if client.leaves_by is not None and client.leaves_by < now:
            self.remove(client)

    def _route(self, client, message):
        """What is never forwarded, and the rest (BROKER-4). False where the client has said goodbye."""
        if message.tag == CLIENT_EXIT:
            return message.payload[:4] != EXIT_PAYLOAD.pack(client.id)[:4]  # BROKER-10
        if message.tag == NEW_SHM_CLIENT:
            self._attach_by_message(message.payload)
        elif message.tag != SLOW_RECEIVER:
            self._forward(client.id, message)
        return True

    def _attach_by_message(self, payload):
        if len(payload) == END_PAYLOAD.size:
            try:
                self.attach(Description(*END_PAYLOAD.unpack(payload)))
            except Refused:
                pass  # a channel that cannot be had is nobody's fault but its own

    def _forward(self, sender_id, message):
        """With the id of the channel it came from, whatever the message says (BROKER-9), and
        the payload only (BROKER-8)."""
        for out in apply_hooks(self._hooks, message):
            self.broadcast.send(out.tag, out.payload, out.flags, sender=sender_id)
            for peer in list(self.peers):
                peer.pass_on(sender_id, out)

    def from_peer(self, peer, message):
        """Never passed on to peers, so that it cannot go round (B2B-3); whose tag it is does not matter: a reserved
        one is refused (B2B-4)."""
        flags = message.flags if mutant("b2b-flag-missing") else message.flags | FROM_B2B
        out = message._replace(flags=flags)
        sender_id = message.sender if mutant("b2b-sender-kept") else peer.id
        for _ in range(2 if mutant("b2b-twice") else 1):
            self.broadcast.send(out.tag, out.payload, out.flags, sender=sender_id)  # B2B-2
        for other in self.peers if mutant("b2b-goes-round") else ():
            other.pass_on(sender_id, out)

    def new_id(self):
        """Ids count up, and none is used twice (BROKER-2)."""
        self._next_id += 1
        return self._next_id - 1

    def attach(self, description, reader=None):
        """Registers a channel: reads it from here on, and joins its page (BROKER-6)."""
        if self.ended:
            raise Refused("the broker has ended")
        receiver = Receiver(self._attach_foreign, description)
        client = _Client(self.new_id(), receiver, reader or self.pages.reader_from_start())
        self.clients[client.id] = client
        self._came += 1
        return client.id

    def _attach_foreign(self, description):
        """A client cannot make the broadcast its own channel, which would never end."""
        if any(page.map.names(description.text) for page in self.pages.held):
            raise Refused("that map is the broker's own")
        return self._provider.attach(description)

    def quit(self, client_id):
        """ClientQuit: of an id that nobody has, it changes nothing (TCP-3, TCP-7)."""
        client = self.clients.get(client_id)
        if client and client.leaves_by is None:
            client.leaves_by = time.monotonic() + _SECONDS_FOR_LAST_WORDS

    def remove(self, client):
        """Leaves the client's page (BROKER-6)."""
        del self.clients[client.id]
        client.receiver.close()
        self.pages.went(client.reader)

    def _remove_deserted(self):
        """A client whose page nobody else has mapped, twice in a row, was killed (BROKER-12)."""
        for client in list(self.clients.values()):
            gone = self._seems_gone(client)
            if gone and client.seemed_gone:
                self.quit(client.id)
            client.seemed_gone = gone

    @staticmethod
    def _seems_gone(client):
        try:
            return client.receiver.page.map.deserted()
        except OSError:
            return False

    def stop(self):
        """Forwards what is committed by now, then ends."""
        limit = time.monotonic() + _SECONDS_FOR_LAST_WORDS
        while not self.ended and self._turn() and time.monotonic() < limit:
            pass
        self.end()

    def end(self):
        """EXITING, behind all that was forwarded (BROKER-5). The pages stay for those who have yet to read them."""
        if self.ended:
            return
        self.ended = True
        self.broadcast.exit(deadline=0)
        for client in list(self.clients.values()):
            self.remove(client)
        for peer in list(self.peers):
            peer.connection.close()
        if self.listener:
            self.listener.close()

    def close(self):
        self.ended = True
        self.broadcast.close()
