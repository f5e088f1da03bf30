# shellcheck shell=bash
# Sourced by conformance/mutants/run: mutants of the library, detected by the fuzz target that the mutant's name begins
# with. The target has TIME seconds, and starts from the committed corpus alone.
# shellcheck disable=SC2154 # root, tree, log, make and out are set by run

programs=build/fuzz/libfuzzer/fuzz

make_targets() { "$make" --no-print-directory -s -C "$tree" fuzz-libfuzzer TARGET="$*"; }

fuzz() { # TARGET OPTION…
    local target=$1 dictionary=() work=$tree/build/found
    [ ! -f "$root/fuzz/dict/$target.dict" ] || dictionary=("-dict=$root/fuzz/dict/$target.dict")
    rm -rf "$work"
    mkdir -p "$work/corpus"
    "$tree/$programs/$target" -seed=1 "${@:2}" -max_len=4096 -timeout=5 -artifact_prefix="$work/" "${dictionary[@]}" \
        "$work/corpus" "$root/fuzz/corpus/$target" >"$log" 2>&1
}

prepare() { # NAME…
    local targets target log
    mapfile -t targets < <(printf '%s\n' "$@" | sed 's/-.*//' | sort -u)
    make_targets "${targets[@]}" >"$out/logs/.build" 2>&1 || { tail -n 20 "$out/logs/.build" >&2; return 1; }
    for target in "${targets[@]}"; do
        log=$out/logs/.$target
        fuzz "$target" -runs=0 || { echo "$target fails on the unmodified library: $log" >&2; return 1; }
    done
}

build() { make_targets "${1%%-*}"; }

detect() { # NAME
    local status=0 found='PROPERTY VIOLATED at [^ ]*[^ :]|ERROR: .*Sanitizer: [a-z-]+|libFuzzer: [a-z-]+|runtime error: .*'
    fuzz "${1%%-*}" -max_total_time="${TIME:-60}" || status=$?
    if [ "$status" = 0 ]; then
        echo "not found in ${TIME:-60} s"
        return 1
    fi
    grep -m1 -oE "$found" "$log" && return
    echo "exit status $status"
    return 2
}
