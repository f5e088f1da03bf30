#!/bin/sh
# The shared library exports what the public headers declare: all of it, and nothing else.
. ref/test/tap.sh

# A declaration is what begins with LLMP_API; behind the preprocessor that is the visibility attribute.
# shellcheck disable=SC2086 # CC may be several words
declared() {
    echo '#include <llmp/llmp.h>' | $CC -std=c11 -Iref/include -E -P -x c - | tr '\n' ' ' | tr ';{' '[\n*]' |
        sed -n 's/.*visibility("default")))[^(]*\(llmp_[a-z0-9_]*\) *(.*/\1/p' | sort
}
exported() { nm -D --defined-only "$LLMP_BUILD/lib/libllmp.so" | awk '{ print $3 }' | sort; }

same() { # LIST LIST: prints what the first has and the second lacks
    lacking=$(comm -23 "$1" "$2")
    [ -z "$lacking" ] || { echo "$lacking"; return 1; }
}

declared >"$scratch/declared"
exported >"$scratch/exported"
check "the headers declare functions" test -s "$scratch/declared"
check "every declared function is exported" same "$scratch/declared" "$scratch/exported"
check "every exported symbol is declared" same "$scratch/exported" "$scratch/declared"
finish
