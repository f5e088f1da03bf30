# SPDX-License-Identifier: MIT OR Apache-2.0
"""Frames over stream sockets (TCP-1), for servers, which never block, and for clients, which wait for an answer."""

import selectors
import socket
import struct
import time

from . import wire
from .errors import Corrupt, Refused
from .mutant import mutant

_LENGTH = struct.Struct(">I")
_CHUNK = 1 << 18
_MAX_UNSENT = 64 << 20
MAX_SMALL_BODY = 1 << 20
MAX_LARGE_BODY = 128 << 20


def frame(body):
    return _LENGTH.pack(len(body)) + body


def take_frame(inbox, bound):
    """Removes the first complete frame from `inbox` and returns its body, or None. The memory used is that of the
    bytes received, not of the length announced (TCP-4)."""
    if len(inbox) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(inbox)
    if length > bound:
        raise Corrupt(f"a frame of {length} bytes")
    end = _LENGTH.size + length
    if len(inbox) < end:
        return None
    body = bytes(inbox[_LENGTH.size : end])
    del inbox[:end]
    return body


def is_incomplete(inbox):
    """True if the first frame is incomplete."""
    return len(inbox) < 4 or len(inbox) < 4 + _LENGTH.unpack_from(inbox)[0]


class Connection:
    """A server's connection to one peer. It calls on_frame(connection, body), on_error(connection, error) and
    on_close(connection) of its owner. It never blocks (TCP-5), and an error affects only this connection (TCP-6)."""

    def __init__(self, selector, sock, owner, bound=MAX_SMALL_BODY, inbox=b""):
        self.sock, self.owner, self.bound = sock, owner, bound
        self.finished_at = None
        self._selector, self._inbox, self._outbox = selector, bytearray(inbox), bytearray()
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self._ready)

    @property
    def is_open(self):
        return self._selector is not None

    def dispatch(self):
        """Passes complete frames to the owner, which on_frame() may have changed."""
        try:
            while self.is_open and self.finished_at is None:
                body = take_frame(self._inbox, self.bound)
                if body is None:
                    break
                self.owner.on_frame(self, body)
        except Refused as error:
            self.owner.on_error(self, error)

    def send(self, body):
        if not self.is_open:
            return
        self._outbox += frame(body)
        if len(self._outbox) > _MAX_UNSENT:
            self.close()
        else:
            self._flush()

    def finish(self):
        """Sends nothing more, and discards what the peer sends until it closes the connection. Closing a socket with
        unread bytes could discard our last answer before the peer reads it."""
        if self.is_open and self.finished_at is None:
            self.finished_at = time.monotonic()
            self._flush()

    def close(self):
        if self.is_open:
            self._selector.unregister(self.sock)
            self._selector = None
            self.sock.close()
            self.owner.on_close(self)

    def _ready(self, mask):
        if mask & selectors.EVENT_WRITE and self.is_open:
            self._flush()
        if mask & selectors.EVENT_READ and self.is_open:
            self._read()

    def _read(self):
        try:
            data = self.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif self.finished_at is None:
            self._inbox += data
            self._apply_mutants()
            self.dispatch()

    def _apply_mutants(self):
        if mutant("b2b-frame-in-one-piece") and self.bound == MAX_LARGE_BODY and is_incomplete(self._inbox):
            self.close()
        while mutant("served-blocks") and self.sock.family == socket.AF_UNIX and is_incomplete(self._inbox):
            self.sock.setblocking(True)
            self._inbox += self.sock.recv(_CHUNK) or bytes(4)
            self.sock.setblocking(False)

    def _flush(self):
        try:
            while self._outbox:
                del self._outbox[: self.sock.send(memoryview(self._outbox)[:_CHUNK].tobytes())]
            if self.finished_at is not None:
                self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
        self._selector.modify(self.sock, events, self._ready)


class Requester:
    """A client's connection: one request at a time, with a deadline."""

    def __init__(self, sock, deadline):
        self.sock, self.inbox, self._deadline = sock, bytearray(), deadline

    @classmethod
    def connect(cls, port, deadline):
        try:
            return cls(socket.create_connection(("127.0.0.1", port), _left(deadline)), deadline)
        except (OSError, OverflowError) as error:
            raise Refused(f"no connection to port {port}: {error}") from error

    def send(self, body):
        try:
            self.sock.sendall(frame(body))
        except OSError as error:
            raise Refused(f"the peer closed the connection: {error}") from error

    def receive(self):
        while True:
            body = take_frame(self.inbox, MAX_SMALL_BODY)
            if body is not None:
                return body
            self._read()

    def receive_response(self, kind):
        """Receives a response, which must be of one kind."""
        response = wire.decode(wire.RESPONSES, self.receive())
        if not isinstance(response, kind):
            raise Refused(f"unexpected response: {response}")
        return response

    def _read(self):
        try:
            self.sock.settimeout(_left(self._deadline))
            data = self.sock.recv(_CHUNK)
        except OSError as error:
            raise Refused(f"no answer: {error}") from error
        if not data:
            raise Refused("no answer: the peer closed the connection")
        self.inbox += data


def _left(deadline):
    return max(deadline - time.monotonic(), 0.001)
