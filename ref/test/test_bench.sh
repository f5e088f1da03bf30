#!/bin/sh
# llmp-bench: its own statistics and checks, its command line, a small run, and that an interrupted or killed run leaves no
# process and no shared memory behind.
. ref/test/tap.sh

bench=$LLMP_BUILD/bin/llmp-bench
[ -x "$bench" ] || { echo "# skip: $bench is not built (make setup brings its libraries, make bench-program builds it)"; echo "1..0 # SKIP not built"; exit 77; }

fails_with() { # STATUS TEXT COMMAND…: true if the command exits with that status and prints the text to stderr
    wanted=$1 text=$2
    shift 2
    "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    cat "$scratch/out" "$scratch/err"
    [ "$status" = "$wanted" ] && grep -q -e "$text" "$scratch/err"
}
prints() { # TEXT COMMAND…: true if the command prints the text to stdout
    text=$1
    shift
    "$@" | tee "$scratch/out"
    grep -q -e "$text" "$scratch/out"
}

selftest() { "$bench" selftest >"$scratch/tap"; status=$?; grep -v '^ok' "$scratch/tap"; [ "$status" = 0 ]; }
check 'its statistics, its judgement and its checks of messages are right' selftest

check 'an unknown subject is wrong usage, and the known ones are listed' \
    fails_with 2 "unknown subject 'nosuch'. Known subjects:.* ref/posix" "$bench" --subjects posix,nosuch
check 'so is an unknown payload' fails_with 2 "unknown payload '63'. Known payloads: 8 64" "$bench" --payloads 63
check 'so is an unknown case' fails_with 2 "unknown case 'x'. Known cases: stream" "$bench" --cases x
check 'so is an unknown option' fails_with 2 nosuch "$bench" --nosuch
check '--list prints the cases' prints '^cases: stream pingpong broker map start$' "$bench" --list
check '--list prints the subjects' prints '^subjects: .*ref/sysv.*ref/posix.*ref/memfd' "$bench" --list
check '--help' prints '^usage: llmp-bench' "$bench" --help
check '--version' prints '^[0-9]*\.[0-9]*\.[0-9]*$' "$bench" --version
check 'the flags of Google Benchmark work' \
    prints '^send_recv/ref/posix/64' "$bench" micro --benchmark_filter=send_recv/ref/posix --benchmark_list_tests
check 'a message passes between two programs' "$bench" start-once --subject ref/posix
check 'and a byte over a pipe' "$bench" start-once --baseline

# Other tests may use the cores at the same time: a benchmark may then be busy or not converged, but it must not fail, and
# the exit status must report it.
small_run() {
    "$bench" --strict --quick --cases map,stream --payloads 64 --subjects posix --plot none --results "$scratch/small"
    status=$?
    echo "status $status"
    awk -F, '
        function number(text) { return text ~ /^[0-9.]+$/ }
        function wrong(what) { print "line " NR ": " what ": " $0; bad = 1 }
        NR == 1 {
            if ($0 != "case,implementation,transport,variant,payload_bytes,metric,value,unit,baseline,efficiency,placement_ns,status") bad = 1
            next
        }
        NF != 12 || !number($7) || !number($11) || $12 !~ /^(ok|not converged|busy: .*)$/ { wrong("not a figure") }
        $4 == "memcpy" { if ($2 != "libc" || $9 != "" || $10 != "") wrong("memcpy has a baseline"); next }
        !number($9) || !number($10) { wrong("no baseline"); next }
        {
            efficiency = ($8 == "ns" ? $9 / $7 : $7 / $9)
            if (efficiency - $10 > 0.002 || $10 - efficiency > 0.002) wrong("efficiency is " efficiency)
        }
        $2 == "ref" && $3 == "posix" { metrics++; if ($12 != "ok") not_ok = 1 }
        END {
            if (metrics != 2 * 3 + 3) { print metrics " metrics"; bad = 1 }
            exit bad ? 3 : not_ok ? 1 : 0
        }' "$scratch/small/latest/summary.csv"
    [ $? = "$status" ]
}
check 'a small run has all its benchmarks, and the exit status reports whether all are ok' small_run
complete() { grep -q '"benchmarks_ok"' "$1/environment.json" && [ -s "$1/google-benchmark.json" ] && [ -s "$1/repetitions.jsonl" ]; }
check 'and its other files' complete "$scratch/small/latest"

# ---------------------------------------------------------------- an interrupted run leaves nothing behind

descendants() { # PID: prints all processes below it
    awk -v parent="$1" '{ line = $0; sub(/.*\) /, ""); split($0, f, " ")
        if (f[2] == parent) print substr(line, 1, index(line, " ") - 1) }' /proc/[0-9]*/stat 2>/dev/null |
        while read -r child; do
            echo "$child"
            descendants "$child"
        done
}
alive() { # PID: true if it runs. A zombie does not: an orphan may stay one for a while
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}
start_run() { # NAME: starts a run and returns when one of its workers has a map
    "$bench" --quick --cases stream --payloads 64 --subjects posix --repeat 9 --plot none --results "$scratch/$1" \
        >"$scratch/run" 2>&1 &
    run=$!
    for _ in $(seq 200); do
        family=$(descendants "$run")
        for pid in $family; do
            for name in /dev/shm/libafl_"$pid"_*; do
                [ -e "$name" ] && return
            done
        done
        sleep 0.05
    done
    echo 'no worker created a map'
    return 1
}
all_gone() { # true if all processes of the run and their maps are gone within two seconds
    for _ in $(seq 20); do
        left=
        for pid in $family; do
            if alive "$pid"; then left="$left process $pid"; fi
            for name in /dev/shm/libafl_"$pid"_*; do
                [ ! -e "$name" ] || left="$left $name"
            done
        done
        [ -n "$left" ] || return 0
        sleep 0.1
    done
    echo "left: $left"
    return 1
}

interrupt() {
    start_run interrupted || return
    kill -INT "$run"
    wait "$run"
    status=$?
    echo "status $status"
    cat "$scratch/run"
    [ "$status" = 130 ] && all_gone
}
check 'an interrupted run ends with status 130 and leaves no process and no map' interrupt
kept() { grep -q '"interrupted": true' "$1/environment.json" && head -n 1 "$1/summary.csv" | grep -q '^case,implementation'; }
check 'and keeps what it has measured' kept "$scratch/interrupted/latest"

killed() {
    start_run killed || return
    kill -KILL "$run"
    wait "$run"
    sleep 0.2
    "$bench" --list >/dev/null # creates a map, which removes the names of dead owners
    all_gone
}
check 'the workers of a killed run die with it' killed

finish
