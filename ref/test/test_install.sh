#!/bin/sh
# What `make install` lays out serves a stranger's program by pkg-config, static and shared, and `make uninstall` takes
# every file of it away again.
. ref/test/tap.sh

stage=$scratch/stage
prefix=/opt/llmp
lib=$stage$prefix/lib
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage" LD_LIBRARY_PATH="$lib"
unset PKG_CONFIG_LIBDIR

# The make around this test hands down its variables, so that nothing is built anew, and a job server that is not ours.
MAKEFLAGS=$(printf '%s' "${MAKEFLAGS-}" | sed 's/ *--jobserver-[a-z]*=[^ ]*//g; s/ *-j[0-9]*//g')
export MAKEFLAGS
run_make() { "${MAKE:-make}" --no-print-directory "$1" DESTDIR="$stage" PREFIX="$prefix"; }

cat >"$scratch/consumer.c" <<'C'
#include <llmp/llmp.h>
#include <stdio.h>
#include <string.h>

/* Prints the version, after a message to ourselves. */
int main(void) {
    llmp_sender_options options = {.provider = llmp_shmem_provider_find("posix")};
    llmp_receiver_options same = {.provider = options.provider};
    llmp_sender *tx;
    llmp_receiver *rx;
    llmp_message message;
    if (llmp_sender_new(&options, &tx) != 0) {
        return 1;
    }
    llmp_shmem_desc desc = llmp_sender_describe(tx);
    int failed = llmp_receiver_new(&desc, &same, &rx) != 0 || llmp_send(tx, 7, 0, "hello", 5, LLMP_NOWAIT) != 0 ||
                 llmp_recv(rx, &message, LLMP_NOWAIT) != 0 || memcmp(message.payload, "hello", 5) != 0;
    llmp_receiver_free(rx);
    llmp_sender_free(tx, LLMP_NOWAIT);
    printf("%s\n", failed ? "no message came through" : llmp_version());
    return failed;
}
C

# shellcheck disable=SC2086 # CC may be several words
consumer() { # NAME FLAG…: compiles the consumer, runs it, and compares its library's version with pkg-config's
    program=$scratch/$1
    shift
    $CC -std=c11 -Wall -Wextra -Werror "$scratch/consumer.c" -o "$program" "$@" || return
    said=$("$program") || { echo "$said"; return 1; }
    [ "$said" = "$(pkg-config --modversion llmp)" ] || { echo "the library says $said"; return 1; }
}
# shellcheck disable=SC2046 # flags are several words
shared() {
    consumer shared $(pkg-config --cflags --libs llmp) && readelf -d "$scratch/shared" | grep -q 'NEEDED.*libllmp\.so\.0\.1\]'
}
# shellcheck disable=SC2046 # flags are several words
static() {
    consumer static $(pkg-config --static --cflags --libs llmp | sed 's/-lllmp/-l:libllmp.a/') &&
        ! readelf -d "$scratch/static" | grep 'NEEDED.*llmp'
}

nothing_names_the_stage() { ! grep -rIl "$scratch" "$stage"; }
same_version() { "$stage$prefix/bin/llmp" --version | grep -F "$(pkg-config --modversion llmp)"; }
nothing_left() { ! find "$stage" ! -type d | grep . && [ ! -e "$stage$prefix/include/llmp" ]; }

check "make install" run_make install
check "no text file names the stage" nothing_names_the_stage
check "a consumer of the shared library" shared
check "a consumer of the static library" static
check "the llmp command is of that version" same_version
check "make uninstall" run_make uninstall
check "uninstall leaves no file" nothing_left
finish
