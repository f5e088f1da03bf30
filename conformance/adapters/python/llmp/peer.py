# SPDX-License-Identifier: MIT OR Apache-2.0
"""Another broker at the other end of a connection (section 11)."""

import os
import socket

from . import wire
from .errors import Refused
from .frame import MAX_LARGE_BODY, Connection
from .mutant import mutant
from .receiver import Message


class Peer:
    """A peer, and the owner of its connection. Both brokers send RemoteNewMessage as soon as they have one
    (B2B-6)."""

    def __init__(self, broker, peer_id):
        self.id, self._broker, self.connection = peer_id, broker, None
        self._held_back = []

    def take_connection(self, connection):
        self.connection, connection.owner = connection, self
        connection.bound = MAX_LARGE_BODY
        if connection.is_open:
            self._broker.peers.append(self)

    def forward(self, sender_id, message):
        remote = wire.RemoteNewMessage(sender_id, message.tag, message.flags, message.payload)
        if mutant("b2b-waits-for-peer"):
            self._held_back.append(remote)
        else:
            self.connection.send(wire.encode_fields(remote))

    def on_frame(self, connection, body):
        """Broadcasts a peer's message; drops it if its tag is reserved (B2B-4)."""
        remote = wire.decode_remote(body)
        message = Message(remote.tag, remote.client_id, remote.flags, remote.payload)
        try:
            self._broker.forward_from_peer(self, message)
        except Refused:
            if mutant("b2b-reserved-ends-broker"):
                os._exit(70)
        while self._held_back:
            connection.send(wire.encode_fields(self._held_back.pop(0)))

    def on_error(self, connection, _error):
        """Closes this connection if a frame cannot be decoded (B2B-7)."""
        if mutant("b2b-garbage-ends-broker"):
            os._exit(70)
        connection.close()

    def on_close(self, _connection):
        if self in self._broker.peers:
            self._broker.peers.remove(self)


def link(broker, requester):
    """Connects `broker` to the broker at the other end of `requester` (B2B-1)."""
    try:
        requester.receive_response(wire.BrokerConnectHello)
        hello = wire.RemoteBrokerHello(socket.gethostname())
        requester.send(wire.encode(wire.REQUESTS, hello))
        requester.receive_response(wire.RemoteBrokerAccepted)
    except Refused:
        requester.sock.close()
        raise
    broker.call(_add_peer, broker, requester)


def _add_peer(broker, requester):
    """Adds the peer, in the broker's thread. The requester's inbox may contain frames that came with the response."""
    peer = Peer(broker, broker.new_id())
    connection = Connection(broker.selector, requester.sock, peer, inbox=requester.inbox)
    peer.take_connection(connection)
    connection.dispatch()
