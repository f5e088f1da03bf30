# SPDX-License-Identifier: MIT OR Apache-2.0
"""The reading side of a channel (section 8). It believes nothing that stands on a page before it was checked."""

import time
from collections import namedtuple

from .description import Description
from .errors import Corrupt, Refused
from .page import (
    END_OF_PAGE,
    END_PAYLOAD,
    EXITING,
    FRESH_MAGIC,
    HEADER,
    LINE,
    PAGE_HEADER,
    UNINITIALIZED,
    UNSET,
    Page,
)

Message = namedtuple("Message", "tag sender flags payload")
ENDED = object()

_MOST_EMPTY_PAGES = 64
_PAUSE = 0.0002


def open_page(attach, description):
    """A page to start on, checked (PAGE-3)."""
    page = Page(attach(description))
    if page.magic != FRESH_MAGIC:
        page.close()
        raise Refused("the map is no page")
    return page


class Receiver:
    def __init__(self, attach, description, joined_already=False):
        self._attach = attach
        self.page = open_page(attach, description)
        if not joined_already:  # RECV-6, TCP-2
            self.page.join()
        self.last_id, self.last_offset, self._next = 0, None, PAGE_HEADER
        self._empty_pages, self._error, self._ended = 0, None, False
        self.handed_over = False

    def go_on(self, offset, slot):
        """Behind a message that was read in another process (RESUME-2)."""
        self.last_id, self.last_offset = slot.message_id, offset
        self._next = offset + HEADER + slot.padded

    def wait(self, deadline):
        """The next message, ENDED, or None when the time is up (RECV-13)."""
        while True:
            message = self.recv()
            if message is not None or time.monotonic() >= deadline:
                return message
            time.sleep(_PAUSE)

    def recv(self):
        """The next message if there is one, ENDED behind EXITING. An error stays one (RECV-8)."""
        if self._error:
            raise self._error
        try:
            return ENDED if self._ended else self._step()
        except Refused as error:
            self._error = error
            raise

    def _step(self):
        while not self._nothing_new():
            slot = self._checked_slot()
            payload = self._payload(slot)
            if slot.tag == END_OF_PAGE:
                self._follow(payload)
                continue
            self._advance(slot)
            if slot.tag == EXITING:
                self._ended = True
                return ENDED
            return Message(slot.tag, slot.sender, slot.flags, payload)
        return None

    def _nothing_new(self):
        current = self.page.current_id
        if current < self.last_id:
            raise Corrupt(f"the id went back from {self.last_id} to {current}")  # RECV-9
        self._promised = current
        return current == self.last_id  # RECV-1

    def _checked_slot(self):
        if self._next + HEADER > self.page.size:
            raise Corrupt(f"a message is promised behind the map, at {self._next}")
        slot = self.page.read_slot(self._next)
        self._check_lengths(slot)
        if slot.message_id != self.last_id + 1:
            raise Corrupt(f"message {slot.message_id} where {self.last_id + 1} should be")  # RECV-0
        self._check_tag(slot)
        return slot

    def _check_lengths(self, slot):
        room = self.page.size - self._next - HEADER
        if not slot.length <= slot.padded <= room:
            raise Corrupt(f"{slot.length} of {slot.padded} bytes where {room} are left")  # RECV-2
        if slot.tag != END_OF_PAGE and (self._next + HEADER + slot.padded) % LINE:
            raise Corrupt(f"a slot of {slot.padded} bytes ends beside a multiple of 64")  # RECV-7

    def _check_tag(self, slot):
        if slot.tag in (UNSET, UNINITIALIZED):
            raise Corrupt("there is no message where one is promised")  # RECV-3
        if slot.tag == EXITING and slot.length:
            raise Corrupt("EXITING has a payload")
        if slot.tag == END_OF_PAGE and slot.length != END_PAYLOAD.size:
            raise Corrupt(f"END_OF_PAGE has {slot.length} bytes")
        if slot.tag == END_OF_PAGE and self._promised != slot.message_id:
            raise Corrupt("a message is promised behind END_OF_PAGE")  # EOP-2

    def _payload(self, slot):
        start = self._next + HEADER
        return bytes(self.page.bytes[start : start + slot.length])

    def _advance(self, slot):
        self.go_on(self._next, slot)
        self._empty_pages = 0

    def _follow(self, payload):
        """Joins the new page, and only then leaves the old one (EOP-5). If there is no new page, everything
        stays as it is (EOP-9)."""
        successor = Description(*END_PAYLOAD.unpack(payload))
        self._empty_pages += 1
        if self.page.map.names(successor.text) or self._empty_pages > _MOST_EMPTY_PAGES:
            raise Corrupt("END_OF_PAGE leads in a circle")  # EOP-10
        page = open_page(self._attach, successor)
        page.join()
        old, self.page = self.page, page
        old.leave()
        old.close()
        self.last_id, self.last_offset, self._next = 0, None, PAGE_HEADER

    def close(self):
        """Leaves the page it ends on (RECV-6), unless another process goes on there."""
        if not self.handed_over:
            self.page.leave()
        self.page.close()
