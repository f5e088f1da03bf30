#!/bin/sh
# After `make install` a program finds the library by pkg-config and by CMake, shared and static, also when the
# installed tree has been moved. `make uninstall` removes every file of it.
. ref/test/tap.sh

stage=$scratch/stage
prefix=/opt/llmp
lib=$stage$prefix/lib
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage" LD_LIBRARY_PATH="$lib"
unset PKG_CONFIG_LIBDIR

# The calling make passes its variables on, so that nothing is built again. Its job server is not available here.
MAKEFLAGS=$(printf '%s' "${MAKEFLAGS-}" | sed 's/ *--jobserver-[a-z]*=[^ ]*//g; s/ *-j[0-9]*//g')
export MAKEFLAGS
run_make() { "${MAKE:-make}" --no-print-directory "$1" DESTDIR="$stage" PREFIX="$prefix"; }

cat >"$scratch/consumer.c" <<'C'
#include <llmp/llmp.h>
#include <stdio.h>
#include <string.h>

/* Sends a message to itself and prints the library's version. */
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
    printf("%s\n", failed ? "the message did not arrive" : llmp_version());
    return failed;
}
C

version=$(sed -n 's/^#define LLMP_VERSION "\(.*\)"/\1/p' ref/include/llmp/llmp.h)
case $version in 0.*) series=${version%.*} ;; *) series=${version%%.*} ;; esac

prints_version() { # PROGRAM
    said=$("$1") || { echo "$said"; return 1; }
    [ "$said" = "$version" ] || { echo "the library says $said"; return 1; }
}
needs_shared() { readelf -d "$1" | grep -q -F "[libllmp.so.$series]"; }
needs_none() { ! readelf -d "$1" | grep 'NEEDED.*llmp'; }

# ---------------------------------------------------------------- pkg-config

# shellcheck disable=SC2086 # CC may be several words
compiled() { # NAME FLAG…
    program=$scratch/$1
    shift
    $CC -std=c11 -Wall -Wextra -Werror "$scratch/consumer.c" -o "$program" "$@" && prints_version "$program"
}
# shellcheck disable=SC2046 # flags are several words
shared() { compiled shared $(pkg-config --cflags --libs llmp) && needs_shared "$scratch/shared"; }
# shellcheck disable=SC2046 # flags are several words
static() {
    compiled static $(pkg-config --static --cflags --libs llmp | sed 's/-lllmp/-l:libllmp.a/') && needs_none "$scratch/static"
}

# ---------------------------------------------------------------- CMake

mkdir "$scratch/project"
cat >"$scratch/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(llmp ${WANTED} REQUIRED CONFIG)
add_executable(shared ../consumer.c)
target_link_libraries(shared PRIVATE llmp::llmp)
add_executable(static ../consumer.c)
target_link_libraries(static PRIVATE llmp::llmp_static)
CMAKE

configure() { # VERSION PREFIX_PATH
    rm -rf "$scratch/project/build"
    CC=$CC cmake -S "$scratch/project" -B "$scratch/project/build" "-DWANTED=$1" "-DCMAKE_PREFIX_PATH=$2"
}
by_cmake() { # PREFIX_PATH
    configure "$series" "$1" && cmake --build "$scratch/project/build" &&
        prints_version "$scratch/project/build/shared" && needs_shared "$scratch/project/build/shared" &&
        prints_version "$scratch/project/build/static" && needs_none "$scratch/project/build/static"
}
cmake_accepts() { configure "$1" "$stage$prefix"; }
cmake_refuses() { ! configure "$1" "$stage$prefix" && grep -q "requested version" "$scratch/said"; }
by_cmake_moved() {
    mv "$stage$prefix" "$scratch/moved" || return
    by_cmake "$scratch/moved"
    status=$?
    mv "$scratch/moved" "$stage$prefix"
    return "$status"
}

no_text_names_the_stage() { ! grep -rIl "$scratch" "$stage"; }
command_version() { "$stage$prefix/bin/llmp" --version | grep -x "llmp $(pkg-config --modversion llmp)"; }
nothing_left() { ! find "$stage" ! -type d | grep . && [ ! -e "$stage$prefix/include/llmp" ] && [ ! -e "$lib/cmake/llmp" ]; }

check "make install" run_make install
check "no text file names the stage" no_text_names_the_stage
check "pkg-config: a program with the shared library" shared
check "pkg-config: a program with the static library" static
if command -v cmake >/dev/null; then
    check "CMake: programs with llmp::llmp and llmp::llmp_static" by_cmake "$stage$prefix"
    check "CMake: the same after the tree was moved" by_cmake_moved
    check "CMake: this version" cmake_accepts "$version"
    check "CMake: a range of versions" cmake_accepts "0.0...<9"
    check "CMake: no version" cmake_accepts ""
    check "CMake: a newer patch version is refused" cmake_refuses "$version.1"
    check "CMake: another minor version is refused" cmake_refuses "0.0"
    check "CMake: another major version is refused" cmake_refuses "9"
else
    skip "CMake" "cmake is not installed: make setup-full"
fi
check "the llmp command has that version" command_version
check "make uninstall" run_make uninstall
check "no file is left" nothing_left
finish
