#!/bin/sh
# The public headers compile without a warning: each alone, as C11 and as C++17, and in a C++20 program.
. ref/test/tap.sh

strict="-Wall -Wextra -Wpedantic -Werror -Iref/include"

# shellcheck disable=SC2086 # CC may be several words
alone() {
    printf '#include <llmp/%s>\nint main(void) { return 0; }\n' "$2" >"$scratch/alone.$1"
    case $1 in
        c) $CC -std=c11 $strict -fsyntax-only "$scratch/alone.c" ;;
        cc) $CXX -std=c++17 $strict -fsyntax-only "$scratch/alone.cc" ;;
    esac
}

# g++ has a warning for each field that a designated initialiser leaves out, which no header can avoid.
# shellcheck disable=SC2086 # CXX may be several words
cxx20() {
    $1 -std=c++20 $strict -Wconversion -Wold-style-cast -Wno-missing-field-initializers ref/test/cxx20.cc \
        "$LLMP_BUILD/lib/libllmp.a" -lpthread -o "$scratch/cxx20" && "$scratch/cxx20"
}

for header in shmem.h llmp.h; do
    check "llmp/$header alone as C11" alone c $header
    check "llmp/$header alone as C++17" alone cc $header
done
check "a C++20 program by $CXX" cxx20 "$CXX"
for other in g++ clang++; do
    if [ "$other" != "$CXX" ] && command -v "$other" >/dev/null; then
        check "a C++20 program by $other" cxx20 "$other"
    fi
done
finish
