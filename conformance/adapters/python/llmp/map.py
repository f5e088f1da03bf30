# SPDX-License-Identifier: MIT OR Apache-2.0
"""Maps: pieces of shared memory that processes find by a description (section 2)."""

import os

from . import system
from .description import Description, number_of
from .errors import Refused


class Map:
    """A map that this process has in its memory. Subclasses know where it comes from."""

    def __init__(self, address, size, text):
        self.address, self.size = address, size
        self.id = text
        self.bytes = system.bytes_at(address, size)
        self.maker = None
        self.open = True

    @property
    def description(self):
        return Description.of(self.size, self.id)

    def close(self):
        """Gives back all that the map took (ID-12)."""
        if self.open:
            self.open = False
            self.bytes.release()
            self._unmap()

    def is_makers(self):
        """Only the process that made a map removes it, and no forked copy of that process (ID-4, ID-11)."""
        return self.maker == os.getpid()

    def names(self, text):
        """Whether an id means this map (EOP-10)."""
        return self.id == text

    def hand_over(self):
        """Another process takes the maker's place: what has a name keeps it when this process goes."""

    def take_over(self):
        """The successor's part of hand_over()."""
        self.maker = os.getpid()

    def before_fork(self):
        """What a map needs so that a forked child may use it too."""

    def after_fork_in_child(self):
        """The child's part of before_fork()."""

    def deserted(self):
        """Whether surely nobody else has this map any more (BROKER-12); where one cannot know, no."""
        return False

    def _unmap(self):
        system.unmap_shared(self.address, self.size)


def claimed(size, actual):
    """The bytes that a description claims, if the map has them (ID-7)."""
    if not 0 < size <= actual:
        raise Refused(f"a description of {size} bytes for a map of {actual}")
    return size


class SysvMap(Map):
    """The segment is marked for removal as soon as it is attached. Linux goes on attaching such a segment by its
    number until its last holder goes, so that nothing stays behind, not even after a kill (ID-9, ID-10)."""

    @classmethod
    def create(cls, size):
        segment = system.segment_make(size)
        try:
            return cls(system.segment_attach(segment), size, str(segment))
        finally:
            system.segment_remove(segment)

    @classmethod
    def attach(cls, description):
        segment = number_of(description.text)
        size = claimed(description.size, system.segment_status(segment)[0])
        return cls(system.segment_attach(segment), size, str(segment))

    def names(self, text):
        return text.isascii() and text.isdigit() and int(text) == int(self.id)

    def deserted(self):
        return system.segment_status(int(self.id))[1] <= 1

    def _unmap(self):
        system.segment_detach(self.address)


class MemfdMap(Map):
    """The id is a descriptor's number, and means something only where that descriptor is open (ID-3)."""

    fd = None

    @classmethod
    def create(cls, size):
        fd = os.memfd_create("llmp")
        try:
            os.ftruncate(fd, size)
            made = cls(system.map_shared(fd, size), size, str(fd))
        except BaseException:
            os.close(fd)
            raise
        made.fd = fd
        return made

    @classmethod
    def attach(cls, description):
        fd = number_of(description.text)
        if not os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:"):
            raise Refused(f"descriptor {fd} is no memfd")  # ID-13
        size = claimed(description.size, os.fstat(fd).st_size)
        return cls(system.map_shared(fd, size), size, str(fd))

    def names(self, text):
        return text.isascii() and text.isdigit() and int(text) == int(self.id)

    def _unmap(self):
        super()._unmap()
        if self.fd is not None:
            os.close(self.fd)
