#!/bin/sh
# The llmp command where memory is short, as in a container: in a mount namespace of its own with a small /dev/shm.
. ref/test/tap.sh

LLMP=$(realpath "$LLMP_BUILD")/bin/llmp
if ! unshare -rm mount -t tmpfs none /dev/shm 2>/dev/null; then
    echo "1..0 # SKIP needs user and mount namespaces"
    exit 77
fi

# in_shm SIZE SCRIPT: runs the script with a /dev/shm of that size, a broker at $port, and what clients print in files
in_shm() {
    cat >"$scratch/run" <<'END'
mount -t tmpfs -o "size=$1" none /dev/shm && cd "$2" || exit 99
mkfifo line
"$LLMP" broker --port 0 --provider posix >line 2>events &
broker=$!
read -r port <line
port=${port##*:}
lines() { awk -v name="$1" -v count="$2" 'BEGIN { for (i = 0; i < count; i++) printf "%s%06d%500s\n", name, i, "" }'; }
send() { "$LLMP" send --port "$port" --provider posix --timeout "${limit:-60}" --linger 60; }
recv() { exec "$LLMP" recv --port "$port" --provider posix --timeout 60 "$@"; }
END
    # shellcheck disable=SC2016 # the script is for another shell
    printf '%s\n' "body() {" "$2" "}" 'body; code=$?' 'kill $broker 2>/dev/null; wait $broker; exit $code' >>"$scratch/run"
    mkdir "$scratch/in"
    LLMP=$LLMP unshare -rm sh "$scratch/run" "$1" "$scratch/in"
    code=$?
    cat "$scratch/in/events"
    rm -rf "$scratch/in"
    return "$code"
}

# The broker's history does not take the memory of clients that come later.
# shellcheck disable=SC2016
check "senders that come one after another" in_shm 16m '
    recv --count 60000 >got & reader=$!
    for name in a b c; do lines $name 20000 | send || return 1; done
    wait $reader || return 2
    for name in a b c; do lines $name 20000; done | cmp - got || return 3'

# Each of them needs two pages of 1 MiB.
# shellcheck disable=SC2016
check "senders at the same time" in_shm 16m '
    recv --count 20000 >got & reader=$!
    for name in a b c d; do lines $name 5000 | send & all="$all $!"; done
    for one in $all; do wait $one || return 1; done
    wait $reader || return 2
    for name in a b c d; do lines $name 5000; done | cmp - /dev/stdin <<END || return 3
$(sort got)
END'

# A client that comes while memory is short waits for it.
check "a client waits for memory" in_shm 8m '
    head -c 100m /dev/zero >/dev/shm/filler 2>/dev/null
    { sleep 1; rm /dev/shm/filler; } &
    echo hello | send || return 1
    recv --count 1 | grep -q hello || return 2'

check "send fails if there is no memory within --timeout" in_shm 8m '
    limit=1
    lines a 9000 | { head -c 1000; sleep 1; head -c 100m /dev/zero >/dev/shm/filler 2>/dev/null; cat; } | send 2>said
    [ $? = 1 ] && grep -q "/dev/shm has no room" said'

check "connecting fails if there is no memory within --timeout" in_shm 8m '
    limit=1
    head -c 100m /dev/zero >/dev/shm/filler 2>/dev/null
    echo hello | send 2>said
    [ $? = 1 ] && grep -q "/dev/shm has no room" said'

# shellcheck disable=SC2016
check "the end of the broker is received although there is no memory" in_shm 8m '
    recv >got & reader=$!
    lines a 1000 | send || return 1
    head -c 100m /dev/zero >/dev/shm/filler 2>/dev/null
    kill $broker; wait $broker
    wait $reader'

finish
