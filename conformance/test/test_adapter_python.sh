#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the self-test of the Python implementation, if there is a Python that can run it.
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    echo '1..0 # SKIP needs python3, 3.9 or newer: make setup-full'
    exit 77
fi
exec python3 conformance/adapters/python/selftest.py
