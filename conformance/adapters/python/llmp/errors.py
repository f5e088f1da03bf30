# SPDX-License-Identifier: MIT OR Apache-2.0
"""The errors of the specification (section 1)."""


class Refused(Exception):
    """The caller or the peer gets an error; the object remains usable."""


class Corrupt(Refused):
    """A page or a frame contains something that a requirement forbids."""
