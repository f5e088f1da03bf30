# SPDX-License-Identifier: MIT OR Apache-2.0
"""Descriptions of maps: a size and an id of 20 bytes (ID-1, ID-2)."""

from collections import namedtuple

from .errors import Refused

ID_BYTES = 20


class Description(namedtuple("Description", "size id")):
    __slots__ = ()

    @classmethod
    def of(cls, size, text):
        raw = text.encode()
        if len(raw) >= ID_BYTES:
            raise Refused(f"an id has at most {ID_BYTES - 1} characters: {text!r}")
        return cls(size, raw.ljust(ID_BYTES, b"\0"))

    @property
    def text(self):
        """Returns the id as a string; refuses bytes that are not a valid string (ID-6)."""
        string, end, _ = self.id.partition(b"\0")
        if not end or not string or not string.isascii():
            raise Refused(f"not an id: {self.id!r}")
        return string.decode()


def number_of(text, limit=2**31):
    """Returns the number in an id that must be decimal (ID-3, ID-6)."""
    if not (text.isascii() and text.isdigit() and int(text) < limit):
        raise Refused(f"not a number: {text!r}")
    return int(text)
