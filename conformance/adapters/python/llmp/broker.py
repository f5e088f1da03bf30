# SPDX-License-Identifier: MIT OR Apache-2.0
"""The broker: copies the messages of its clients to one broadcast (section 9).

One thread calls run(), which does not return. Other threads use the broker through call(), which runs a function in
that thread."""

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
_MESSAGES_PER_ROUND = 64
_IDLE_TIMEOUT_S = 0.001
_CHECK_INTERVAL_S = 1.0
_DRAIN_TIMEOUT_S = 2.0


class _Client:
    def __init__(self, client_id, receiver, reader):
        self.id, self.receiver, self.reader = client_id, receiver, reader
        self.removal_deadline = None
        self.was_orphaned = False


class Broker:
    def __init__(self, provider, page_size, listen=True, exit_after=None, hooks=()):
        self._provider, self._exit_after, self._hooks = provider, exit_after, hooks
        self.pages = BroadcastPages(provider)
        self.broadcast = Sender.create(self.pages, BROKER_ID, page_size)
        self.selector = selectors.DefaultSelector()
        self.clients, self.peers = {}, []
        self._next_id, self._joined, self._calls = 0, 0, queue.SimpleQueue()
        self._next_check = time.monotonic()
        self.ended = False
        self.listener = Listener(self) if listen else None
        if listen:
            self.new_id()  # BROKER-2: the listener takes the first id

    def call(self, function, *arguments):
        """Runs a function in the broker's thread and returns its result."""
        future = Future()
        self._calls.put((future, function, arguments))
        return future.result()

    def run(self):
        busy = False
        while True:
            for key, mask in self.selector.select(0 if busy else _IDLE_TIMEOUT_S):
                key.data(mask)
            self._answer_calls()
            busy = not self.ended and self._run_round()

    def _answer_calls(self):
        while not self._calls.empty():
            future, function, arguments = self._calls.get()
            try:
                future.set_result(function(*arguments))
            except Refused as error:
                future.set_exception(error)

    def _run_round(self):
        """Reads each client once, at most _MESSAGES_PER_ROUND messages each (BROKER-16). Returns True if any was
        read."""
        busy = False
        for client in list(self.clients.values()):
            busy |= self._forward_client(client)
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + _CHECK_INTERVAL_S
            self._remove_killed()
            if self.listener:
                self.listener.close_finished()
        if self._exit_after is not None and self._joined >= self._exit_after and not self.clients:
            self.end()  # BROKER-20
        return busy

    def _forward_client(self, client):
        """Forwards a client's messages. If its channel is corrupt, only this client is removed (BROKER-13)."""
        for count in range(_MESSAGES_PER_ROUND):
            try:
                message = client.receiver.recv()
                if message is None:
                    self._remove_if_leaving(client)
                    return count > 0
                if message is ENDED or not self._handle(client, message):
                    self.remove(client)
                    return True
            except Refused:
                self.remove(client)
                return True
        self._remove_if_leaving(client, time.monotonic())
        return True

    def _remove_if_leaving(self, client, now=float("inf")):
        """Removes a client that quit: when all its messages are forwarded (BROKER-11), or after a timeout if it
        continues to send."""
        if client.removal_deadline is not None and client.removal_deadline < now:
            self.remove(client)

    def _handle(self, client, message):
        """Handles the broker's own messages, and forwards all others (BROKER-4). Returns False if the client
        leaves."""
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
                pass  # only the new client is refused (BROKER-13)

    def _forward(self, sender_id, message):
        """Sends with the id of the client whose channel the message came from (BROKER-9), and only the payload
        (BROKER-8)."""
        for out in apply_hooks(self._hooks, message):
            self.broadcast.send(out.tag, out.payload, out.flags, sender=sender_id)
            for peer in list(self.peers):
                peer.forward(sender_id, out)

    def forward_from_peer(self, peer, message):
        """Broadcasts a peer's message. It is not sent to other peers, so that it cannot circulate (B2B-3). send()
        refuses reserved tags (B2B-4)."""
        flags = message.flags if mutant("b2b-flag-missing") else message.flags | FROM_B2B
        out = message._replace(flags=flags)
        sender_id = message.sender if mutant("b2b-sender-kept") else peer.id
        for _ in range(2 if mutant("b2b-twice") else 1):
            self.broadcast.send(out.tag, out.payload, out.flags, sender=sender_id)  # B2B-2
        for other in self.peers if mutant("b2b-goes-round") else ():
            other.forward(sender_id, out)

    def new_id(self):
        """Returns the next id; no id is used twice (BROKER-2)."""
        self._next_id += 1
        return self._next_id - 1

    def attach(self, description, reader=None):
        """Registers a client and joins the page of its channel (BROKER-6)."""
        if self.ended:
            raise Refused("the broker has ended")
        receiver = Receiver(self._attach_foreign, description)
        client = _Client(self.new_id(), receiver, reader or self.pages.reader_from_start())
        self.clients[client.id] = client
        self._joined += 1
        return client.id

    def _attach_foreign(self, description):
        """Opens a client's page. Refuses the broadcast itself, which the broker would forward to itself without
        end."""
        if any(page.map.has_id(description.text) for page in self.pages.held):
            raise Refused("the map is the broker's broadcast")
        return self._provider.attach(description)

    def quit(self, client_id):
        """Handles ClientQuit; an id that no client has changes nothing (TCP-3, TCP-7)."""
        client = self.clients.get(client_id)
        if client and client.removal_deadline is None:
            client.removal_deadline = time.monotonic() + _DRAIN_TIMEOUT_S

    def remove(self, client):
        """Removes a client and leaves its page (BROKER-6)."""
        del self.clients[client.id]
        client.receiver.close()
        self.pages.end_reader(client.reader)

    def _remove_killed(self):
        """Removes clients that were killed: no other process has their page mapped, in two checks in a row
        (BROKER-12)."""
        for client in list(self.clients.values()):
            gone = self._is_orphaned(client)
            if gone and client.was_orphaned:
                self.quit(client.id)
            client.was_orphaned = gone

    @staticmethod
    def _is_orphaned(client):
        try:
            return client.receiver.page.map.is_orphaned()
        except OSError:
            return False

    def stop(self):
        """Forwards the messages that are committed, then ends."""
        limit = time.monotonic() + _DRAIN_TIMEOUT_S
        while not self.ended and self._run_round() and time.monotonic() < limit:
            pass
        self.end()

    def end(self):
        """Sends EXITING after all forwarded messages (BROKER-5). The pages remain, because clients may still read
        them."""
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
