#!/bin/sh
# Arrows point one way: a folder includes the public headers, itself, and what stands below it (CONTRIBUTING.md).
. ref/test/tap.sh

only() { # FOLDER ALLOWED…: prints every other include. One without a folder is of the file's own.
    folder=$1
    shift
    allowed=$(echo "$@" | tr ' ' '|')
    ! grep -rn --include='*.[ch]' --include='*.cc' '^ *# *include "' "$folder" |
        grep -vE "include \"(($allowed)/[^/]*|[^/]*)\""
}

check "os stands on nothing" only ref/os llmp os
check "wire stands on os" only ref/wire llmp os wire
check "shmem stands on wire" only ref/shmem llmp os wire shmem shmem/posix
check "channel stands on shmem" only ref/channel llmp os wire shmem channel
check "broker stands on channel" only ref/broker llmp os wire shmem channel broker
check "net stands on broker" only ref/net llmp os wire shmem channel broker net
check "cmd stands on the public headers alone" only ref/cmd llmp cmd
check "so does bench" only bench llmp kit baselines subjects cases runner report
check "so does the conformance suite's adapter" only conformance/adapters/ref llmp
finish
