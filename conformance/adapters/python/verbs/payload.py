# SPDX-License-Identifier: MIT OR Apache-2.0
"""Payloads from a seed, and digests (ADAPTER.md, Values).

Python's loops are slow and its large integers are fast, so all words of a payload are mixed at once. One integer
holds them, each in a lane of 128 bits, which has room for a product of two 64-bit numbers."""

import zlib

_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WORD = 2**64 - 1

digest = zlib.crc32


class _Lanes:
    """Constants for a number of words: in each lane 1, the mask, and (k + 1) * golden."""

    def __init__(self, count):
        self.count = count
        steps = ((k + 1) * _GOLDEN & _WORD for k in range(count))
        self.steps = int.from_bytes(b"".join(s.to_bytes(16, "little") for s in steps), "little")
        self.ones = int.from_bytes((1).to_bytes(16, "little") * count, "little")
        self.mask = self.ones * _WORD


_cached = _Lanes(0)


def _lanes(count):
    global _cached
    if _cached.count != count:
        _cached = _Lanes(count)
    return _cached


def payload(seed, length):
    """Returns the payload that a seed and a length stand for."""
    lanes = _lanes((length + 7) // 8)
    z = (lanes.steps + lanes.ones * seed) & lanes.mask
    z = (z ^ (z >> 30) & lanes.mask) * _FIRST & lanes.mask
    z = (z ^ (z >> 27) & lanes.mask) * _SECOND & lanes.mask
    z ^= (z >> 31) & lanes.mask
    words = memoryview(z.to_bytes(16 * lanes.count, "little")).cast("Q")[::2]
    return words.tobytes()[:length]
