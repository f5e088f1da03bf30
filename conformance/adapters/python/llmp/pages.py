# SPDX-License-Identifier: MIT OR Apache-2.0
"""The pages of a sender: how many it keeps, and which page is next (section 7)."""

import time

from .errors import Refused
from .page import RETIRED_MAGIC, Page

_POLL_INTERVAL_S = 0.0002


class Pages:
    """At most `limit` pages, read by `receivers` expected receivers (0: the number is unknown)."""

    def __init__(self, provider, receivers=1, limit=16, keep=False):
        self._provider, self._receivers, self._limit, self._keep = provider, receivers, limit, keep
        self.held = []

    def create(self, size):
        page = Page(self._provider.create(size))
        self.held.append(page)
        return page

    def next(self, size, deadline):
        """Returns a page of at least `size` bytes: a page to reuse, or a new one (EOP-4, EOP-11). Waits until the
        deadline if neither is available; an unread page is never dropped (EOP-7)."""
        while True:
            page = self._reusable(size)
            if page:
                return page
            self._drop_oldest_if_left()
            if self._limit is None or len(self.held) < self._limit:
                return self.create(size)
            if time.monotonic() >= deadline:
                raise Refused("timeout: no page is free because the receivers are slow")
            time.sleep(_POLL_INTERVAL_S)

    def _left_by_all(self, page):
        """True if as many receivers left as are expected. The number of receivers that joined does not matter,
        because a receiver that has not reached the page yet has not joined it (EOP-8)."""
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

    def _drop_oldest_if_left(self):
        """If the number of receivers is unknown, drops the oldest page when no receiver is on it (EOP-13)."""
        if self._receivers or self._keep or self._limit is None or len(self.held) < self._limit:
            return
        oldest = self.held[0]
        if oldest is not self.held[-1] and oldest.left >= oldest.joined:
            self.drop(oldest)

    def drop(self, page):
        self.held.remove(page)
        page.magic = RETIRED_MAGIC
        page.close()

    def close(self):
        """Closes all pages. A page that an expected receiver has not left keeps its content and its magic (EOP-6)."""
        for page in self.held[:]:
            if self._left_by_all(page):
                self.drop(page)
            else:
                page.close()
        self.held.clear()
