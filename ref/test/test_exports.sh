#!/bin/sh
# The shared library exports what the public headers declare: all of it, and nothing else.
. ref/test/tap.sh

map=ref/abi/libllmp.map

# All functions that the headers declare. One whose declaration lacks LLMP_API is not exported, and found as missing.
# shellcheck disable=SC2086 # CC may be several words
declared() {
    echo '#include <llmp/llmp.h>' | $CC -std=c11 -Iref/include -E -P -x c - | tr '\n' ' ' | tr ';{' '[\n*]' |
        sed -n '/typedef/d; s/__attribute__((visibility("default")))//; s/^[^(]*\(llmp_[a-z0-9_]*\) *(.*/\1/p' | sort
}
# The node of the symbol map is a symbol of its own, of type A.
exported() { nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort; }
mapped() { sed -n 's/^ *\(llmp_[a-z0-9_]*\);$/\1/p' "$map" | sort; }

same() { # LIST LIST: prints what the first has and the second lacks
    lacking=$(comm -23 "$1" "$2")
    [ -z "$lacking" ] || { echo "$lacking"; return 1; }
}

# "0.1" of "0.1.0": before 1.0 the soname contains the minor version, because each one may change the ABI.
version=$(sed -n 's/^#define LLMP_VERSION "\(.*\)"/\1/p' ref/include/llmp/llmp.h)
case $version in 0.*) series=${version%.*} ;; *) series=${version%%.*} ;; esac
soname() { readelf -d "$LLMP_BUILD/lib/libllmp.so" | grep -F "SONAME" | grep -F "[libllmp.so.$series]"; }
node() { grep -x "LLMP_$series {" "$map"; }
versioned() { # Every exported symbol is bound to that node.
    ! nm -D --with-symbol-versions --defined-only "$LLMP_BUILD/lib/libllmp.so" | awk '$2 != "A"' |
        grep -vF "@@LLMP_$series"
}

# shellcheck disable=SC2086 # CC may be several words
linked_by() { # LINKER: the objects of the static library, linked by another linker, give the same symbols
    $CC -shared "-fuse-ld=$1" "-Wl,--version-script=$map" -o "$scratch/$1.so" \
        -Wl,--whole-archive "$LLMP_BUILD/lib/libllmp.a" -Wl,--no-whole-archive -lpthread && exported "$scratch/$1.so" | diff "$scratch/declared" -
}

declared >"$scratch/declared"
exported "$LLMP_BUILD/lib/libllmp.so" >"$scratch/exported"
mapped >"$scratch/mapped"
check "the headers declare functions" test -s "$scratch/declared"
check "every declared function is in the symbol map" same "$scratch/declared" "$scratch/mapped"
check "the symbol map has no other" same "$scratch/mapped" "$scratch/declared"
check "every declared function is exported" same "$scratch/declared" "$scratch/exported"
check "every exported symbol is declared" same "$scratch/exported" "$scratch/declared"
check "the soname is libllmp.so.$series, from version $version" soname
check "the symbol map's node is LLMP_$series" node
check "every exported symbol has that version" versioned
for linker in bfd gold lld; do
    if command -v "ld.$linker" >/dev/null; then
        check "ld.$linker makes the same of the symbol map" linked_by "$linker"
    fi
done
finish
