# SPDX-License-Identifier: MIT OR Apache-2.0
"""The writing side of a channel (sections 5 and 6)."""

import time
from collections import namedtuple

from .errors import Refused
from .page import (
    END_BYTES,
    END_OF_PAGE,
    END_PAYLOAD,
    EXITING,
    HEADER,
    PAGE_HEADER,
    RESERVED,
    SMALLEST,
    UNINITIALIZED,
    Slot,
    padded_at,
)

_Reserved = namedtuple("_Reserved", "offset length padded")


def _power_of_two_from(number):
    return 1 << (number - 1).bit_length()


class Sender:
    """All decisions follow from what this object knows; the shared header is written and never read (PAGE-5)."""

    def __init__(self, pages, sender_id, page):
        self._pages, self.sender_id, self._first_size = pages, sender_id, page.size
        self.page = page
        self.max_alloc, self.used, self.last_id, self.last_offset = 0, 0, 0, None
        self._slot, self._over = None, False

    @classmethod
    def fresh(cls, pages, sender_id, page_size):
        if page_size < SMALLEST:
            raise Refused(f"a page has at least {SMALLEST} bytes")
        sender = cls(pages, sender_id, pages.fresh(page_size))
        sender.page.initialise(sender_id, 0)
        return sender

    def go_on(self, offset, slot):
        """Behind the last message that was sent in another process (RESUME-3)."""
        self.used = offset + HEADER + slot.padded - PAGE_HEADER
        self.last_id, self.last_offset = slot.message_id, offset

    @property
    def description(self):
        return self.page.map.description

    def become(self, sender_id):
        """A client learns its id only after its first page stands (TCP-2)."""
        self.sender_id = sender_id
        self.page.sender_id = sender_id

    def send(self, tag, payload, flags=0, deadline=0.0, sender=None):
        refuse_reserved(tag)
        self._send(tag, payload, flags, deadline, sender)

    def exit(self, deadline):
        """The channel ends in good order."""
        self._send(EXITING, b"", 0, deadline)
        self._over = True

    def signal(self, tag, payload, deadline):
        """A message of the transport's own, such as CLIENT_EXIT."""
        self._send(tag, payload, 0, deadline)

    def _send(self, tag, payload, flags, deadline, sender=None):
        self.alloc(len(payload), deadline)
        self._commit(tag, payload, flags, self.sender_id if sender is None else sender)

    def alloc(self, length, deadline=0.0):
        """Reserves a slot; only one at a time (SEND-2)."""
        if self._slot or self._over:
            raise Refused("the channel has ended" if self._over else "a message is allocated already")
        padded = self._ask(length)
        if self.used + HEADER + padded + END_BYTES > self.page.size - PAGE_HEADER:  # SEND-1, SEND-5
            self._turn_page(deadline)
            padded = self._ask(length)
        self._reserve(length, padded)

    def shrink(self, length):
        slot = self._reserved()
        if not 0 <= length <= slot.length:
            raise Refused(f"{length} bytes are no part of {slot.length}")
        self._release(slot)
        self._reserve(length, padded_at(slot.offset, length))  # SEND-7

    def cancel(self):
        """The next message takes the slot and its id (SEND-6)."""
        slot = self._reserved()
        self._release(slot)
        self.page.write_unset(slot.offset)

    def commit(self, tag, payload, flags=0):
        refuse_reserved(tag)
        if len(payload) != self._reserved().length:
            raise Refused("the payload has another length than the slot")
        self._commit(tag, payload, flags, self.sender_id)

    def reserved_length(self):
        return self._reserved().length

    def is_idle(self):
        return self._slot is None

    def _reserved(self):
        if not self._slot:
            raise Refused("no message is allocated")
        return self._slot

    def _next_offset(self):
        return PAGE_HEADER + self.used

    def _ask(self, length):
        """What the message takes here; its first slot may ask for a line more than the one it did not fit into."""
        padded = padded_at(self._next_offset(), length)
        self.max_alloc = max(self.max_alloc, HEADER + padded)
        self.page.max_alloc = self.max_alloc
        return padded

    def _reserve(self, length, padded):
        offset = self._next_offset()
        header = Slot(UNINITIALIZED, self.sender_id, 0, 0, self.last_id + 1, length, padded)
        self.page.write_slot(offset, header)  # SEND-8
        self._slot = _Reserved(offset, length, padded)
        self._use(HEADER + padded)

    def _release(self, slot):
        self._slot = None
        self._use(-HEADER - slot.padded)

    def _use(self, size):
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
        """Whoever sees this id sees all that was written before (SEND-3)."""
        self.last_id, self.last_offset = self.last_id + 1, offset
        self.page.current_id = self.last_id

    def _turn_page(self, deadline):
        """The new page is ready before END_OF_PAGE names it (EOP-3, EOP-12)."""
        size = _power_of_two_from(  # EOP-4
            max(2 * self.max_alloc + END_BYTES + PAGE_HEADER, self._first_size - 1)
        )
        page = self._pages.next(size, deadline)
        page.initialise(self.sender_id, self.max_alloc)
        self._end_page(page.map.description)
        self.page = page
        self.used, self.last_id, self.last_offset = 0, 0, None

    def _end_page(self, successor):
        """END_OF_PAGE always has room, and counts 128 (EOP-1, EOP-2, PAGE-6)."""
        offset, payload = self._next_offset(), END_PAYLOAD.pack(*successor)
        self.page.bytes[offset + HEADER : offset + HEADER + len(payload)] = payload
        length = len(payload)
        self.page.write_slot(
            offset, Slot(END_OF_PAGE, self.sender_id, 0, 0, self.last_id + 1, length, length)
        )
        self._use(END_BYTES)
        self._publish(offset)

    def close(self):
        self._pages.close()


def refuse_reserved(tag):
    """What users may not send (MSG-2, MSG-6)."""
    if tag in RESERVED:
        raise Refused(f"the tag 0x{tag:08X} is reserved")


def in_time(milliseconds):
    return time.monotonic() + milliseconds / 1000
