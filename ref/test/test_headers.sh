#!/bin/sh
# Each public header compiles alone, without a warning, as C11 and as C++17.
. ref/test/tap.sh

# shellcheck disable=SC2086 # CC may be several words
alone() {
    printf '#include <llmp/%s>\nint main(void) { return 0; }\n' "$2" >"$scratch/alone.$1"
    case $1 in
        c) $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Iref/include -fsyntax-only "$scratch/alone.c" ;;
        cc) $CXX -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iref/include -fsyntax-only "$scratch/alone.cc" ;;
    esac
}

for header in shmem.h llmp.h; do
    check "llmp/$header alone as C11" alone c $header
    check "llmp/$header alone as C++17" alone cc $header
done
finish
