#!/bin/sh
# Uses the shared library from Python, without a binding in C.
LLMP_BUILD=${LLMP_BUILD:-build/release}
if ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP python3 is not installed: make setup"
    exit 77
fi
exec python3 -B ref/test/test_ctypes.py "$LLMP_BUILD/lib/libllmp.so"
