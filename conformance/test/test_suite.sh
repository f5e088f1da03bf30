#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The suite held against what may happen to it: cases and adapters that fail in every way (fake_sections.c,
# fake_adapter.sh). Each verdict, each exit status, and that nothing is left behind.
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
printf '## 9. Less\n\n**FAKE-3 (SHOULD)** Better so.\n\n**FAKE-4 (MAY)** Or not.\n' >>"$spec"

# run MODE OPTION…: what it said is in out and err, its exit status in $status
run() {
    mode=$1
    shift
    status=0
    (cd "$scratch" && exec "$fake" --spec "$spec" --impl "exec env FAKE=$mode $adapter" "$@") \
        >"$scratch/out" 2>"$scratch/err" || status=$?
}

# saw STATUS TEXT…: the last run ended so, and said all of that
saw() {
    wanted=$1
    shift
    [ "$status" = "$wanted" ] || { echo "exit status $status, not $wanted"; cat "$scratch/out" "$scratch/err"; return 1; }
    for text; do
        grep -qF -- "$text" "$scratch/out" "$scratch/err" || {
            echo "nowhere: $text"
            cat "$scratch/out" "$scratch/err"
            return 1
        }
    done
}

# case_says MODE CASE STATUS TEXT…: one case with that adapter
case_says() {
    mode=$1 case=$2
    shift 2
    run "$mode" --filter "$case"
    saw "$@"
}

# ---------------------------------------------------------------- verdicts

check 'a pass' case_says good FAKE-1/fresh 0 '1 passed, 0 failed, 0 skipped'
check 'wrong' case_says wrong FAKE-1/fresh 1 'FAIL     FAKE-1/fresh@posix' 'verdict     wrong' \
    "FAKE-1      MUST: The \`FAKE-1\` holds, over <two> lines." 'before      fake plays sender' '> ' \
    "--filter 'FAKE-1/fresh@posix'" '0 passed, 1 failed, 0 skipped'
check 'refused' case_says refuses FAKE-1/fresh 1 'verdict     refused' 'seen        not today'
check 'a crash, with what the adapter said' case_says crashes FAKE-1/fresh 1 'verdict     crash' \
    'ended by signal 11 (SIGSEGV)' '  | the fake is about to crash'
check 'an exit' case_says exits FAKE-1/fresh 1 'verdict     crash' 'exited with 101'
check 'unsupported is a skip' case_says unsupported FAKE-1/fresh 0 '0 passed, 0 failed, 1 skipped'
check 'no JSON' case_says garbage FAKE-1/fresh 1 'verdict     broken' 'is no JSON object: no JSON at all'
check 'another id' case_says other-id FAKE-1/fresh 1 'verdict     broken' 'has the id 999'
check 'no result' case_says no-result FAKE-1/fresh 1 'verdict     broken' "no string \`result\`"
check 'a field is missing' case_says no-description FAKE-1/fresh 1 'verdict     broken' "a description \`description\`"
check 'a size below nothing' case_says negative FAKE-1/fresh 1 'verdict     broken' '"size":-4096'

hang() {
    run hangs --filter FAKE-1/fresh --seconds 0.1
    saw 1 'verdict     hang' 'no answer; the process was killed'
}
check 'a hang' hang
lingers() {
    run lingers --filter FAKE-1/fresh --seconds 0.1
    saw 1 'sender: sender.open'
}
check 'an adapter that does not leave' lingers

check 'a failure of the case' case_says good FAKE-2/fails 1 'expected    something <else> & better' 'seen        this' \
    'a note "before" <the> end & more'
check 'a skip says what it needs' case_says good FAKE-5/skips 0 '0 passed, 0 failed, 1 skipped'
reason() {
    run good --filter "$1" --verbose
    saw 0 "$2"
}
check 'the reason of a skip is shown' reason FAKE-5/skips 'a better machine'
check 'a role that is missing is a skip' reason FAKE-5/role 'role b2b not offered by fake'
check 'a provider that is missing is a skip' reason FAKE-1/sysv 'a provider that case and implementation have in common'
check 'seeds are those of every run' case_says good FAKE-1/seeds 0 '1 passed'
check 'trouble of the suite is a failure' case_says good FAKE-6/trouble 1 'verdict     trouble' 'no part of this was done'
check 'a crash of the suite is a failure' case_says good FAKE-6/crashes 1 'the suite itself crashed'
check 'an end without a verdict is a failure' case_says good FAKE-6/ends 1 'the suite itself crashed'
check "a helper's failure is the case's" case_says good FAKE-6/helper 1 'expected    a helper' 'seen        its failure'
check 'a case that hangs is stopped' case_says good FAKE-6/hangs 1 'verdict     hang' 'it still ran after 1 seconds' \
    'about to wait for ever'

alone() {
    run good --filter FAKE-5/alone --verbose
    saw 0 'FAKE-5/alone' && ! grep -q ' failed$' "$scratch/err"
}
check 'a network of its own, or a skip' alone

# ---------------------------------------------------------------- nothing is left

# Memory and processes of this test alone: of the adapters' process ids, and of what was started here.
left_nothing() {
    run "$1" --filter "$2" --seconds "${3:-1}"
    grep -o '(process [0-9]*)' "$scratch/out" | tr -cd '0-9\n' >"$scratch/pids"
    while read -r pid; do
        if awk -v pid="$pid" '$5 == pid { found = 1 } END { exit !found }' /proc/sysvipc/shm; then
            echo "a segment of $pid is left"
            return 1
        fi
        if ls /dev/shm/libafl_"$pid"_* 2>/dev/null; then echo 'is left'; return 1; fi
        if kill -0 "$pid" 2>/dev/null; then echo "process $pid is left"; return 1; fi
    done <"$scratch/pids"
    [ -s "$scratch/pids" ] || { echo 'no process was named'; cat "$scratch/out" "$scratch/err"; return 1; }
}
check 'nothing is left by a case that fails' left_nothing good FAKE-6/fails-late
check 'nothing is left by a case that hangs' left_nothing good FAKE-6/hangs
check 'nothing is left by a case that crashes' left_nothing good FAKE-6/crashes-late
check 'nothing is left by an adapter that leaks' left_nothing leaks FAKE-6/fails-late
check 'nothing is left by an adapter that was killed' left_nothing lingers FAKE-1/fresh 0.1

# The name of the child's command is this test's own.
no_children() {
    run leaves-child --filter FAKE-6/fails-late
    for stat in /proc/[0-9]*/environ; do
        if tr '\0' '\n' <"$stat" 2>/dev/null | grep -qx 'FAKE=leaves-child'; then
            echo "$stat is left"
            return 1
        fi
    done
}
check "nor an adapter's children" no_children

# Interrupted in the middle of a case: the adapter says its process id and that of the case.
pids_told() { [ -s "$scratch/told" ] && read -r child parent <"$scratch/told" && ls /dev/shm/libafl_"$parent"_*; }
interrupted() {
    (cd "$scratch" && exec "$fake" --spec "$spec" --impl "exec env FAKE_PIDS=$scratch/told $adapter" \
        --filter FAKE-6/hangs --seconds 60 >"$scratch/out" 2>"$scratch/err") &
    runner=$!
    tries=0
    until pids_told 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || { kill -KILL "$runner"; echo 'the case did not begin'; return 1; }
        sleep 0.05
    done
    kill -TERM "$runner"
    wait "$runner"
    status=$?
    [ "$status" = 143 ] || { echo "exit status $status"; return 1; }
    ! kill -0 "$child" && ! kill -0 "$parent" && ! ls /dev/shm/libafl_"$parent"_* /dev/shm/libafl_"$child"_* &&
        ! awk -v pid="$parent" '$5 == pid { found = 1 } END { exit !found }' /proc/sysvipc/shm
}
check 'nothing is left when the suite is interrupted' interrupted

# ---------------------------------------------------------------- broken adapters

broken() {
    run "$1" --filter FAKE-1/passes
    saw 3 'the adapter is broken' 'nothing is said about the implementation' "$2" &&
        ! grep -q 'passed,' "$scratch/out"
}
check 'no hello' broken dies 'exited with 3'
check 'a hello that is wrong' broken hello-name "\`name\` is no short file name"
check 'the smoke test finds a missing field' broken smoke "a description \`description\`"
check 'the probe finds an adapter that says ok to anything' broken eager 'expected refused or unsupported, seen ok'
check 'the probe finds an adapter that ends' broken fragile 'expected refused or unsupported, seen its end'
absent() {
    run absent
    saw 0 'the fake needs another machine' '0 passed, 0 failed, 20 skipped'
}
check 'an adapter that cannot run here is a visible skip' absent
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
check 'a command that is not there' no_command

# ---------------------------------------------------------------- what counts

check 'a SHOULD does not count' case_says good FAKE-3 0 'advice' '1 passed, 0 failed, 0 skipped'
strict() {
    run good --filter "$1" --strict
    saw "$2" "$3"
}
check 'with --strict it does' strict FAKE-3 1 '1 passed, 1 failed, 0 skipped'
check 'a MAY never does' strict FAKE-4 0 '0 passed, 0 failed, 0 skipped'
check 'a filter by requirement takes that one' case_says good FAKE-1 0 ' 4 cases' '3 passed, 0 failed, 1 skipped'
check 'a filter may be a list of globs' case_says good 'FAKE-?/pas*,FAKE-11' 0 '2 passed, 0 failed, 0 skipped'
check 'a section is a filter, too' case_says good matrix 0 ' 1 cases' '1 passed, 0 failed, 0 skipped'
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
check 'an option that is none' usage '--fly: no such option' --spec "$spec" --fly
check 'a value that is missing' usage '--impl: needs a value' --impl
check 'a word too many' usage 'did you mean --impl word?' word
check 'a provider that is none' usage '"mmap" is none of sysv, posix, memfd' --provider mmap
check 'a factor that is none' usage '--seconds fast: a factor' --seconds fast
check 'a count that is none' usage '--repeat 0: a number' --repeat 0
no_case() {
    run good "$@"
    saw 2 'no case of fake is left'
}
check 'a provider that the implementation has not' no_case --provider sysv --filter FAKE-1/fresh
check 'a filter that leaves nothing' no_case --filter nothing-has-that
check 'a filter that matches nothing' usage 'matches no case' --spec "$spec" --list --filter nothing-has-that
check 'no specification' usage 'name the specification with --spec' --spec "$scratch/nowhere" --list
check 'a specification without a requirement' usage 'no requirement in it' --spec /dev/null --list

# ---------------------------------------------------------------- expected failures

# expecting LINES OPTION…
expecting() {
    printf '%b' "$1" >"$scratch/expected"
    shift
    run good --expected "$scratch/expected" "$@"
}
expected_failure() {
    expecting '# why\nFAKE-2/fails@posix as the wind blows\n' --filter FAKE-2,FAKE-11 --verbose
    saw 0 'expected' '2 passed, 0 failed, 0 skipped'
}
check 'an expected failure counts as passed' expected_failure
every_provider() {
    expecting 'FAKE-2/fails for every provider\n' --filter FAKE-2
    saw 0 '1 passed, 0 failed'
}
check 'without a provider it is for all' every_provider
unexpected() {
    expecting 'FAKE-11/passes not any more\n' --filter FAKE-11
    saw 1 'UNEXPECTED' 'listed as failing: not any more' '0 passed, 1 failed, 0 skipped'
}
check 'one that passes is an error' unexpected
bad_line() {
    expecting "$1" --filter FAKE-11
    saw 2 "$2"
}
check 'a case that does not exist is an error' bad_line 'FAKE-99/none gone\n' 'expected:1: FAKE-99/none is no case'
check 'so is a provider that the case does not have' bad_line 'FAKE-1/sysv@posix no\n' 'is no case of this suite'
check 'and a line without a reason' bad_line '\n\nFAKE-2/fails\n' 'expected:3: FAKE-2/fails has no reason'
check 'and one that stands twice' bad_line 'FAKE-2/fails a\nFAKE-2/fails b\n' 'is listed twice'
never_trouble() {
    expecting "${1}FAKE-6/trouble it always is\n" --filter FAKE-6/trouble
    saw 1 '0 passed, 1 failed'
}
check 'trouble of the suite is never expected' never_trouble ''
sometimes() {
    expecting '~FAKE-2/fails@posix by luck\n~FAKE-11/passes by luck\n' --filter FAKE-2,FAKE-11 --verbose
    saw 0 'expected FAKE-2/fails@posix' 'ok       FAKE-11/passes@posix' '2 passed, 0 failed, 0 skipped' \
        '1 of the passed failed as expected-failures lists them'
}
check 'one that fails sometimes is expected when it fails, and passed when it passes' sometimes
precise() {
    expecting "$1" --filter FAKE-11
    saw "$2" "$3"
}
check 'a line for one provider goes before one for all' precise \
    'FAKE-11/passes always\n~FAKE-11/passes@posix by luck\n' 0 '1 passed, 0 failed'
check 'whichever of them is marked' precise \
    '~FAKE-11/passes by luck\nFAKE-11/passes@posix always\n' 1 'listed as failing: always'
check 'trouble is not even expected sometimes' never_trouble '~'
check 'a marked case has to exist' bad_line '~FAKE-99/none gone\n' 'expected:1: ~FAKE-99/none is no case'
check 'and to have a reason' bad_line '~FAKE-2/fails\n' '~FAKE-2/fails has no reason'
check 'and to stand once' bad_line 'FAKE-2/fails a\n~FAKE-2/fails b\n' 'is listed twice'
written() {
    printf '# mine\nFAKE-2/fails@posix my own words\nFAKE-11/passes not true\nFAKE-6/ends@posix not run\n' \
        >"$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2,FAKE-3,FAKE-11
    saw 0 'written: ' || return
    printf '# mine\nFAKE-2/fails@posix my own words\n%s\n%s\n' \
        'FAKE-3/should@posix wrong: expected something <else> & better, seen this' 'FAKE-6/ends@posix not run' |
        diff - "$scratch/expected" || return
    run good --expected "$scratch/expected" --filter FAKE-2,FAKE-3,FAKE-11
    saw 0 '4 passed, 0 failed, 0 skipped'
}
check 'the file is written from what was seen' written
written_sometimes() {
    printf '%s\n' '# mine' '~FAKE-2/fails by luck' '~FAKE-11/passes@posix it passed' '~FAKE-6/ends@posix not run' \
        >"$scratch/kept"
    cp "$scratch/kept" "$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2,FAKE-11
    saw 0 'written: ' && diff "$scratch/kept" "$scratch/expected"
}
check 'and keeps what fails sometimes, with its mark' written_sometimes
written_beside() {
    printf '%s\n' '# mine' 'FAKE-2/fails always' '~FAKE-2/fails@posix by luck' >"$scratch/expected"
    run good --expected "$scratch/expected" --write-expected --filter FAKE-2
    saw 0 'written: ' && printf '%s\n' '# mine' '~FAKE-2/fails@posix by luck' | diff - "$scratch/expected"
}
check 'without a second line for the same case' written_beside

. conformance/test/suite_reports.sh
finish
