# SPDX-License-Identifier: MIT OR Apache-2.0
"""Maps from a ShMemService, on the client's side of section 12. Each map has a connection of its own, because the
service closes the connection after an error, which drops all maps of that connection."""

import array
import os
import socket

from . import system, wire
from .description import Description, number_of
from .errors import Refused
from .frame import frame
from .map import Map, checked_size

ADDRESS = "\0libafl_unix_shmem_server"
_MAX_ANSWER = 16
_TIMEOUT_S = 10


def request_number(sock, request):
    """Sends a request. Returns the number in the answer, and the descriptor that came with it or None."""
    sock.sendall(frame(wire.encode(wire.SERVICE, request)))
    fds = array.array("i")
    answer, control, _, _ = sock.recvmsg(_MAX_ANSWER, socket.CMSG_SPACE(fds.itemsize))
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if not answer:
        raise Refused(f"the service closed the connection after {request}")
    return int(answer), (fds[0] if fds else None)


def connect():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(_TIMEOUT_S)
    try:
        sock.connect(ADDRESS)
    except OSError:
        sock.close()
        raise
    return sock


class ServedMap(Map):
    """The id consists of the service's id, a colon, and the descriptor of this process (ID-3)."""

    fd = sock = kept_for = None

    @classmethod
    def create(cls, size):
        return cls._map(wire.NewMap(size), size)

    @classmethod
    def attach(cls, description):
        known, colon, _ = description.text.partition(":")
        if not colon:
            raise Refused(f"not the id of a served map: {description.text!r}")
        known = str(number_of(known))
        request = wire.ExistingMap(Description.of(description.size, known))
        return cls._map(request, description.size)

    @classmethod
    def _map(cls, request, size):
        sock, fd = connect(), None
        try:
            number, fd = request_number(sock, request)
            if fd is None:
                raise Refused("the service sent no descriptor")
            checked_size(size, os.fstat(fd).st_size)
            served = cls(system.map_shared(fd, size), size, f"{number}:{fd}")
        except BaseException:
            if fd is not None:
                os.close(fd)
            sock.close()
            raise
        served.fd, served.sock = fd, sock
        return served

    def has_id(self, text):
        return self.id.partition(":")[0] == text.partition(":")[0]

    def before_fork(self):
        """Makes the service keep the map for the child (SERVED-9)."""
        self.kept_for, _ = request_number(self.sock, wire.Hello())
        request_number(self.sock, wire.PreFork())

    def after_fork_in_child(self):
        """Closes the copy of the parent's connection, which does not end it, and takes over the map on a new
        connection."""
        self.sock.close()
        self.sock = connect()
        request_number(self.sock, wire.PostForkChildHello(self.kept_for))

    def _unmap(self):
        super()._unmap()
        os.close(self.fd)
        self.sock.close()  # SERVED-3: the service drops what this connection held
