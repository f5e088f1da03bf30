# SPDX-License-Identifier: MIT OR Apache-2.0
"""Maps from a ShMemService, the asking side of section 12. Each map has a connection of its own, so that an
error of one, after which the service hangs up, costs the others nothing."""

import array
import os
import socket

from . import system, wire
from .description import Description, number_of
from .errors import Refused
from .frame import frame
from .map import Map, claimed

ADDRESS = "\0libafl_unix_shmem_server"
_LONGEST_ANSWER = 16
_SECONDS = 10


def ask(sock, request):
    """The number that the service answers, and the descriptor that came with it, if any."""
    sock.sendall(frame(wire.encode(wire.SERVICE, request)))
    fds = array.array("i")
    answer, control, _, _ = sock.recvmsg(_LONGEST_ANSWER, socket.CMSG_SPACE(fds.itemsize))
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if not answer:
        raise Refused(f"the service hung up on {request}")
    return int(answer), (fds[0] if fds else None)


def call():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(_SECONDS)
    try:
        sock.connect(ADDRESS)
    except OSError:
        sock.close()
        raise
    return sock


class ServedMap(Map):
    """The id is that of the service, and behind a colon our own descriptor (ID-3)."""

    fd = sock = kept_for = None

    @classmethod
    def create(cls, size):
        return cls._asked(wire.NewMap(size), size)

    @classmethod
    def attach(cls, description):
        known, colon, _ = description.text.partition(":")
        if not colon:
            raise Refused(f"no id of a served map: {description.text!r}")
        known = str(number_of(known))
        request = wire.ExistingMap(Description.of(description.size, known))
        return cls._asked(request, description.size)

    @classmethod
    def _asked(cls, request, size):
        sock, fd = call(), None
        try:
            number, fd = ask(sock, request)
            if fd is None:
                raise Refused("the service sent no descriptor")
            claimed(size, os.fstat(fd).st_size)
            served = cls(system.map_shared(fd, size), size, f"{number}:{fd}")
        except BaseException:
            if fd is not None:
                os.close(fd)
            sock.close()
            raise
        served.fd, served.sock = fd, sock
        return served

    def names(self, text):
        return self.id.partition(":")[0] == text.partition(":")[0]

    def before_fork(self):
        """The service keeps the map for the child (SERVED-9)."""
        self.kept_for, _ = ask(self.sock, wire.Hello())
        ask(self.sock, wire.PreFork())

    def after_fork_in_child(self):
        """The parent's connection is not ours; a hang-up of our copy of it means nothing."""
        self.sock.close()
        self.sock = call()
        ask(self.sock, wire.PostForkChildHello(self.kept_for))

    def _unmap(self):
        super()._unmap()
        os.close(self.fd)
        self.sock.close()  # SERVED-3: the service drops what this connection held
