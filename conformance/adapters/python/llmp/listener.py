# SPDX-License-Identifier: MIT OR Apache-2.0
"""The broker's TCP listener: clients and other brokers connect to it (section 10)."""

import selectors
import socket
import time

from . import wire
from .frame import Connection
from .mutant import mutant
from .peer import Peer

_MAX_CONNECTIONS = 256
_CLOSE_TIMEOUT_S = 2.0


class Listener:
    """Owns the connections from accept on; each may send one request."""

    def __init__(self, broker):
        self._broker = broker
        self._readers = {}
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=128)  # TCP-9
        self._sock.setblocking(False)
        self.port = self._sock.getsockname()[1]
        broker.selector.register(self._sock, selectors.EVENT_READ, self._accept)

    def _accept(self, _mask):
        self._close_oldest_beyond(_MAX_CONNECTIONS)
        try:
            sock, _ = self._sock.accept()
        except OSError:
            self._close_oldest_beyond(len(self._readers) - 1)
            return
        self._send_hello(sock)

    def _close_oldest_beyond(self, count):
        while len(self._readers) > max(count, 0):
            next(iter(self._readers)).close()

    def _send_hello(self, sock):
        """Sends BrokerConnectHello, which is the first message of a connection (TCP-2)."""
        page, reader = self._broker.pages.offer()
        connection = Connection(self._broker.selector, sock, self)
        self._readers[connection] = reader
        hello = wire.BrokerConnectHello(page.map.description, socket.gethostname())
        connection.send(wire.encode(wire.RESPONSES, hello))

    def on_frame(self, connection, body):
        request = wire.decode(wire.REQUESTS, body)
        if isinstance(request, wire.RemoteBrokerHello):
            self._accept_broker(connection)
        elif isinstance(request, wire.LocalClientHello):
            self._accept_client(connection, request)
        else:
            self._broker.quit(request.client_id)
            connection.finish()

    def _accept_client(self, connection, request):
        """Registers a client. attach() opens its page before it takes an id, so that a map that cannot be used takes
        none (TCP-8, BROKER-2)."""
        client_id = self._broker.attach(request.description, self._readers[connection])
        self._readers[connection] = None
        connection.send(wire.encode(wire.RESPONSES, wire.LocalClientAccepted(client_id)))
        connection.finish()

    def _accept_broker(self, connection):
        self._forget(connection)
        peer = Peer(self._broker, self._broker.new_id())
        answer = wire.RemoteBrokerAccepted(peer.id)
        if mutant("b2b-accepted-as-client"):
            answer = wire.LocalClientAccepted(peer.id)
        connection.send(wire.encode(wire.RESPONSES, answer))
        peer.take_connection(connection)

    def on_error(self, connection, error):
        """Sends an Error and finishes this connection only (TCP-4, TCP-6, TCP-8)."""
        if connection.is_open:
            connection.send(wire.encode(wire.RESPONSES, wire.Error(str(error))))
        connection.finish()

    def on_close(self, connection):
        self._forget(connection)

    def _forget(self, connection):
        """Removes a connection. If it did not become a client, it will not read the broadcast."""
        reader = self._readers.pop(connection, None)
        if reader:
            self._broker.pages.remove_reader(reader)

    def close_finished(self):
        """Closes connections whose peer got its answer and has not closed them after a timeout."""
        long_ago = time.monotonic() - _CLOSE_TIMEOUT_S
        for connection in list(self._readers):
            if connection.finished_at is not None and connection.finished_at < long_ago:
                connection.close()

    def close(self):
        self._broker.selector.unregister(self._sock)
        self._sock.close()
        self._close_oldest_beyond(0)
