#!/bin/sh
# Tests the llmp command from outside: exit codes, messages, and messages between its processes.
. ref/test/tap.sh

LLMP=${LLMP:-$LLMP_BUILD/bin/llmp}
if [ ! -x "$LLMP" ]; then
    echo "1..0 # SKIP $LLMP is not built"
    exit 77
fi
pids=$scratch/pids
: >"$pids"
trap 'kill $(cat "$pids") 2>/dev/null; rm -rf "$scratch"' EXIT

# Every command is run by this, which records its process id: the last check looks for what each left behind.
llmp() { sh -c 'echo $$ >>"$0"; exec "$@"' "$pids" "$LLMP" "$@"; }

# says CODE PATTERN COMMAND…: the command exits with that code and prints a line that matches
says() {
    expected=$1 pattern=$2
    shift 2
    "$@" >"$scratch/output" 2>&1 </dev/null
    code=$?
    cat "$scratch/output"
    [ "$code" = "$expected" ] || { echo "exit code $code instead of $expected"; return 1; }
    grep -q -e "$pattern" "$scratch/output" || { echo "no line matches '$pattern'"; return 1; }
}

# start_broker OPTION…: starts a broker in the background and sets $broker and $port. Reading the fifo waits for its
# line.
start_broker() {
    rm -f "$scratch/line"
    mkfifo "$scratch/line"
    sh -c 'echo $$ >>"$0"; exec "$@"' "$pids" "$LLMP" broker --port 0 "$@" >"$scratch/line" 2>"$scratch/events" &
    broker=$!
    read -r line <"$scratch/line"
    port=${line##*:}
    case $line in "listening on 127.0.0.1:"[1-9]*) ;; *) echo "# the broker printed '$line'" ;; esac
}

# stop_broker SIGNAL: succeeds if the broker exits with status 0
stop_broker() {
    kill "-$1" "$broker"
    wait "$broker"
}

# ---------------------------------------------------------------- help and wrong usage

check "--help lists the commands" says 0 '^  broker ' llmp --help
check "--version" says 0 '^llmp [0-9]*\.[0-9]*\.[0-9]*$' llmp --version
check "no command" says 2 'Usage: llmp' llmp
check "unknown command" says 2 "unknown command 'frob'" llmp frob
for command in providers broker send recv; do
    check "$command --help" says 0 "^Usage: llmp $command" llmp $command --help
    check "$command: unknown option" says 2 "unknown option '--frob'" llmp $command --frob
    check "$command: unknown letter" says 2 "unknown option '-x'" llmp $command -x
    check "$command: operand" says 2 "unexpected operand 'frob'" llmp $command frob
done
for command in broker send recv; do
    check "$command without --port" says 2 '^llmp [a-z]*: --port N is required' llmp $command
    check "$command --port without a value" says 2 "no value after '--port'" llmp $command --port
    for port in abc 65536 -1 1x '' ' 1' 0x10; do
        check "$command --port '$port'" says 2 "'$port' is not a port: a number from" llmp $command --port "$port"
    done
    check "$command: unknown provider" says 2 'These can be used: .*sysv' llmp $command --port 1 --provider frob
    check "$command: provider whose maps other processes cannot open" says 2 'cannot open its maps' llmp $command --port 1 --provider memfd
done
check "send --port 0" says 2 'from 1 to 65535' llmp send --port 0
check "send --tag" says 2 'is not a tag' llmp send --port 1 --tag 0x1ffffffff
check "recv --count 0" says 2 'is not a number from 1' llmp recv --port 1 --count 0
check "broker --history 1" says 2 "or 'all'" llmp broker --port 0 --history 1
for seconds in 0 -1 nan 0x1 1e3 .; do
    check "recv --timeout $seconds" says 2 'is not a number of seconds' llmp recv --port 1 --timeout $seconds
done
check "recv --raw --json" says 2 'cannot be combined' llmp recv --port 1 --raw --json
check "output that cannot be written" says 1 'cannot write' sh -c "$LLMP --help >/dev/full"

# ---------------------------------------------------------------- providers

check "providers" says 0 '^sysv *system *yes *yes ' llmp providers
# shellcheck disable=SC2016 # $0 is the inner shell's
used_up='echo 0 >/proc/sys/kernel/shmmni && exec "$0" "$@"'
if unshare -i sh -c "$used_up" true 2>/dev/null; then
    reason='System V segments are used up (kernel.shmmni)'
    check "providers: sysv is used up" says 0 ": $reason" unshare -i sh -c "$used_up" "$LLMP" providers
    check "providers: it stays the default" says 0 '^sysv *system *no *yes ' unshare -i sh -c "$used_up" "$LLMP" providers
    check "broker: sysv is used up" says 1 "cannot start: $reason" unshare -i sh -c "$used_up" "$LLMP" broker --port 0
else
    skip "providers: sysv is used up" "needs root, for an IPC namespace of its own"
fi
check "providers --json" says 0 '^\[{"name":"sysv","scope":"system",' llmp providers --json

# ---------------------------------------------------------------- end to end

{
    seq 1 50000
    echo
    printf 'gr\303\274n \t"quoted" \\ \n'
    head -c 200000 /dev/zero | tr '\0' x
    printf '\nno newline at the end'
} >"$scratch/sent"
lines=50004

# The receiver starts after the sender has ended, so it reads the broker's history.
carries() {
    llmp send --port "$port" --provider "$1" <"$scratch/sent" || return 1
    llmp recv --port "$port" --provider "$1" --count "$lines" --timeout 20 >"$scratch/received" || return 1
    { cat "$scratch/sent"; echo; } | cmp - "$scratch/received"
}

# Sender and receiver run at the same time, so the receiver has to wait repeatedly.
carries_live() {
    sh -c 'echo $$ >>"$0"; exec "$@"' "$pids" "$LLMP" recv --port "$port" --provider "$1" --timeout 20 \
        --count $((lines * 2)) >"$scratch/received" &
    receiver=$!
    llmp send --port "$port" --provider "$1" <"$scratch/sent" || return 1
    wait "$receiver" || return 1
    { cat "$scratch/sent"; echo; cat "$scratch/sent"; echo; } | cmp - "$scratch/received"
}

for provider in sysv posix; do
    start_broker --provider $provider
    check "$provider: recv prints messages that were sent before it started" carries $provider
    check "$provider: recv prints messages that are sent while it runs" carries_live $provider
    check "$provider: broker exits with 0 on SIGTERM" stop_broker TERM
done

start_broker
printf 'a"b\n\377\n' | llmp send --port "$port" --tag 0x1337
check "recv --json, text" says 0 '^{"sender":1,"tag":4919,"flags":0,"length":3,"payload":"a\\"b"}$' \
    llmp recv --port "$port" --count 1 --json
check "recv --json, other bytes" says 0 '"length":1,"payload":null,"payload_hex":"ff"}$' \
    llmp recv --port "$port" --count 2 --json
raw_has_no_newlines() { [ "$(llmp recv --port "$port" --count 2 --raw | od -An -tx1)" = ' 61 22 62 ff' ]; }
check "recv --raw" raw_has_no_newlines
check "recv: fewer than --count" says 1 'received 2 of 3 messages' llmp recv --port "$port" --count 3 --timeout 0.2
check "recv: a pause without --count" says 0 '^a"b$' llmp recv --port "$port" --timeout 0.2
check "send: other provider than the broker's" says 1 'another --provider than posix' \
    llmp send --port "$port" --provider posix
check "broker: port in use" says 1 "cannot listen on 127.0.0.1:$port: .*--port 0" llmp broker --port "$port"
check "broker: events" grep -q '^llmp broker: client 1 left$' "$scratch/events"

# Waits for its first line: then it is connected and catches signals.
start_recv() {
    rm -f "$scratch/line"
    mkfifo "$scratch/line"
    sh -c 'echo $$ >>"$0"; exec "$@"' "$pids" "$LLMP" recv --port "$port" >"$scratch/line" &
    receiver=$!
    exec 3<"$scratch/line"
    read -r _ <&3
}
recv_exits() {
    cat <&3 >/dev/null
    exec 3<&-
    wait "$receiver"
}
recv_stopped_by() {
    start_recv
    kill "-$1" "$receiver"
    recv_exits
}
# Nothing reads its output, so it blocks as soon as the pipe is full.
recv_stopped_while_writing() {
    start_recv
    for _ in $(seq 500); do
        grep -q pipe "/proc/$receiver/wchan" && break
        sleep 0.01
    done
    kill -TERM "$receiver"
    recv_exits
}
recv_ends_with_broker() {
    start_recv
    stop_broker INT && recv_exits
}
check "recv exits with 0 on SIGTERM" recv_stopped_by TERM
check "recv exits with 0 on SIGINT" recv_stopped_by INT
check "broker exits with 0 on SIGINT, and so does recv" recv_ends_with_broker
check "send: no broker" says 1 "no broker answered at 127.0.0.1:$port within 0.1 s" \
    llmp send --port "$port" --timeout 0.1

start_broker
reader_that_exits() {
    { llmp recv --port "$port" 2>"$scratch/errors"; echo $? >"$scratch/code"; } | head -n 1 >/dev/null &
    reader=$!
    yes 2>/dev/null | head -n 100000 | llmp send --port "$port"
    wait "$reader"
    cat "$scratch/code" "$scratch/errors"
    [ "$(cat "$scratch/code")" = 0 ] && [ ! -s "$scratch/errors" ]
}
check "recv exits with 0 if the reader of its output exits first" reader_that_exits
check "recv exits with 0 on SIGTERM while its output blocks" recv_stopped_while_writing
stop_broker TERM

start_broker --exit-after 2 --quiet
echo hello | llmp send --port "$port"
llmp recv --port "$port" --count 1 >/dev/null
check "broker --exit-after" wait "$broker"
check "broker --quiet" test ! -s "$scratch/events"

# ---------------------------------------------------------------- a system without memory

# The tmpfs has room for three pages: one of the broadcast, and one each of two senders, of which one stays connected.
# So the broker cannot create the next broadcast page.
cat >"$scratch/full" <<'END'
mount -t tmpfs -o size=3m none /dev/shm || exit 77
mkfifo "$1/port" "$1/lines"
"$LLMP" broker --port 0 --provider posix >"$1/port" 2>"$1/lost" &
broker=$!
read -r line <"$1/port"
"$LLMP" send --port "${line##*:}" --provider posix <"$1/lines" &
stays=$!
trap 'kill $broker $stays 2>/dev/null' EXIT
exec 3>"$1/lines"
seq 16000 >&3
seq 16000 | "$LLMP" send --port "${line##*:}" --provider posix
sent=$?
exec 3>&-
wait $stays && kill -TERM $broker && wait $broker && [ $sent = 0 ] && [ -z "$(ls /dev/shm)" ]
END
full() {
    LLMP=$LLMP unshare -rm sh "$scratch/full" "$scratch"
    code=$?
    cat "$scratch/lost"
    [ "$code" = 0 ] && grep -q 'messages lost so far: 1, the last one of client [12]: No space left' "$scratch/lost" && [ "$(wc -l <"$scratch/lost")" -lt 40 ]
}
if unshare -rm mount -t tmpfs none /dev/shm 2>/dev/null; then
    check "broker: without memory for a page it loses messages, and reports that" full
else
    skip "broker: without memory for a page" "needs root or user namespaces to mount its own /dev/shm"
fi

# ---------------------------------------------------------------- nothing is left behind

leftovers() {
    while read -r pid; do
        ls /dev/shm/libafl_"${pid}"_* 2>/dev/null
        awk -v pid="$pid" 'NR > 1 && $5 == pid' /proc/sysvipc/shm
        kill -0 "$pid" 2>/dev/null && echo "process $pid"
    done <"$pids"
}
nothing_left() {
    leftovers
    [ -z "$(leftovers)" ]
}
check "no process and no shared memory is left" nothing_left
finish
