# shellcheck shell=bash
# Sourced by run: mutants of the library and of the Python implementation, detected by the conformance suite. The cases
# of the broken requirement have to fail, and no others are run.
# shellcheck disable=SC2154 # root, tree, log, make and out are set by run

suite=${LLMP_BUILD:-$root/build/release}/bin/llmp-conformance
python=$root/conformance/adapters/python

# A mutant of the Python implementation is a switch: LLMP_PY_MUTANT names it.
list_more() {
    command -v python3 >/dev/null || return 0
    sed -n '/^#/d; s/^\([^ ]*\) \([^ ]*\) \(.*\)/\1\t\2\t\3./p' "$python/mutants.txt"
}

prepare() {
    [ -x "$suite" ] || { echo "$suite does not exist: make conformance-program" >&2; return 1; }
    build >"$out/logs/.build" 2>&1 || { cat "$out/logs/.build" >&2; return 1; }
}

build() { "$make" -s -C "$tree" CC="${CC:-cc}" CFLAGS=-O1 WERROR= OUT=build/m adapter-ref; }

detect() { # NAME REQUIREMENT
    local impl=$tree/conformance/adapters/ref status cases
    [ -e "$root/conformance/mutants/$1.patch" ] || impl=$python
    LLMP_PY_MUTANT=$1 LLMP_BUILD=$tree/build/m NO_COLOR=1 "$suite" --impl "$impl" --strict --filter "$2/" \
        --expected /dev/null >"$log" 2>&1 </dev/null
    status=$?
    cases=$(sed -n "s|^  FAIL  *\($2/[^ ]*\).*|\1|p" "$log" | paste -sd ' ')
    echo "${cases:-exit status $status}"
    case $status in
        0) return 1 ;;
        1) [ -n "$cases" ] ;;
        *) return 2 ;;
    esac
}
