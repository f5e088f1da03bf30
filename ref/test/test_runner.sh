#!/bin/sh
# Tests ref/test/run: a case that does not pass is never counted as passed.
. ref/test/tap.sh
unset JUNIT LLMP_TEST_STRICT # they belong to the run that runs this test

program() { # NAME COMMANDS: writes a test program
    printf '#!/bin/sh\n%s\n' "$2" >"$scratch/$1"
    chmod +x "$scratch/$1"
}

ends() { # LINE STATUS NAME…: the run of these programs ends with this line and this exit status
    line=$1 wanted=$2
    shift 2
    for name; do
        shift
        set -- "$@" "$scratch/$name"
    done
    JOBS=2 TIMEOUT=1 ref/test/run "$@" >"$scratch/run"
    status=$?
    cat "$scratch/run"
    [ "$status" = "$wanted" ] && [ "$(tail -n 1 "$scratch/run")" = "$line" ]
}
strictly() { LLMP_TEST_STRICT=1 ref/test/run "$scratch/$2" | tail -n 1 | grep -x "$1"; }
reported() { JUNIT=$scratch/junit ref/test/run "$scratch/fails" "$scratch/skips"; [ "$(grep -c "$1" "$scratch/junit")" = "$2" ]; }

plan1='echo 1..1; echo ok 1 - one'
program passes 'echo 1..2; echo ok 1 - one; echo ok 2 - two'
program again 'echo 1..2; echo ok 1 - one; echo ok 2 - two'
program fails 'echo 1..2; echo ok 1 - one; echo not ok 2 - two; exit 1'
program skips 'echo 1..3; echo "# skip: no strace: make setup"; echo "not ok 1 # SKIP as cmocka 1.1.5 says it"
echo "ok 2 # SKIP as 1.1.7 does"; echo "ok 3 - shell # SKIP one processor"'
program skips_all 'echo no such kernel; exit 77'
program stops_early 'echo 1..3; echo ok 1 - one'
program crashes 'echo 1..2; echo ok 1 - one; kill -ABRT $$'
program has_no_plan 'echo ok 1 - one'
program says_nothing ''
program ends_badly "$plan1; exit 3"
program hangs 'echo 1..1; sleep 60'
program leaves_a_process "$plan1; sleep 60 &"
# No letter follows the second _, so that no process of the library takes it for the name of a dead owner and removes
# it.
# shellcheck disable=SC2016 # the program expands it
program leaves_a_name "$plan1"'; name=/dev/shm/libafl_$$_0; : >$name; echo $name >"${0%/*}/name"'
program has_a_report "$plan1; echo 'a.c:1:2: runtime error: load of misaligned address'"

check "the passed cases of several programs are added" ends "4 passed, 0 failed, 0 skipped" 0 passes again
check "a failure fails the run" ends "3 passed, 1 failed, 0 skipped" 1 passes fails
check "skips are counted, in the forms of cmocka 1.1.5, 1.1.7 and tap.sh" ends "0 passed, 0 failed, 3 skipped" 0 skips
check "the reason of a skip is shown" grep -q 'as cmocka 1.1.5 says it: no strace: make setup' "$scratch/run"
check "exit 77 skips a program" ends "2 passed, 0 failed, 1 skipped" 0 passes skips_all
check "cases that never ran count as failed" ends "1 passed, 2 failed, 0 skipped" 1 stops_early
check "so does the case that crashed" ends "1 passed, 1 failed, 0 skipped" 1 crashes
check "a missing plan is a failure" ends "1 passed, 1 failed, 0 skipped" 1 has_no_plan
check "so is a program without a case" ends "0 passed, 1 failed, 0 skipped" 1 says_nothing
check "so is an exit status other than 0 without a failed case" ends "1 passed, 1 failed, 0 skipped" 1 ends_badly
check "so is a program that does not end" ends "0 passed, 1 failed, 0 skipped" 1 hangs
check "so is a process left behind" ends "1 passed, 1 failed, 0 skipped" 1 leaves_a_process
check "so is shared memory left behind" ends "1 passed, 1 failed, 0 skipped" 1 leaves_a_name
rm -f "$(cat "$scratch/name")"
check "so is the report of a sanitizer" ends "1 passed, 1 failed, 0 skipped" 1 has_a_report
check "so is a run without programs" ends "" 2
check "in strict mode a skip because of a missing tool is a failure" strictly "0 passed, 2 failed, 1 skipped" skips
check "the JUnit report contains the failures" reported '<failure' 1
check "and the skips" reported '<skipped' 3
finish
