#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The suite with cases and adapters that fail in every way (fake_sections.c, fake_adapter.sh): each verdict, each exit
# status, and no leftovers.
. ref/test/tap.sh

fake=$LLMP_BUILD/test/fake-conformance
if [ ! -x "$fake" ]; then
    skip 'the suite itself' 'llmp-conformance needs jansson: make setup'
    finish
fi
fake=$(cd "$(dirname "$fake")" && pwd)/fake-conformance
adapter=$PWD/conformance/test/fake_adapter.sh
spec=$scratch/SPEC.md
# shellcheck disable=SC2016 # the backquotes are Markdown's
for id in FAKE-1 FAKE-11 FAKE-2 FAKE-5 FAKE-6 FAKE-7; do
    printf '**%s (MUST)** The `%s` holds,\nover <two> lines.\n\n' $id $id
done >"$spec"
printf '## 9. Lower levels\n\n**FAKE-3 (SHOULD)** It should.\n\n**FAKE-4 (MAY)** It may.\n' >>"$spec"

# run MODE OPTION…: runs the suite; sets $status, and writes its output to $scratch/out and $scratch/err
run() {
    mode=$1
    shift
    status=0
    (cd "$scratch" && exec "$fake" --spec "$spec" --impl "exec env FAKE=$mode $adapter" "$@") \
        >"$scratch/out" 2>"$scratch/err" || status=$?
}

# saw STATUS TEXT…: the last run had this exit status and printed all these texts
saw() {
    wanted=$1
    shift
    [ "$status" = "$wanted" ] || { echo "exit status $status, expected $wanted"; cat "$scratch/out" "$scratch/err"; return 1; }
    for text; do
        grep -qF -- "$text" "$scratch/out" "$scratch/err" || {
            echo "not printed: $text"
            cat "$scratch/out" "$scratch/err"
            return 1
        }
    done
}

# case_says MODE CASE STATUS TEXT…: runs one case with that adapter
case_says() {
    mode=$1 case=$2
    shift 2
    run "$mode" --filter "$case"
    saw "$@"
}

# ---------------------------------------------------------------- verdicts

check 'a pass' case_says good FAKE-1/fresh 0 '1 passed, 0 failed, 0 skipped'
check 'wrong' case_says wrong FAKE-1/fresh 1 'FAIL     FAKE-1/fresh@posix' 'verdict     wrong' \
    "FAKE-1      MUST: The \`FAKE-1\` holds, over <two> lines." 'steps       started fake as sender' '> ' \
    "--filter 'FAKE-1/fresh@posix'" '0 passed, 1 failed, 0 skipped'
check 'refused' case_says refuses FAKE-1/fresh 1 'verdict     refused' 'seen        refused: not today'
check 'a crash, with the standard error of the adapter' case_says crashes FAKE-1/fresh 1 'verdict     crash' \
    'ended by signal 11 (SIGSEGV)' '  | the fake is about to crash'
check 'an exit' case_says exits FAKE-1/fresh 1 'verdict     crash' 'exited with 101'
check 'unsupported is a skip' case_says unsupported FAKE-1/fresh 0 '0 passed, 0 failed, 1 skipped'
check 'a reply that is not JSON' case_says garbage FAKE-1/fresh 1 'verdict     broken' \
    'is not a JSON object: no JSON at all'
check 'a reply with another id' case_says other-id FAKE-1/fresh 1 'verdict     broken' 'has the id 999'
check 'a reply without a result' case_says no-result FAKE-1/fresh 1 'verdict     broken' "no string \`result\`"
check 'a reply without a field' case_says no-description FAKE-1/fresh 1 'verdict     broken' \
    "a description in \`description\`"
check 'a negative size' case_says negative FAKE-1/fresh 1 'verdict     broken' '"size":-4096'

hang() {
    run hangs --filter FAKE-1/fresh --time-factor 0.1
    saw 1 'verdict     hang' 'no reply; the process was killed'
}
check 'a hang' hang
lingers() {
    run lingers --filter FAKE-1/fresh --time-factor 0.1
    saw 1 'sender: sender.open'
}
check 'an adapter that does not exit' lingers

check 'a failure with a note' case_says good FAKE-2/fails 1 'expected    something <else> & better' 'seen        this' \
    'a note "before" <the> end & more'
check 'a skip' case_says good FAKE-5/skips 0 '0 passed, 0 failed, 1 skipped'
reason() {
    run good --filter "$1" --verbose
    saw 0 "$2"
}
check 'the reason of a skip is printed' reason FAKE-5/skips 'needs a better machine'
check 'a missing role is a skip' reason FAKE-5/role 'needs the role b2b, which fake does not offer'
check 'a missing provider is a skip' reason FAKE-1/sysv 'needs a provider that case and implementation have in common'
check 'seeds are the same in each run' case_says good FAKE-1/seeds 0 '1 passed'
check 'an error of the suite is a failure' case_says good FAKE-6/error 1 'verdict     error' 'no part of this was done'
check 'a crash of the suite is a failure' case_says good FAKE-6/crashes 1 'verdict     error' \
    'the suite itself crashed' 'ended by signal 11'
check 'an abort of the suite is a failure' case_says good FAKE-6/aborts 1 'verdict     error' 'ended by signal 6'
check 'an exit without a verdict is a failure' case_says good FAKE-6/ends 1 'the suite itself crashed'
check 'a failure of a helper fails the case' case_says good FAKE-6/helper 1 'expected    a helper' 'seen        its failure'
check 'a case that hangs is killed' case_says good FAKE-6/hangs 1 'verdict     hang' 'it still ran after 1 seconds' \
    'about to wait for ever'

own_network() {
    run good --filter FAKE-5/network --verbose
    saw 0 'FAKE-5/network' && ! grep -q ' failed$' "$scratch/err"
}
check 'a network namespace of its own, or a skip' own_network

# ---------------------------------------------------------------- leftovers

# Checks the shared memory and the processes whose ids the run has printed.
left_nothing() {
    run "$1" --filter "$2" --time-factor "${3:-1}"
    grep -o '(process [0-9]*)' "$scratch/out" | tr -cd '0-9\n' >"$scratch/pids"
    while read -r pid; do
        if awk -v pid="$pid" '$5 == pid { found = 1 } END { exit !found }' /proc/sysvipc/shm; then
            echo "a segment of process $pid exists"
            return 1
        fi
        if ls /dev/shm/libafl_"$pid"_* 2>/dev/null; then echo 'this map exists'; return 1; fi
        if kill -0 "$pid" 2>/dev/null; then echo "process $pid runs"; return 1; fi
    done <"$scratch/pids"
    [ -s "$scratch/pids" ] || { echo 'no process id was printed'; cat "$scratch/out" "$scratch/err"; return 1; }
}
check 'nothing remains after a failing case' left_nothing good FAKE-6/fails-late
check 'nothing remains after a hanging case' left_nothing good FAKE-6/hangs
check 'nothing remains after a crashing case' left_nothing good FAKE-6/crashes-late
check 'nothing remains after a leaking adapter' left_nothing leaks FAKE-6/fails-late
check 'nothing remains after a killed adapter' left_nothing lingers FAKE-1/fresh 0.1

# The child is recognised by FAKE in its environment.
no_children() {
    run leaves-child --filter FAKE-6/fails-late
    for stat in /proc/[0-9]*/environ; do
        if tr '\0' '\n' <"$stat" 2>/dev/null | grep -qx 'FAKE=leaves-child'; then
            echo "the process of $stat runs"
            return 1
        fi
    done
}
check 'the children of an adapter are killed' no_children

# The suite is interrupted while a case runs. The adapter writes its process id and that of the case to a file.
pids_written() { [ -s "$scratch/pids_file" ] && read -r child parent <"$scratch/pids_file" && ls /dev/shm/libafl_"$parent"_*; }
interrupted() {
    (cd "$scratch" && exec "$fake" --spec "$spec" --impl "exec env FAKE_PIDS=$scratch/pids_file $adapter" \
        --filter FAKE-6/hangs --time-factor 60 >"$scratch/out" 2>"$scratch/err") &
    runner=$!
    tries=0
    until pids_written 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || { kill -KILL "$runner"; echo 'the case did not start'; return 1; }
        sleep 0.05
    done
    kill -TERM "$runner"
    wait "$runner"
    status=$?
    [ "$status" = 143 ] || { echo "exit status $status"; return 1; }
    ! kill -0 "$child" && ! kill -0 "$parent" && ! ls /dev/shm/libafl_"$parent"_* /dev/shm/libafl_"$child"_* &&
        ! awk -v pid="$parent" '$5 == pid { found = 1 } END { exit !found }' /proc/sysvipc/shm
}
check 'nothing remains after an interrupted suite' interrupted

# ---------------------------------------------------------------- broken adapters

broken() {
    run "$1" --filter FAKE-1/passes
    saw 3 'the adapter is broken' 'the implementation was not tested' "$2" &&
        ! grep -q 'passed,' "$scratch/out"
}
check 'no hello' broken dies 'exited with 3'
check 'an invalid hello' broken hello-name "\`name\` is not a file name"
check 'the smoke test detects a missing field' broken smoke "a description in \`description\`"
check 'the probe detects an adapter that replies ok to invalid requests' broken eager \
    'expected: refused or unsupported; seen: ok, for the request'
check 'the probe detects an adapter that exits' broken fragile \
    'expected: refused or unsupported; seen: the adapter exited with 1 after the request'
absent() {
    run absent
    saw 0 'the fake needs another machine' '0 passed, 0 failed, 21 skipped'
}
check 'an adapter that cannot run here is a skip' absent
missing() {
    status=0
    "$fake" --spec "$spec" --impl "$scratch" >"$scratch/out" 2>"$scratch/err" || status=$?
    saw 2 "no executable named \`adapter\`"
}
check 'a folder without an adapter' missing
no_command() {
    status=0
    "$fake" --spec "$spec" --impl /nowhere/at-all >"$scratch/out" 2>"$scratch/err" || status=$?
    saw 3 'the adapter is broken' 'exited with 127'
}
check 'a command that does not exist' no_command

# ---------------------------------------------------------------- levels, filters, options

check 'a failed SHOULD is a warning' case_says good FAKE-3 0 'warning  FAKE-3/should@posix: ' ', 1 warnings' \
    '1 passed, 0 failed, 0 skipped'
strict() {
    run good --filter "$1" --strict
    saw "$2" "$3"
}
check 'with --strict it is a failure' strict FAKE-3 1 '1 passed, 1 failed, 0 skipped'
check 'a failed MAY is a warning, also with --strict' strict FAKE-4 0 '0 passed, 0 failed, 0 skipped'
check 'a filter by requirement matches only that one' case_says good FAKE-1 0 ' 4 cases' '3 passed, 0 failed, 1 skipped'
check 'a filter can be a list of globs' case_says good 'FAKE-?/pas*,FAKE-11' 0 '2 passed, 0 failed, 0 skipped'
check 'a filter can be a section' case_says good matrix 0 ' 1 cases' '1 passed, 0 failed, 0 skipped'
repeated() {
    run good --filter FAKE-1/fresh --repeat 3 --report r
    saw 0 && grep -q '"runs": 3' "$scratch/r/results.json"
}
check 'a case is repeated' repeated

usage() {
    wanted=$1
    shift
    status=0
    "$fake" "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
    saw 2 "$wanted"
}
check 'no implementation' usage '--impl is missing' --spec "$spec"
check 'an unknown option' usage '--fly: unknown option' --spec "$spec" --fly
check 'a missing value' usage '--impl: needs a value' --impl
check 'an unexpected argument' usage 'did you mean --impl word?' word
check 'an unknown provider' usage '"mmap" is not a provider: sysv, posix, memfd' --provider mmap
check 'an invalid factor' usage '--time-factor fast: must be a number' --time-factor fast
check 'an invalid count' usage '--repeat 0: must be a number' --repeat 0
no_case() {
    run good "$@"
    saw 2 'no case is left for fake'
}
check 'a provider that the implementation does not have' no_case --provider sysv --filter FAKE-1/fresh
check 'a filter that matches nothing' no_case --filter nothing-has-that
check 'a filter that matches nothing, with --list' usage 'matches no case' --spec "$spec" --list --filter nothing-has-that
check 'no specification' usage 'name the specification with --spec' --spec "$scratch/nowhere" --list
check 'a specification without a requirement' usage 'it contains no requirement' --spec /dev/null --list

# ---------------------------------------------------------------- expected failures

# expecting LINES OPTION…
expecting() {
    printf '%b' "$1" >"$scratch/expected"
    shift
    run good --expected "$scratch/expected" "$@"
}
expected_failure() {
    expecting '# why\nFAKE-2/fails@posix as the wind blows\n' --filter FAKE-2,FAKE-11 --verbose
    saw 0 'xfail    FAKE-2/fails@posix: ' '2 passed, 0 failed, 0 skipped'
}
check 'an expected failure counts as passed' expected_failure
every_provider() {
    expecting 'FAKE-2/fails for every provider\n' --filter FAKE-2
    saw 0 '1 passed, 0 failed'
}
check 'a line without a provider applies to all' every_provider
xpass() {
    expecting 'FAKE-11/passes not any more\n' --filter FAKE-11
    saw 1 'XPASS    FAKE-11/passes@posix' 'listed as failing: not any more' '0 passed, 1 failed, 0 skipped'
}
check 'a listed case that passes is a failure' xpass
bad_line() {
    expecting "$1" --filter FAKE-11
    saw 2 "$2"
}
check 'an unknown case is an error' bad_line 'FAKE-99/none gone\n' 'expected:1: FAKE-99/none is not a case'
check 'a provider that the case does not have is an error' bad_line 'FAKE-1/sysv@posix no\n' 'is not a case of this suite'
check 'a line without a reason is an error' bad_line '\n\nFAKE-2/fails\n' 'expected:3: FAKE-2/fails has no reason'
check 'a case that is listed twice is an error' bad_line 'FAKE-2/fails a\nFAKE-2/fails b\n' 'is listed twice'
never_expected() {
    expecting "${1}FAKE-6/error always\n" --filter FAKE-6/error
    saw 1 '0 passed, 1 failed'
}
check 'an error of the suite is never expected' never_expected ''
sometimes() {
    expecting '~FAKE-2/fails@posix by luck\n~FAKE-11/passes by luck\n' --filter FAKE-2,FAKE-11 --verbose
    saw 0 'xfail    FAKE-2/fails@posix' 'ok       FAKE-11/passes@posix' '2 passed, 0 failed, 0 skipped' \
        'xfail: 1 of the passed cases failed, as expected-failures lists them'
}
check 'a case with ~ may fail and may pass' sometimes
precise() {
    expecting "$1" --filter FAKE-11
    saw "$2" "$3"
}
check 'a line for one provider takes precedence' precise \
    'FAKE-11/passes always\n~FAKE-11/passes@posix by luck\n' 0 '1 passed, 0 failed'
check 'with either of them marked' precise \
    '~FAKE-11/passes by luck\nFAKE-11/passes@posix always\n' 1 'listed as failing: always'
check 'an error of the suite is not expected with ~ either' never_expected '~'
check 'an unknown case with ~ is an error' bad_line '~FAKE-99/none gone\n' 'expected:1: ~FAKE-99/none is not a case'
check 'a line with ~ and without a reason is an error' bad_line '~FAKE-2/fails\n' '~FAKE-2/fails has no reason'
check 'a case that is listed twice, once with ~, is an error' bad_line 'FAKE-2/fails a\n~FAKE-2/fails b\n' 'is listed twice'
written() {
    printf '# mine\nFAKE-2/fails@posix my own words\nFAKE-11/passes not true\nFAKE-6/ends@posix not run\n' \
        >"$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2,FAKE-3,FAKE-11
    saw 0 'written: ' || return
    printf '# mine\nFAKE-2/fails@posix my own words\n%s\n%s\n' \
        'FAKE-3/should@posix wrong: expected: something <else> & better; seen: this' 'FAKE-6/ends@posix not run' |
        diff - "$scratch/expected" || return
    run good --expected "$scratch/expected" --filter FAKE-2,FAKE-3,FAKE-11
    saw 0 '4 passed, 0 failed, 0 skipped'
}
check '--write-expected lists the failures' written
written_sometimes() {
    printf '%s\n' '# mine' '~FAKE-2/fails by luck' '~FAKE-11/passes@posix it passed' '~FAKE-6/ends@posix not run' \
        >"$scratch/kept"
    cp "$scratch/kept" "$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2,FAKE-11
    saw 0 'written: ' && diff "$scratch/kept" "$scratch/expected"
}
check '--write-expected keeps lines with ~' written_sometimes
written_beside() {
    printf '%s\n' '# mine' 'FAKE-2/fails always' '~FAKE-2/fails@posix by luck' >"$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2
    saw 0 'written: ' && printf '%s\n' '# mine' '~FAKE-2/fails@posix by luck' | diff - "$scratch/expected"
}
check '--write-expected lists a case once' written_beside

. conformance/test/suite_reports.sh
finish
