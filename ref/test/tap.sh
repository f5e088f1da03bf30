# shellcheck shell=sh
# For the shell tests to source: each check is one TAP case, and finish prints the plan. A test runs at the top of the
# tree; $scratch is an empty folder of its own, removed at the end.

CC=${CC:-cc}
CXX=${CXX:-c++}
LLMP_BUILD=${LLMP_BUILD:-build/release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
tap_cases=0
tap_failures=0

# check NAME COMMAND…: passes when the command does; shows what it said when not
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

# skip NAME REASON
skip() {
    tap_cases=$((tap_cases + 1))
    echo "ok $tap_cases - $1 # SKIP $2"
}

finish() {
    echo "1..$tap_cases"
    [ "$tap_failures" = 0 ]
    exit
}
