# SPDX-License-Identifier: MIT OR Apache-2.0
"""The pages of a sender: how many it holds, and which one comes next (section 7)."""

import time

from .errors import Refused
from .page import GIVEN_UP_MAGIC, Page

_PAUSE = 0.0002


class Pages:
    """Pages for `receivers` expected receivers (0: nobody knows how many), at most `limit` at a time."""

    def __init__(self, provider, receivers=1, limit=16, keep=False):
        self._provider, self._receivers, self._limit, self._keep = provider, receivers, limit, keep
        self.held = []

    def fresh(self, size):
        page = Page(self._provider.create(size))
        self.held.append(page)
        return page

    def next(self, size, deadline):
        """A page of `size` bytes: one that is free again and not smaller, or else a new one (EOP-4, EOP-11). While there is neither, the sender waits: nothing unread is ever given up (EOP-7)."""
        while True:
            page = self._reusable(size)
            if page:
                return page
            self._make_room()
            if self._limit is None or len(self.held) < self._limit:
                return self.fresh(size)
            if time.monotonic() >= deadline:
                raise Refused("the receivers are slow: no page is free")
            time.sleep(_PAUSE)

    def _left_by_all(self, page):
        """Expected receivers count, not those that joined: who has yet to come has done neither (EOP-8)."""
        return 0 < self._receivers <= page.left

    def _reusable(self, size):
        if self._keep:
            return None
        for page in filter(self._left_by_all, self.held[:-1]):
            if page.size >= size:
                self.held.remove(page)
                self.held.append(page)
                return page
            self.drop(page)
        return None

    def _make_room(self):
        """With unknown receivers the oldest page goes if nobody is seen on it (EOP-13)."""
        if self._receivers or self._keep or self._limit is None or len(self.held) < self._limit:
            return
        oldest = self.held[0]
        if oldest is not self.held[-1] and oldest.left >= oldest.joined:
            self.drop(oldest)

    def drop(self, page):
        self.held.remove(page)
        page.magic = GIVEN_UP_MAGIC
        page.close()

    def close(self):
        """Pages that a receiver may still be reading keep their content, magic included (EOP-6)."""
        for page in self.held[:]:
            if self._left_by_all(page):
                self.drop(page)
            else:
                page.close()
        self.held.clear()
