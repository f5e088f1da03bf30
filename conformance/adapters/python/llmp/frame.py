# SPDX-License-Identifier: MIT OR Apache-2.0
"""Frames over stream sockets (TCP-1), for servers that wait for nobody and for clients that wait for an answer."""

import selectors
import socket
import struct
import time

from . import wire
from .errors import Corrupt, Refused
from .mutant import mutant

_LENGTH = struct.Struct(">I")
_CHUNK = 1 << 18
_MOST_UNSENT = 64 << 20
SMALL_BODIES = 1 << 20
LARGE_BODIES = 128 << 20


def frame(body):
    return _LENGTH.pack(len(body)) + body


def cut_frame(inbox, bound):
    """Takes the first whole frame out of `inbox`: its body, or None. Memory follows what has arrived, not what a
    length promises (TCP-4)."""
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


def is_cut(inbox):
    """Whether the end of the first frame is still to come."""
    return len(inbox) < 4 or len(inbox) < 4 + _LENGTH.unpack_from(inbox)[0]


class Connection:
    """One peer of a server. Its owner is told frame(connection, body), broken(connection, why) and
    closed(connection); nothing here blocks (TCP-5), and no error leaves this connection (TCP-6)."""

    def __init__(self, selector, sock, owner, bound=SMALL_BODIES, inbox=b""):
        self.sock, self.owner, self.bound = sock, owner, bound
        self.finished_at = None
        self._selector, self._inbox, self._outbox = selector, bytearray(inbox), bytearray()
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self._ready)

    @property
    def is_open(self):
        return self._selector is not None

    def deliver(self):
        """Hands over the whole frames that are there, to whoever owns the connection by then."""
        try:
            while self.is_open and self.finished_at is None:
                body = cut_frame(self._inbox, self.bound)
                if body is None:
                    break
                self.owner.frame(self, body)
        except Refused as why:
            self.owner.broken(self, why)

    def send(self, body):
        if not self.is_open:
            return
        self._outbox += frame(body)
        if len(self._outbox) > _MOST_UNSENT:
            self.close()
        else:
            self._flush()

    def finish(self):
        """Says no more and listens to no more. What the peer still sends is thrown away until it hangs up, since
        closing on unread bytes could take our last answer from it."""
        if self.is_open and self.finished_at is None:
            self.finished_at = time.monotonic()
            self._flush()

    def close(self):
        if self.is_open:
            self._selector.unregister(self.sock)
            self._selector = None
            self.sock.close()
            self.owner.closed(self)

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
            self._err_if_mutant()
            self.deliver()

    def _err_if_mutant(self):
        if mutant("b2b-frame-in-one-piece") and self.bound == LARGE_BODIES and is_cut(self._inbox):
            self.close()
        while mutant("served-blocks") and self.sock.family == socket.AF_UNIX and is_cut(self._inbox):
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


class Dialogue:
    """The asking side: one question at a time, with a deadline."""

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
            raise Refused(f"the peer is gone: {error}") from error

    def receive(self):
        while True:
            body = cut_frame(self.inbox, SMALL_BODIES)
            if body is not None:
                return body
            self._read()

    def answer(self, kind):
        """An answer that has to be of one kind."""
        answer = wire.decode(wire.RESPONSES, self.receive())
        if not isinstance(answer, kind):
            raise Refused(f"the broker answers {answer}")
        return answer

    def _read(self):
        try:
            self.sock.settimeout(_left(self._deadline))
            data = self.sock.recv(_CHUNK)
        except OSError as error:
            raise Refused(f"no answer: {error}") from error
        if not data:
            raise Refused("no answer: the peer hung up")
        self.inbox += data


def _left(deadline):
    return max(deadline - time.monotonic(), 0.001)
