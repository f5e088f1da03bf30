# SPDX-License-Identifier: MIT OR Apache-2.0
"""Seeded defects (mutants.txt). The environment selects at most one per process; `make mutants` checks that the suite
detects each of them."""

import os
import sys

_LIST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "mutants.txt")
_CHOSEN = os.environ.get("LLMP_PY_MUTANT", "")


def _is_listed(name):
    with open(_LIST, encoding="utf-8") as listed:
        return any(line.startswith(name + " ") for line in listed)


if _CHOSEN and not _is_listed(_CHOSEN):
    sys.exit(f"LLMP_PY_MUTANT: unknown mutant {_CHOSEN}")


def mutant(name):
    """True if this defect is switched on."""
    return name == _CHOSEN
