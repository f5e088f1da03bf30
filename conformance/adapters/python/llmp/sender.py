# SPDX-License-Identifier: MIT OR Apache-2.0
"""The writing side of a channel (sections 5 and 6)."""

import time
from collections import namedtuple

from .errors import Refused
from .page import (
    END_OF_PAGE,
    END_OF_PAGE_ROOM,
    END_PAYLOAD,
    EXITING,
    HEADER,
    MIN_PAGE,
    PAGE_HEADER,
    RESERVED,
    UNINITIALIZED,
    Slot,
    padded_at,
)

_Allocated = namedtuple("_Allocated", "offset length padded")


def _power_of_two_at_least(number):
    return 1 << (number - 1).bit_length()


class Sender:
    """A sender. It decides by its own state only: it writes the shared page header and never reads it (PAGE-5)."""

    def __init__(self, pages, sender_id, page):
        self._pages, self.sender_id, self._first_size = pages, sender_id, page.size
        self.page = page
        self.max_alloc, self.used, self.last_id, self.last_offset = 0, 0, 0, None
        self._slot, self._ended = None, False

    @classmethod
    def create(cls, pages, sender_id, page_size):
        if page_size < MIN_PAGE:
            raise Refused(f"a page needs at least {MIN_PAGE} bytes")
        sender = cls(pages, sender_id, pages.create(page_size))
        sender.page.initialise(sender_id, 0)
        return sender

    def resume_after(self, offset, slot):
        """Continues after the last message, which another process may have sent (RESUME-3)."""
        self.used = offset + HEADER + slot.padded - PAGE_HEADER
        self.last_id, self.last_offset = slot.message_id, offset

    @property
    def description(self):
        return self.page.map.description

    def set_id(self, sender_id):
        """Sets the id, which a client learns after it has created its first page (TCP-2)."""
        self.sender_id = sender_id
        self.page.sender_id = sender_id

    def send(self, tag, payload, flags=0, deadline=0.0, sender=None):
        refuse_reserved(tag)
        self._send(tag, payload, flags, deadline, sender)

    def exit(self, deadline):
        """Ends the channel with EXITING."""
        self._send(EXITING, b"", 0, deadline)
        self._ended = True

    def send_internal(self, tag, payload, deadline):
        """Sends a message of the protocol itself, such as CLIENT_EXIT."""
        self._send(tag, payload, 0, deadline)

    def _send(self, tag, payload, flags, deadline, sender=None):
        self.alloc(len(payload), deadline)
        self._commit(tag, payload, flags, self.sender_id if sender is None else sender)

    def alloc(self, length, deadline=0.0):
        """Allocates a slot; only one at a time (SEND-2)."""
        if self._slot or self._ended:
            raise Refused("the channel has ended" if self._ended else "a message is already allocated")
        padded = self._padded_length(length)
        if self.used + HEADER + padded + END_OF_PAGE_ROOM > self.page.size - PAGE_HEADER:  # SEND-1, SEND-5
            self._turn_page(deadline)
            padded = self._padded_length(length)
        self._allocate(length, padded)

    def shrink(self, length):
        slot = self._allocated()
        if not 0 <= length <= slot.length:
            raise Refused(f"{length} bytes are more than the {slot.length} allocated")
        self._free(slot)
        self._allocate(length, padded_at(slot.offset, length))  # SEND-7

    def cancel(self):
        """Cancels the allocated message; the next one takes its slot and its id (SEND-6)."""
        slot = self._allocated()
        self._free(slot)
        self.page.write_unset(slot.offset)

    def commit(self, tag, payload, flags=0):
        refuse_reserved(tag)
        if len(payload) != self._allocated().length:
            raise Refused("the length of the payload differs from the allocated length")
        self._commit(tag, payload, flags, self.sender_id)

    def allocated_length(self):
        return self._allocated().length

    def is_idle(self):
        return self._slot is None

    def _allocated(self):
        if not self._slot:
            raise Refused("no message is allocated")
        return self._slot

    def _next_offset(self):
        return PAGE_HEADER + self.used

    def _padded_length(self, length):
        """Returns the message's padded length at the next offset, and counts it in max_alloc. The first slot of a
        page may need 64 bytes more than the slot where the message did not fit."""
        padded = padded_at(self._next_offset(), length)
        self.max_alloc = max(self.max_alloc, HEADER + padded)
        self.page.max_alloc = self.max_alloc
        return padded

    def _allocate(self, length, padded):
        offset = self._next_offset()
        header = Slot(UNINITIALIZED, self.sender_id, 0, 0, self.last_id + 1, length, padded)
        self.page.write_slot(offset, header)  # SEND-8
        self._slot = _Allocated(offset, length, padded)
        self._add_used(HEADER + padded)

    def _free(self, slot):
        self._slot = None
        self._add_used(-HEADER - slot.padded)

    def _add_used(self, size):
        self.used += size
        self.page.size_used = self.used  # PAGE-6

    def _commit(self, tag, payload, flags, sender):
        slot, page = self._slot, self.page
        start = slot.offset + HEADER
        page.bytes[start : start + slot.length] = payload
        page.write_slot(
            slot.offset, Slot(tag, sender, 0, flags, self.last_id + 1, slot.length, slot.padded)
        )
        page.write_unset(start + slot.padded)
        self._slot = None
        self._publish(slot.offset)

    def _publish(self, offset):
        """Publishes a message: a receiver that reads this id sees everything written before (SEND-3)."""
        self.last_id, self.last_offset = self.last_id + 1, offset
        self.page.current_id = self.last_id

    def _turn_page(self, deadline):
        """Moves to another page, which is initialised before END_OF_PAGE names it (EOP-3, EOP-12)."""
        size = _power_of_two_at_least(  # EOP-4
            max(2 * self.max_alloc + END_OF_PAGE_ROOM + PAGE_HEADER, self._first_size - 1)
        )
        page = self._pages.next(size, deadline)
        page.initialise(self.sender_id, self.max_alloc)
        self._end_page(page.map.description)
        self.page = page
        self.used, self.last_id, self.last_offset = 0, 0, None

    def _end_page(self, successor):
        """Sends END_OF_PAGE, for which there is always room, and counts 128 bytes for it (EOP-1, EOP-2, PAGE-6)."""
        offset, payload = self._next_offset(), END_PAYLOAD.pack(*successor)
        self.page.bytes[offset + HEADER : offset + HEADER + len(payload)] = payload
        length = len(payload)
        self.page.write_slot(
            offset, Slot(END_OF_PAGE, self.sender_id, 0, 0, self.last_id + 1, length, length)
        )
        self._add_used(END_OF_PAGE_ROOM)
        self._publish(offset)

    def close(self):
        self._pages.close()


def refuse_reserved(tag):
    """Refuses the tags that users may not send (MSG-2, MSG-6)."""
    if tag in RESERVED:
        raise Refused(f"the tag 0x{tag:08X} is reserved")


def deadline_after(milliseconds):
    return time.monotonic() + milliseconds / 1000
