# shellcheck shell=bash
# Sourced by conformance/mutants/run: mutants of proved functions, detected by the function's proof, which must leave a
# goal open. A contract that cannot be met, or that states nothing, would still be proved.
# shellcheck disable=SC2154 # root, folder, tree and log are set by run

# Every listed function needs a mutant: without one it is unknown whether its contract states anything.
list_gaps() {
    comm -23 <(sed '/^#/d' "$root/fuzz/prove/functions" | cut -d ' ' -f 2 | sort -u) <(list_patches | cut -f 2 | sort -u) |
        sed 's/$/ no mutant breaks it/'
}

prepare() {
    local tool
    for tool in frama-c why3 z3; do
        command -v "$tool" >/dev/null || { echo "$tool is not installed: make setup-full" >&2; return 1; }
    done
}

# Only an open goal counts: a proof that is refused for another reason does not show what the contract says.
detect() { # NAME FUNCTION
    local status=0 verdict valid total
    "$root/fuzz/prove/prove" --tree "$tree" --out "$tree/build/proof" --jobs 1 --timeout 10 "$2" >"$log" 2>&1 || status=$?
    read -r verdict _ valid _ total _ <"$log"
    echo "$verdict: ${valid:-?} of ${total:-?} goals valid"
    case $status in
        0) return 1 ;;
        1) [ "$valid" != "$total" ] ;;
        *) return 2 ;;
    esac
}
