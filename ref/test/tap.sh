# shellcheck shell=sh
# Functions for shell tests, which source this file: each check prints one TAP case, and finish prints the plan. A test
# runs at the top of the tree. $scratch is an empty folder, which is removed when the test exits.

CC=${CC:-cc}
CXX=${CXX:-c++}
LLMP_BUILD=${LLMP_BUILD:-build/release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
tap_cases=0
tap_failures=0

# check NAME COMMAND…: passes if the command succeeds; prints the command's output if it fails
check() {
    tap_name=$1
    shift
    tap_cases=$((tap_cases + 1))
    if "$@" >"$scratch/said" 2>&1; then
        echo "ok $tap_cases - $tap_name"
    else
        echo "not ok $tap_cases - $tap_name"
        sed 's/^/# /' "$scratch/said"
        tap_failures=$((tap_failures + 1))
    fi
}

# skip NAME REASON: prints a skipped case
skip() {
    tap_cases=$((tap_cases + 1))
    echo "ok $tap_cases - $1 # SKIP $2"
}

# Prints the plan and exits: with 1 if a check failed.
finish() {
    echo "1..$tap_cases"
    [ "$tap_failures" = 0 ]
    exit
}
