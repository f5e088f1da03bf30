#!/bin/sh
# The tables of channel/page_layout.h hold on 32-bit machines too, although the library does not support them yet.
. ref/test/tap.sh

# syntax_of_32_bit HEADER: compiles a header for i386 without its C library. $CC may be several words.
# shellcheck disable=SC2086
syntax_of_32_bit() {
    printf '#include "%s"\n' "$1" | $CC -m32 -std=c11 -ffreestanding -fsyntax-only -Iref/include -Iref -x c -
}
not() { ! "$@"; }

echo '#include <stdint.h>' >"$scratch/none.h"
grep -v '^_Static_assert(sizeof(size_t) == 8' ref/channel/page_layout.h >"$scratch/page_layout.h"
if syntax_of_32_bit "$scratch/none.h" 2>/dev/null; then
    check "the offsets of 32-bit machines are those of the structs" syntax_of_32_bit "$scratch/page_layout.h"
    check "a 32-bit build is refused" not syntax_of_32_bit channel/page_layout.h
else
    skip "the offsets of 32-bit machines" "needs a compiler with -m32"
fi
finish
