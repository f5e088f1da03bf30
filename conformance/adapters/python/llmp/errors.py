# SPDX-License-Identifier: MIT OR Apache-2.0
"""What goes wrong, as the specification names it."""


class Refused(Exception):
    """The caller or the peer is told no; everything else is as well as before."""


class Corrupt(Refused):
    """Something on a page or in a frame that a requirement forbids."""
