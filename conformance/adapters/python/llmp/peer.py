# SPDX-License-Identifier: MIT OR Apache-2.0
"""Another broker at the other end of a connection (section 11)."""

import os
import socket

from . import wire
from .errors import Refused
from .frame import LARGE_BODIES, Connection
from .mutant import mutant
from .receiver import Message


class Peer:
    """Owner of a connection over which both sides send RemoteNewMessage, each when it has something to say (B2B-6)."""

    def __init__(self, broker, peer_id):
        self.id, self._broker, self.connection = peer_id, broker, None
        self._held_back = []

    def take(self, connection):
        self.connection, connection.owner = connection, self
        connection.bound = LARGE_BODIES
        if connection.is_open:
            self._broker.peers.append(self)

    def pass_on(self, sender_id, message):
        remote = wire.RemoteNewMessage(sender_id, message.tag, message.flags, message.payload)
        if mutant("b2b-waits-for-peer"):
            self._held_back.append(remote)
        else:
            self.connection.send(wire.encode_fields(remote))

    def frame(self, connection, body):
        """What no user may send is dropped (B2B-4)."""
        remote = wire.decode_remote(body)
        message = Message(remote.tag, remote.client_id, remote.flags, remote.payload)
        try:
            self._broker.from_peer(self, message)
        except Refused:
            if mutant("b2b-reserved-ends-broker"):
                os._exit(70)
        while self._held_back:
            connection.send(wire.encode_fields(self._held_back.pop(0)))

    def broken(self, connection, _why):
        """What cannot be decoded costs this connection only (B2B-7)."""
        if mutant("b2b-garbage-ends-broker"):
            os._exit(70)
        connection.close()

    def closed(self, _connection):
        if self in self._broker.peers:
            self._broker.peers.remove(self)


def link(broker, dialogue):
    """Connects `broker` to the one at the other end of `dialogue` (B2B-1)."""
    try:
        dialogue.answer( wire.BrokerConnectHello)
        hello = wire.RemoteBrokerHello(socket.gethostname())
        dialogue.send(wire.encode(wire.REQUESTS, hello))
        dialogue.answer( wire.RemoteBrokerAccepted)
    except Refused:
        dialogue.sock.close()
        raise
    broker.call(_add_peer, broker, dialogue)


def _add_peer(broker, dialogue):
    """Frames that came with the answer are waiting in the dialogue's inbox."""
    peer = Peer(broker, broker.new_id())
    connection = Connection(broker.selector, dialogue.sock, peer, inbox=dialogue.inbox)
    peer.take(connection)
    connection.deliver()
