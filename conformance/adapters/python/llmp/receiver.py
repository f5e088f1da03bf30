# SPDX-License-Identifier: MIT OR Apache-2.0
"""The reading side of a channel (section 8). It checks everything that it reads from a page before it uses it."""

import time
from collections import namedtuple

from .description import Description
from .errors import Corrupt, Refused
from .page import (
    END_OF_PAGE,
    END_PAYLOAD,
    EXITING,
    HEADER,
    INITIALISED_MAGIC,
    LINE,
    PAGE_HEADER,
    UNINITIALIZED,
    UNSET,
    Page,
)

Message = namedtuple("Message", "tag sender flags payload")
ENDED = object()

_MAX_EMPTY_PAGES = 64
_POLL_INTERVAL_S = 0.0002


def open_page(attach, description):
    """Opens a page to start on, and checks it (PAGE-3)."""
    page = Page(attach(description))
    if page.magic != INITIALISED_MAGIC:
        page.close()
        raise Refused("the map is not a page")
    return page


class Receiver:
    def __init__(self, attach, description, pre_joined=False):
        self._attach = attach
        self.page = open_page(attach, description)
        if not pre_joined:  # RECV-6, TCP-2
            self.page.join()
        self.last_id, self.last_offset, self._next = 0, None, PAGE_HEADER
        self._empty_pages, self._error, self._ended = 0, None, False
        self.handed_over = False

    def resume_after(self, offset, slot):
        """Continues after a message, which another process may have read (RESUME-2)."""
        self.last_id, self.last_offset = slot.message_id, offset
        self._next = offset + HEADER + slot.padded

    def wait(self, deadline):
        """Returns the next message, ENDED, or None after the deadline (RECV-13)."""
        while True:
            message = self.recv()
            if message is not None or time.monotonic() >= deadline:
                return message
            time.sleep(_POLL_INTERVAL_S)

    def recv(self):
        """Returns the next message, None if there is none, or ENDED after EXITING. An error is permanent (RECV-8)."""
        if self._error:
            raise self._error
        try:
            return ENDED if self._ended else self._next_message()
        except Refused as error:
            self._error = error
            raise

    def _next_message(self):
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
            raise Corrupt(f"current_msg_id decreased from {self.last_id} to {current}")  # RECV-9
        self._announced = current
        return current == self.last_id  # RECV-1

    def _checked_slot(self):
        if self._next + HEADER > self.page.size:
            raise Corrupt(f"a message is announced beyond the map, at {self._next}")
        slot = self.page.read_slot(self._next)
        self._check_lengths(slot)
        if slot.message_id != self.last_id + 1:
            raise Corrupt(f"message_id {slot.message_id} instead of {self.last_id + 1}")  # RECV-0
        self._check_tag(slot)
        return slot

    def _check_lengths(self, slot):
        room = self.page.size - self._next - HEADER
        if not slot.length <= slot.padded <= room:
            raise Corrupt(f"buf_len {slot.length}, buf_len_padded {slot.padded}, {room} bytes left")  # RECV-2
        if slot.tag != END_OF_PAGE and (self._next + HEADER + slot.padded) % LINE:
            raise Corrupt(f"a slot of {slot.padded} bytes does not end on a multiple of 64")  # RECV-7

    def _check_tag(self, slot):
        if slot.tag in (UNSET, UNINITIALIZED):
            raise Corrupt("a message is announced and not there")  # RECV-3
        if slot.tag == EXITING and slot.length:
            raise Corrupt("EXITING has a payload")
        if slot.tag == END_OF_PAGE and slot.length != END_PAYLOAD.size:
            raise Corrupt(f"END_OF_PAGE has {slot.length} bytes")
        if slot.tag == END_OF_PAGE and self._announced != slot.message_id:
            raise Corrupt("a message is announced after END_OF_PAGE")  # EOP-2

    def _payload(self, slot):
        start = self._next + HEADER
        return bytes(self.page.bytes[start : start + slot.length])

    def _advance(self, slot):
        self.resume_after(self._next, slot)
        self._empty_pages = 0

    def _follow(self, payload):
        """Follows END_OF_PAGE: joins the new page, and only then leaves the old one (EOP-5). If the new page cannot
        be opened, nothing changes (EOP-9)."""
        successor = Description(*END_PAYLOAD.unpack(payload))
        self._empty_pages += 1
        if self.page.map.has_id(successor.text) or self._empty_pages > _MAX_EMPTY_PAGES:
            raise Corrupt("END_OF_PAGE forms a ring without messages")  # EOP-10
        page = open_page(self._attach, successor)
        page.join()
        old, self.page = self.page, page
        old.leave()
        old.close()
        self.last_id, self.last_offset, self._next = 0, None, PAGE_HEADER

    def close(self):
        """Leaves the page (RECV-6), unless another process resumes there."""
        if not self.handed_over:
            self.page.leave()
        self.page.close()
