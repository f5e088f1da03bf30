# SPDX-License-Identifier: MIT OR Apache-2.0
"""Maps: shared-memory segments that processes open by a description (section 2)."""

import os

from . import system
from .description import Description, number_of
from .errors import Refused


class Map:
    """A map of this process. Each provider is a subclass."""

    def __init__(self, address, size, text):
        self.address, self.size = address, size
        self.id = text
        self.bytes = system.bytes_at(address, size)
        self.creator = None
        self.open = True

    @property
    def description(self):
        return Description.of(self.size, self.id)

    def close(self):
        """Releases everything that the map uses (ID-12)."""
        if self.open:
            self.open = False
            self.bytes.release()
            self._unmap()

    def is_creator(self):
        """True in the process that created the map, but not in its forked children (ID-4, ID-11)."""
        return self.creator == os.getpid()

    def has_id(self, text):
        """True if an id names this map (EOP-10)."""
        return self.id == text

    def hand_over(self):
        """Prepares for take_over() in another process: this process no longer removes the map's name."""

    def take_over(self):
        """Makes this process the owner, after hand_over() in another process."""
        self.creator = os.getpid()

    def before_fork(self):
        """Must be called before a fork if the child uses the map."""

    def after_fork_in_child(self):
        """Must be called in the child after before_fork()."""

    def is_orphaned(self):
        """True if it is certain that no other process has this map (BROKER-12); False if it cannot be determined."""
        return False

    def _unmap(self):
        system.unmap_shared(self.address, self.size)


def checked_size(size, actual):
    """Returns the size in a description; refuses it if the map is smaller (ID-7)."""
    if not 0 < size <= actual:
        raise Refused(f"a description of {size} bytes for a map of {actual}")
    return size


class SysvMap(Map):
    """The segment is marked for removal as soon as it is attached. Linux still attaches such a segment by its number,
    and removes it when the last process detaches it or ends, also if it was killed (ID-9, ID-10)."""

    @classmethod
    def create(cls, size):
        segment = system.segment_create(size)
        try:
            return cls(system.segment_attach(segment), size, str(segment))
        finally:
            system.segment_remove(segment)

    @classmethod
    def attach(cls, description):
        segment = number_of(description.text)
        size = checked_size(description.size, system.segment_status(segment)[0])
        return cls(system.segment_attach(segment), size, str(segment))

    def has_id(self, text):
        return text.isascii() and text.isdigit() and int(text) == int(self.id)

    def is_orphaned(self):
        return system.segment_status(int(self.id))[1] <= 1

    def _unmap(self):
        system.segment_detach(self.address)


class MemfdMap(Map):
    """The id is the number of a descriptor; it is valid only in a process where that descriptor is open (ID-3)."""

    fd = None

    @classmethod
    def create(cls, size):
        fd = os.memfd_create("llmp")
        try:
            os.ftruncate(fd, size)
            created = cls(system.map_shared(fd, size), size, str(fd))
        except BaseException:
            os.close(fd)
            raise
        created.fd = fd
        return created

    @classmethod
    def attach(cls, description):
        fd = number_of(description.text)
        if not os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:"):
            raise Refused(f"descriptor {fd} is not a memfd")  # ID-13
        size = checked_size(description.size, os.fstat(fd).st_size)
        return cls(system.map_shared(fd, size), size, str(fd))

    def has_id(self, text):
        return text.isascii() and text.isdigit() and int(text) == int(self.id)

    def _unmap(self):
        super()._unmap()
        if self.fd is not None:
            os.close(self.fd)
