# SPDX-License-Identifier: MIT OR Apache-2.0
"""The part of postcard that LLMP uses (POST-1, POST-7)."""

from .description import ID_BYTES, Description
from .errors import Corrupt


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


class Cursor:
    """Reads values one after the other. Bytes after the last value are ignored."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, count):
        if count > len(self._data) - self._at:
            raise Corrupt("a truncated value")
        self._at += count
        return self._data[self._at - count : self._at]

    def varint(self, bits):
        number = 0
        for shift in range(0, bits, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        else:
            raise Corrupt("a varint with too many bytes")
        if number >> bits:
            raise Corrupt("a varint out of range")
        return number


class Unsigned:
    def __init__(self, bits):
        self._bits = bits

    def put(self, value):
        return varint(value)

    def get(self, cursor):
        return cursor.varint(self._bits)


class Signed32:
    """Zigzag: 0, -1, 1, -2 … are 0, 1, 2, 3 …"""

    def put(self, value):
        return varint((value << 1 ^ value >> 31) & 0xFFFFFFFF)

    def get(self, cursor):
        number = cursor.varint(32)
        return number >> 1 ^ -(number & 1)


class Bytes:
    def put(self, value):
        return varint(len(value)) + value

    def get(self, cursor):
        return bytes(cursor.take(cursor.varint(64)))


class String(Bytes):
    def put(self, value):
        return super().put(value.encode())

    def get(self, cursor):
        try:
            return super().get(cursor).decode()
        except UnicodeDecodeError as error:
            raise Corrupt("a string that is not UTF-8") from error


class DescriptionValue:
    """POST-5."""

    def put(self, value):
        return varint(value.size) + value.id

    def get(self, cursor):
        return Description(cursor.varint(64), bytes(cursor.take(ID_BYTES)))


U32, U64, I32 = Unsigned(32), Unsigned(64), Signed32()
BYTES, STRING, DESCRIPTION = Bytes(), String(), DescriptionValue()
