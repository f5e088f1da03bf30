#!/bin/sh
# The ABI: what a compiled program depends on changes only on purpose, and only in ways that do not break it.
. ref/test/tap.sh

if ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP python3 is not installed: make setup"
    exit 77
fi
python() { python3 -B "$@"; }

# ---------------------------------------------------------------- today's headers and library

# shellcheck disable=SC2086 # CC may be several words
table() { python ref/abi/table.py -I "$1" $CC; }

as_committed() { # FILE COMMAND…: the command prints that file
    committed=$1
    shift
    "$@" >"$scratch/made" && diff "$committed" "$scratch/made" && return
    echo "The public headers changed the ABI. If that is on purpose and ref/abi/README.md allows it: make abi-table"
    return 1
}

# A type that other languages know: of fixed width, a pointer, or declared in the table.
fixed_types() {
    ! grep -E '^  [0-9]+ [0-9]+ \w+: (const )?((un)?signed |short|int\b|long|enum|float|double|union|struct )' \
        ref/abi/table.txt
}

check "structs, constants and prototypes are those of ref/abi/table.txt" as_committed ref/abi/table.txt table ref/include
check "the symbols are those of ref/abi/libllmp.map" as_committed ref/abi/libllmp.map python ref/abi/symbols.py
check "no member has a type whose size depends on the compiler" fixed_types
check "every constructor refuses every reserved byte that is set" python ref/abi/reserved.py "$LLMP_BUILD/lib/libllmp.so"

# ---------------------------------------------------------------- a program of an older release

older=$scratch/older
older_headers() { python ref/abi/older.py "$older" && table "$older" >"$scratch/older.txt"; }
# shellcheck disable=SC2086 # CC may be several words
older_program() {
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$older" ref/abi/older_program.c -o "$scratch/program" \
        -L"$LLMP_BUILD/lib" -lllmp && LD_LIBRARY_PATH=$LLMP_BUILD/lib "$scratch/program"
}
fewer_fields() { # No statistics struct of the older headers has today's size.
    grep '^struct .*_stats ' ref/abi/table.txt >"$scratch/stats" &&
        ! grep -F -x -f "$scratch/stats" "$scratch/older.txt"
}

check "headers of an older release can be made" older_headers
check "they have fewer statistics" fewer_fields
check "a program built against them: no byte around its structs changes, and its options mean the same" older_program
check "from them to today's is an allowed change" python ref/abi/rules.py "$scratch/older.txt" ref/abi/table.txt

# ---------------------------------------------------------------- the rules for changes

changed() { # SED_SCRIPT: makes changed headers and their table
    rm -rf "$scratch/new"
    mkdir -p "$scratch/new/llmp"
    for header in shmem.h llmp.h; do
        sed -e "$1" "ref/include/llmp/$header" >"$scratch/new/llmp/$header"
    done
    table "$scratch/new" >"$scratch/new.txt" && ! cmp ref/abi/table.txt "$scratch/new.txt"
}
allowed() { changed "$1" && python ref/abi/rules.py ref/abi/table.txt "$scratch/new.txt"; }
refused() { # TEXT SED_SCRIPT: the rules refuse the change and name this
    changed "$2" && ! python ref/abi/rules.py ref/abi/table.txt "$scratch/new.txt" >"$scratch/violations" &&
        cat "$scratch/violations" && grep -q "$1" "$scratch/violations"
}

at_the_end='s/^} llmp_sender_stats;/uint64_t more; &/'
at_the_start='s/^typedef struct llmp_sender_stats {/& uint64_t more;/'
from_reserved='/^} llmp_client_options;/!s/uint64_t reserved\[8\];/uint32_t more; uint32_t reserved2; uint64_t reserved[7];/'
beside_reserved='s/^} llmp_sender_options;/uint64_t more; &/'
check "a counter at the end of its struct is allowed" allowed "$at_the_end"
check "a counter at the start is not" refused "llmp_sender_stats.messages" "$at_the_start"
check "an option in reserved bytes is allowed" allowed "$from_reserved"
check "an option beside them is not" refused "llmp_sender_options: the size" "$beside_reserved"
check "a new function is allowed" allowed 's/^LLMP_API int llmp_send(/LLMP_API int llmp_more(void); &/'
check "a removed one is not" refused "llmp_version: was removed" 's/^LLMP_API const char \*llmp_version(void);//'
# The last error of the enum is the one without a comma.
check "a new constant is allowed" allowed 's|^\(    LLMP_E_[A-Z_]*\)\( */\*\)|\1, LLMP_E_MORE\2|'
check "a changed one is not" refused "LLMP_HOOK_HANDLED: was" 's/    LLMP_HOOK_FORWARD, /    LLMP_HOOK_FORWARD = 5, /'
check "a changed parameter is not" refused "llmp_sender_shrink: was" '/llmp_sender_shrink(/s/size_t/uint32_t/'

# ---------------------------------------------------------------- make abi

# The functions that a small library with today's types has.
cat >"$scratch/small.c" <<'C'
#include <llmp/llmp.h>
#include <string.h>
int llmp_sender_new(const llmp_sender_options *options, llmp_sender **out) {
    *out = NULL;
    return options == NULL ? 0 : -1;
}
void llmp_sender_stats_get(const llmp_sender *sender, llmp_sender_stats *stats, size_t size) {
    memset(stats, sender == NULL ? 0 : 1, size);
}
#ifndef REMOVED
int llmp_recv(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns) {
    return receiver == NULL || message == NULL || timeout_ns < 0 ? -1 : 0;
}
#endif
C
# shellcheck disable=SC2086 # CC may be several words
small_library() { # NAME HEADERS FLAG…
    name=$1 include=$2
    shift 2
    $CC -g -shared -fPIC -I"$include" "$scratch/small.c" -o "$scratch/$name.so" -Wl,-soname,libllmp.so.0.1 "$@"
}
# abi STATUS TEXT LIBRARY HEADERS: the comparison of the small library with that one ends so and says so
abi() {
    CC=$CC ref/abi/diff "$scratch/small.so" ref/include "$scratch/$3.so" "$4" >"$scratch/abi"
    status=$?
    cat "$scratch/abi"
    [ "$status" = "$1" ] && grep -q "$2" "$scratch/abi"
}
abi_grown() {
    changed "$at_the_end;$from_reserved" && small_library grown "$scratch/new" && abi 0 compatible grown "$scratch/new"
}
abi_moved() {
    changed "$at_the_start" && small_library moved "$scratch/new" && abi 1 INCOMPATIBLE moved "$scratch/new"
}
abi_removed() { small_library removed ref/include -DREMOVED && abi 1 "1 Removed" removed ref/include; }
abi_soname() {
    small_library soname ref/include -DREMOVED -Wl,-soname,libllmp.so.0.2 && abi 0 allowed soname ref/include
}

if command -v abidiff >/dev/null && small_library small ref/include; then
    check "make abi: counters and options may be added" abi_grown
    check "make abi: a member that moved is incompatible" abi_moved
    check "make abi: a function that was removed is incompatible" abi_removed
    check "make abi: with a new soname both are allowed" abi_soname
else
    skip "make abi" "abidiff is not installed: make setup-full"
fi
finish
