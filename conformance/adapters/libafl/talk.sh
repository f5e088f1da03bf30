# shellcheck shell=sh
# Sourced by smoke.sh: functions that send requests to up to three adapters, named a, b and c.

scratch=${scratch:?}
pids=${pids:-}
# Timeout for an answer, in seconds: long, because it only has to end a test that hangs.
answer_timeout=60
answer=
requests_sent=0

# start PARTY COMMAND…: starts an adapter
start() {
    party=$1
    shift
    mkfifo "$scratch/$party.in" "$scratch/$party.out"
    "$@" <"$scratch/$party.in" >"$scratch/$party.out" 2>>"$scratch/$party.err" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    eval "pid_$party=$!"
    pids="$pids $!"
    case $party in
        a) exec 3>"$scratch/a.in" 4<"$scratch/a.out" ;;
        b) exec 5>"$scratch/b.in" 6<"$scratch/b.out" ;;
        c) exec 7>"$scratch/c.in" 8<"$scratch/c.out" ;;
    esac
    rm "$scratch/$party.in" "$scratch/$party.out"
}

# send_line PARTY LINE: sends a line unchanged and stores the answer in $answer
send_line() {
    case $1 in
        a) echo "$2" >&3 && answer=$(timeout $answer_timeout head -n 1 <&4) ;;
        b) echo "$2" >&5 && answer=$(timeout $answer_timeout head -n 1 <&6) ;;
        c) echo "$2" >&7 && answer=$(timeout $answer_timeout head -n 1 <&8) ;;
    esac
}

# request PARTY VERB ARGUMENTS: sends a request; ARGUMENTS are the members of the object, without braces. A verb that
# needs `timeout_ms` gets 0 if none is given.
request() {
    requests_sent=$((requests_sent + 1))
    arguments=$3
    case $2 in
        *.send | *.alloc | *.recv | *.drain | *.connect)
            case $3 in *timeout_ms*) ;; *) arguments="\"timeout_ms\":0${3:+,$3}" ;; esac
            ;;
    esac
    send_line "$1" "{\"id\":$requests_sent,\"verb\":\"$2\"${arguments:+,$arguments}}"
}

# contains PATTERN…: succeeds if the last answer contains each pattern
contains() {
    echo "answer: $answer"
    for pattern; do
        case $answer in
            *"$pattern"*) ;;
            *)
                echo "does not contain: $pattern"
                return 1
                ;;
        esac
    done
}

# expect PARTY VERB ARGUMENTS PATTERN…: sends a request and checks the answer
expect() {
    request "$1" "$2" "$3"
    shift 3
    contains "\"id\":$requests_sent" "$@"
}

# ok PARTY VERB [ARGUMENTS [PATTERN…]]: like expect, with the result `ok`
ok() {
    expect_party=$1 expect_verb=$2 expect_arguments=${3:-}
    shift "$(($# < 3 ? $# : 3))"
    expect "$expect_party" "$expect_verb" "$expect_arguments" '"result":"ok"' "$@"
}

# object NAME: prints a member of the last answer, an object that contains no objects
object() {
    echo "$answer" | sed -n "s/.*\"$1\":\({[^}]*}\).*/\1/p"
}

# digits NAME: prints a member of the last answer, a number
digits() {
    echo "$answer" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

# finish_party PARTY: closes the adapter's input, waits for it, and stores its exit status in $status
finish_party() {
    case $1 in
        a) exec 3>&- 4<&- ;;
        b) exec 5>&- 6<&- ;;
        c) exec 7>&- 8<&- ;;
    esac
    eval "wait \$pid_$1" && status=0 || status=$?
}

# exits PARTY STATUS: closes the adapter's input and checks its exit status
exits() {
    finish_party "$1"
    [ "$status" = "$2" ] || echo "exit status $status, not $2"
    [ "$status" = "$2" ]
}

# segments_of PID: prints the ids of the System V segments that the process created
segments_of() {
    awk -v pid="$1" '$5 == pid { print $2 }' /proc/sysvipc/shm
}

# Ends the adapters that still run, and removes what the crates leave ("mmap" maps are never unlinked).
clean_up() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
        rm -f "/dev/shm/libafl_${pid}_"*
        for segment in $(segments_of "$pid"); do ipcrm -m "$segment"; done
    done
    rm -rf "$scratch"
}
