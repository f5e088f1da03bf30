# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which pages of a broadcast are kept, and where those who come late begin (BROKER-15, BROKER-17, EOP-13, EOP-14).

A page goes once all who have to read it have left it or a later one. Nobody waits for a client that stays behind
(BROKER-16): beyond the limits below it is cut off, and finds out when its next page is gone. No page is used again."""

from .page import GIVEN_UP_MAGIC
from .pages import Pages

_MOST_PAGES, _MOST_BYTES, _AT_LEAST = 512, 256 << 20, 4
_OFFERED_PAGES, _OFFERED_BYTES = 32, 16 << 20


class Reader:
    """Somebody who reads the broadcast from page number `start` on; no longer than up to `end`, once that is known."""

    def __init__(self, start):
        self.start, self.end = start, None

    def has_to_read(self, number):
        return self.start <= number and (self.end is None or number <= self.end)


class BroadcastPages(Pages):
    def __init__(self, provider):
        super().__init__(provider)
        self._first = 0
        self._readers = []

    @property
    def _newest(self):
        return self._first + len(self.held) - 1

    def next(self, size, deadline):
        while self._may_drop_oldest():
            self._drop_oldest()
        return self.fresh(size)

    def offer(self):
        """The page that a newcomer starts on, and the newcomer as a reader."""
        number = self._offered()
        reader = Reader(number)
        self._readers.append(reader)
        return self.held[number - self._first], reader

    def reader_from_start(self):
        """Somebody who was told of the broadcast by other ways."""
        self._readers.append(Reader(self._first))
        return self._readers[-1]

    def never_came(self, reader):
        self._readers.remove(reader)

    def went(self, reader):
        """What comes after the newest page is none of its business any more."""
        reader.end = self._newest

    def _offered(self):
        number, total = self._newest, self.held[-1].size
        while number > self._first and self._newest - number < _OFFERED_PAGES:
            total += self.held[number - 1 - self._first].size
            if total > _OFFERED_BYTES:
                break
            number -= 1
        return number

    def _may_drop_oldest(self):
        if len(self.held) < _AT_LEAST:
            return False
        if len(self.held) >= _MOST_PAGES or sum(page.size for page in self.held) > _MOST_BYTES:
            return True
        return self._first < self._offered() and self._is_read()

    def _is_read(self):
        """Whoever left a later page has left the oldest one too."""
        return any(self._left_by_readers(number) for number in range(self._first, self._newest))

    def _left_by_readers(self, number):
        expected = sum(reader.has_to_read(number) for reader in self._readers)
        return self.held[number - self._first].left >= expected

    def _drop_oldest(self):
        page = self.held.pop(0)
        page.magic = GIVEN_UP_MAGIC
        page.close()
        self._first += 1
        self._readers = [r for r in self._readers if r.end is None or r.end >= self._first]

    def close(self):
        for page in self.held:
            page.close()
        self.held.clear()
