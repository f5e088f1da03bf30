# SPDX-License-Identifier: MIT OR Apache-2.0
"""The providers by name. Converts errors of the system to refusals."""

import os

from .errors import Refused
from .map import MemfdMap, SysvMap
from .posix import PosixMap
from .served import ServedMap

KINDS = {"sysv": SysvMap, "posix": PosixMap, "memfd": MemfdMap, "served": ServedMap}


class Provider:
    def __init__(self, name):
        self._kind = KINDS[name]

    def create(self, size):
        if size < 1:
            raise Refused("a map has at least one byte")
        created = self._try(self._kind.create, size)
        created.creator = os.getpid()
        return created

    def attach(self, description):
        return self._try(self._kind.attach, description)

    @staticmethod
    def _try(function, argument):
        try:
            return function(argument)
        except (OSError, OverflowError, MemoryError, ValueError) as error:
            raise Refused(f"cannot map {argument}: {error}") from error
