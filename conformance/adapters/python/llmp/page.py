# SPDX-License-Identifier: MIT OR Apache-2.0
"""The layout of a page (sections 3 and 4).

Every aligned field that peers read or write at the same time is accessed through a typed view, which performs one
load or store of the field's width. x86-64 keeps stores in order, and loads too: this provides the release and the
acquire order of SEND-3."""

import struct
from collections import namedtuple

from . import system
from .errors import Refused

INITIALISED_MAGIC = 0x1A1A1A1A1A1A1AF1
RETIRED_MAGIC = 0xDEADC0FEAF1BEEF1

UNSET = 0x00DEADAF
UNINITIALIZED = 0xA143AF11
END_OF_PAGE = 0x0AF1E0F1
NEW_SHM_CLIENT = 0x0C11E471
CLIENT_EXIT = 0x0C11E472
EXITING = 0x013C5171
SLOW_RECEIVER = 0x70051041
RESERVED = {UNSET, UNINITIALIZED, END_OF_PAGE, NEW_SHM_CLIENT, CLIENT_EXIT, EXITING, SLOW_RECEIVER}

FROM_B2B = 2

PAGE_HEADER = 48
HEADER = 40
LINE = 64
END_PAYLOAD = struct.Struct("=Q20s4x")
EXIT_PAYLOAD = struct.Struct("=I4x")
END_OF_PAGE_ROOM = 128
MIN_PAGE = PAGE_HEADER + END_OF_PAGE_ROOM

_HEADER = struct.Struct("=IIIIQQQ")
Slot = namedtuple("Slot", "tag sender broker flags message_id length padded")


def roundup64(number):
    return (number + LINE - 1) // LINE * LINE


def padded_at(offset, length):
    """Returns buf_len_padded of a message of `length` bytes in the slot at map offset `offset` (MSG-1)."""
    return roundup64(offset + HEADER + length) - offset - HEADER


def _word(index):
    def get(page):
        return page._words[index]

    def put(page, value):
        page._words[index] = value

    return property(get, put)


class Page:
    """A map used as a page. Its size is that of the mapping, never size_total (PAGE-5, RECV-2)."""

    magic = _word(0)
    current_id = _word(2)
    size_total = _word(3)
    size_used = _word(4)
    max_alloc = _word(5)

    def __init__(self, shared):
        if shared.size < PAGE_HEADER + HEADER:
            shared.close()
            raise Refused(f"a map of {shared.size} bytes is too small for a page")
        self.map = shared
        self.bytes = shared.bytes
        header = shared.bytes[:PAGE_HEADER]
        self._words, self._ints, self._counts = header.cast("Q"), header.cast("I"), header.cast("H")
        self._views = [header, self._words, self._ints, self._counts]

    @property
    def size(self):
        return self.map.size

    @property
    def sender_id(self):
        return self._ints[2]

    @sender_id.setter
    def sender_id(self, value):
        self._ints[2] = value

    @property
    def joined(self):
        return self._counts[6]

    @property
    def left(self):
        return self._counts[7]

    def join(self):
        system.add_one_16(self.map.address + 12)

    def leave(self):
        system.add_one_16(self.map.address + 14)

    def initialise(self, sender_id, max_alloc):
        """Writes the header and the first slot of a fresh page (PAGE-1, PAGE-4, EOP-12)."""
        self.current_id = 0
        self.size_used = 0
        self.size_total = self.size - PAGE_HEADER
        self.max_alloc = max_alloc
        self._words[1] = sender_id
        self.write_unset(PAGE_HEADER)
        struct.pack_into("=Q", self.bytes, PAGE_HEADER + 16, 0)
        self.magic = INITIALISED_MAGIC

    def write_slot(self, offset, slot):
        _HEADER.pack_into(self.bytes, offset, *slot)

    def read_slot(self, offset):
        """Returns a private copy of a message header; reads it once (RECV-5)."""
        return Slot(*_HEADER.unpack(bytes(self.bytes[offset : offset + HEADER])))

    def write_unset(self, offset):
        """Writes the tag UNSET to the next slot, if it lies within the page (SEND-8)."""
        if offset + HEADER <= self.size:
            struct.pack_into("=I", self.bytes, offset, UNSET)

    def close(self):
        for view in self._views:
            view.release()
        self.map.close()
