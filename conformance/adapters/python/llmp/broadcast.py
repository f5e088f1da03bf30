# SPDX-License-Identifier: MIT OR Apache-2.0
"""The pages of a broadcast: how long they are kept, and which page a new client starts on (BROKER-15, BROKER-17,
EOP-13, EOP-14).

A page is dropped when every client that has to read it has left it or a later page. A slow client does not keep pages
beyond the limits below (BROKER-16): the oldest page is then dropped, and the client gets an error when it tries to
follow to it. No page is reused."""

from .page import RETIRED_MAGIC
from .pages import Pages

_MAX_PAGES, _MAX_BYTES, _MIN_PAGES = 512, 256 << 20, 4
_MAX_OFFERED_PAGES, _MAX_OFFERED_BYTES = 32, 16 << 20


class Reader:
    """A receiver of the broadcast: it reads from page number `start`, and up to page `end` once it has left."""

    def __init__(self, start):
        self.start, self.end = start, None

    def reads(self, number):
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
        return self.create(size)

    def offer(self):
        """Returns the page that a new client starts on, and registers the client as a reader."""
        number = self._offered()
        reader = Reader(number)
        self._readers.append(reader)
        return self.held[number - self._first], reader

    def reader_from_start(self):
        """Registers a reader that got the description of the broadcast without TCP."""
        self._readers.append(Reader(self._first))
        return self._readers[-1]

    def remove_reader(self, reader):
        self._readers.remove(reader)

    def end_reader(self, reader):
        """The reader has left: it is not expected on pages after the newest one."""
        reader.end = self._newest

    def _offered(self):
        number, total = self._newest, self.held[-1].size
        while number > self._first and self._newest - number < _MAX_OFFERED_PAGES:
            total += self.held[number - 1 - self._first].size
            if total > _MAX_OFFERED_BYTES:
                break
            number -= 1
        return number

    def _may_drop_oldest(self):
        if len(self.held) < _MIN_PAGES:
            return False
        if len(self.held) >= _MAX_PAGES or sum(page.size for page in self.held) > _MAX_BYTES:
            return True
        return self._first < self._offered() and self._is_read()

    def _is_read(self):
        """True if all readers have left the oldest page: a reader that left a later page has left this one too."""
        return any(self._left_by_readers(number) for number in range(self._first, self._newest))

    def _left_by_readers(self, number):
        expected = sum(reader.reads(number) for reader in self._readers)
        return self.held[number - self._first].left >= expected

    def _drop_oldest(self):
        page = self.held.pop(0)
        page.magic = RETIRED_MAGIC
        page.close()
        self._first += 1
        self._readers = [r for r in self._readers if r.end is None or r.end >= self._first]

    def close(self):
        for page in self.held:
            page.close()
        self.held.clear()
