# SPDX-License-Identifier: MIT OR Apache-2.0
"""The ShMemService (section 12): gives clients the descriptors of maps that have no names."""

import array
import os
import selectors
import socket
import threading

from . import wire
from .description import number_of
from .errors import Refused
from .frame import Connection, frame
from .map import MemfdMap, checked_size
from .mutant import mutant
from .served import ADDRESS

_POLL_INTERVAL_S = 0.1


class _Client:
    """A client: the id of its connection, and its references, one for each time that a map was handed out to it."""

    def __init__(self, number):
        self.number, self.held, self.had_request = number, [], False


class Service:
    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._maps = {}
        self._kept = {}
        self._clients = {}
        self._next_client = self._next_map = 1
        self._ended = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(ADDRESS)
        except OSError as error:
            self._listener.close()
            raise Refused(f"the service cannot listen: {error}") from error
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def run(self):
        while not self._ended.is_set():
            for key, mask in self._selector.select(_POLL_INTERVAL_S):
                key.data(mask)
        self._listener.close()
        for connection in list(self._clients):
            connection.close()
        for shared in self._maps.values():
            shared.close()

    def stop(self):
        self._ended.set()

    def _accept(self, _mask):
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        client = _Client(0 if mutant("served-hello-same") else self._next_client)
        self._next_client += 1
        self._clients[Connection(self._selector, sock, self)] = client

    def on_frame(self, connection, body):
        """Handles a request; any error in it closes the connection (SERVED-5, SERVED-7)."""
        client = self._clients[connection]
        request = wire.decode(wire.SERVICE, body)
        try:
            self._ANSWERS[type(request)](self, connection, client, request)
        except OSError as error:
            raise Refused(str(error)) from error
        client.had_request = True

    def on_error(self, connection, _error):
        if mutant("served-error-ends"):
            self.stop()
        if not mutant("served-silent"):
            connection.close()

    def on_close(self, connection):
        """Drops the references of the connection (SERVED-3)."""
        client = self._clients.pop(connection)
        if mutant("served-hangup-keeps"):
            return
        if mutant("served-prefork-forgets"):
            self._kept.pop(client.number, None)
        held, client.held = client.held, []
        self._drop_unused(held)

    def _references(self, number):
        """Counts the references to a map over all connections, and those kept for children."""
        kept = [held for sets in self._kept.values() for held in sets]
        return sum(held.count(number) for held in [c.held for c in self._clients.values()] + kept)

    def _drop_unused(self, numbers):
        for number in set(numbers):
            if not self._references(number):
                self._maps.pop(number).close()

    def _new_map(self, connection, client, request):
        number, self._next_map = self._next_map, self._next_map + 1
        try:
            self._maps[number] = MemfdMap.create(request.size)
        except (OverflowError, ValueError) as error:
            raise Refused(str(error)) from error
        self._hand_out(connection, client, number)

    def _existing_map(self, connection, client, request):
        number = number_of(request.description.text)
        if number not in self._maps:
            raise Refused(f"no map {number}")
        checked_size(request.description.size, self._maps[number].size)
        if mutant("served-existing-is-new"):
            self._new_map(connection, client, wire.NewMap(self._maps[number].size))
            return
        self._hand_out(connection, client, number)

    def _hand_out(self, connection, client, number):
        client.held.append(number)
        fds = array.array("i", [self._maps[number].fd])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
        _answer(connection, number, [] if mutant("served-no-descriptor") else rights)

    def _deregister(self, connection, client, request):
        held = request.map_id in client.held
        before = self._references(request.map_id) if held else 0
        if held:
            client.held.remove(request.map_id)
            self._drop_unused([request.map_id])
        _answer(connection, max(before - 1, 0) if mutant("served-deregister-off") else before)

    def _hello(self, connection, client, _request):
        _answer(connection, client.number)

    def _pre_fork(self, connection, client, _request):
        if not mutant("served-prefork-ignored"):
            self._kept.setdefault(client.number, []).append(client.held[:])
        _answer(connection, client.number)

    def _post_fork(self, connection, client, request):
        sets = self._kept.get(request.parent)
        if not sets:
            raise Refused(f"no maps are kept for a child of {request.parent}")
        client.held += sets.pop(0)
        if not sets:
            del self._kept[request.parent]
        _answer(connection, client.number)

    def _exit(self, connection, client, _request):
        if client.had_request:
            raise Refused("Exit must be the first request")
        if not mutant("served-exit-ignored"):
            self.stop()
        connection.close()

    _ANSWERS = {
        wire.NewMap: _new_map,
        wire.ExistingMap: _existing_map,
        wire.Deregister: _deregister,
        wire.Hello: _hello,
        wire.PreFork: _pre_fork,
        wire.PostForkChildHello: _post_fork,
        wire.Exit: _exit,
    }


def _answer(connection, number, rights=()):
    """Sends a number as decimal digits without a frame (SERVED-1). If the socket's buffer is full, the error closes
    the connection."""
    digits = str(number).encode()
    if mutant("served-answer-framed"):
        digits = frame(digits)
    connection.sock.sendmsg([digits], rights)


def start():
    """Starts a service in its own thread; an unexpected error in it ends the process."""
    service = Service()

    def run():
        try:
            service.run()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(70)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    service.thread = thread
    return service
