# SPDX-License-Identifier: MIT OR Apache-2.0
"""The broker's TCP side: who comes and who goes (section 10)."""

import selectors
import socket
import time

from . import wire
from .frame import Connection
from .mutant import mutant
from .peer import Peer

_MOST_CONNECTIONS = 256
_SECONDS_TO_HANG_UP = 2.0


class Listener:
    """Owner of the connections that have not made their request yet. Each gets one."""

    def __init__(self, broker):
        self._broker = broker
        self._readers = {}
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=128)  # TCP-9
        self._sock.setblocking(False)
        self.port = self._sock.getsockname()[1]
        broker.selector.register(self._sock, selectors.EVENT_READ, self._accept)

    def _accept(self, _mask):
        self._close_oldest_beyond(_MOST_CONNECTIONS)
        try:
            sock, _ = self._sock.accept()
        except OSError:
            self._close_oldest_beyond(len(self._readers) - 1)
            return
        self._hello(sock)

    def _close_oldest_beyond(self, count):
        while len(self._readers) > max(count, 0):
            next(iter(self._readers)).close()

    def _hello(self, sock):
        """The broker speaks first (TCP-2)."""
        page, reader = self._broker.pages.offer()
        connection = Connection(self._broker.selector, sock, self)
        self._readers[connection] = reader
        hello = wire.BrokerConnectHello(page.map.description, socket.gethostname())
        connection.send(wire.encode(wire.RESPONSES, hello))

    def frame(self, connection, body):
        request = wire.decode(wire.REQUESTS, body)
        if isinstance(request, wire.RemoteBrokerHello):
            self._let_broker_in(connection)
        elif isinstance(request, wire.LocalClientHello):
            self._let_client_in(connection, request)
        else:
            self._broker.quit(request.client_id)
            connection.finish()

    def _let_client_in(self, connection, request):
        """An id is given only to a channel that works (TCP-8, BROKER-2)."""
        client_id = self._broker.attach(request.description, self._readers[connection])
        self._readers[connection] = None
        connection.send(wire.encode(wire.RESPONSES, wire.LocalClientAccepted(client_id)))
        connection.finish()

    def _let_broker_in(self, connection):
        self._forget(connection)
        peer = Peer(self._broker, self._broker.new_id())
        answer = wire.RemoteBrokerAccepted(peer.id)
        if mutant("b2b-accepted-as-client"):
            answer = wire.LocalClientAccepted(peer.id)
        connection.send(wire.encode(wire.RESPONSES, answer))
        peer.take(connection)

    def broken(self, connection, why):
        """The peer is told, and that is all that happens (TCP-4, TCP-6, TCP-8)."""
        if connection.is_open:
            connection.send(wire.encode(wire.RESPONSES, wire.Error(str(why))))
        connection.finish()

    def closed(self, connection):
        self._forget(connection)

    def _forget(self, connection):
        """Who never became a client will not read the broadcast."""
        reader = self._readers.pop(connection, None)
        if reader:
            self._broker.pages.never_came(reader)

    def tidy(self):
        """Hangs up on those who had their answer and do not hang up themselves."""
        long_ago = time.monotonic() - _SECONDS_TO_HANG_UP
        for connection in list(self._readers):
            if connection.finished_at is not None and connection.finished_at < long_ago:
                connection.close()

    def close(self):
        self._broker.selector.unregister(self._sock)
        self._sock.close()
        self._close_oldest_beyond(0)
