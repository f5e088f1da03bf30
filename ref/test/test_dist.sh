#!/bin/sh
# `make dist` packs the last commit: twice the same bytes, and a tree that builds without Git.
. ref/test/tap.sh

if ! command -v git >/dev/null; then
    echo "1..0 # SKIP git is not installed: make setup-full"
    exit 77
fi
if ! git rev-parse --verify --quiet HEAD >/dev/null; then
    echo "1..0 # SKIP this tree is not a Git repository with a commit"
    exit 77
fi
# Variables of the calling make, such as OUT, must not reach these.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
make=${MAKE:-make}

# A clone of its own, so that the test neither sees uncommitted changes nor writes to this tree.
clone=$scratch/clone
clone_it() { git clone -q --no-hardlinks . "$clone"; }
dist() { # NAME ENVIRONMENT…: packs the clone and keeps the result as that file
    name=$1
    shift
    rm -rf "$clone/build"
    packed=$(cd "$clone" && env "$@" "$make" --no-print-directory dist) && echo "$packed" &&
        mv "$clone/$packed" "$scratch/$name"
}
# shellcheck disable=SC2086 # the configuration is several words
twice_the_same() {
    config="GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=tar.umask GIT_CONFIG_VALUE_0=user"
    dist first.tar.gz && touch "$clone/Makefile" && sleep 1 &&
        (umask 077 && dist second.tar.gz TZ=Asia/Tokyo LC_ALL=C $config) &&
        cmp "$scratch/first.tar.gz" "$scratch/second.tar.gz"
}
listed() { tar -tvzf "$scratch/first.tar.gz" --numeric-owner; }
sorted_and_owned_by_root() {
    listed | awk '
        $2 != "0/0" { print; bad = 1 }
        { times[$4 " " $5] = 1 }
        END { for (time in times) count++; exit bad || count != 1 }' &&
        tar -tzf "$scratch/first.tar.gz" | grep -v '/$' | LC_ALL=C sort -c
}
no_name_and_no_time() { [ "$(od -An -tx1 -j3 -N5 "$scratch/first.tar.gz")" = " 00 00 00 00 00" ]; }

builds_without_git() {
    mkdir "$scratch/unpacked" && tar -xzf "$scratch/first.tar.gz" -C "$scratch/unpacked" &&
        cd "$scratch/unpacked"/llmp-* && mkdir "$scratch/bin" && printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/git" &&
        chmod +x "$scratch/bin/git" && PATH=$scratch/bin:$PATH "$make" -j2 all "CC=$CC" &&
        build/release/bin/llmp --version
}
warns_of_changes() {
    echo >>"$clone/README.md"
    (cd "$clone" && "$make" --no-print-directory dist 2>&1) | grep "uncommitted changes are not packed"
}

check "a clone" clone_it
check "two runs give the same bytes" twice_the_same
check "its files are sorted, belong to root and have the time of the commit" sorted_and_owned_by_root
check "gzip adds neither a name nor a time" no_name_and_no_time
check "it builds without Git" builds_without_git
check "uncommitted changes are named" warns_of_changes
finish
