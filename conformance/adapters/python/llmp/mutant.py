# SPDX-License-Identifier: MIT OR Apache-2.0
"""Deliberate mistakes, one a process, by which the suite shows that it can see them (mutants.txt)."""

import os
import sys

_LIST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "mutants.txt")
_CHOSEN = os.environ.get("LLMP_PY_MUTANT", "")


def _is_listed(name):
    with open(_LIST, encoding="utf-8") as listed:
        return any(line.startswith(name + " ") for line in listed)


if _CHOSEN and not _is_listed(_CHOSEN):
    sys.exit(f"LLMP_PY_MUTANT: there is no mutant {_CHOSEN}")


def mutant(name):
    return name == _CHOSEN
