#!/usr/bin/env bash
# Checks the mutants of all three kinds without building one: a change of ref/ must keep every patch applicable.
. ref/test/tap.sh

list() { conformance/mutants/run --list "$1"; }

says_what_it_breaks() { # KIND
    ! list "$1" | awk -F '\t' 'NF != 3 || $2 == "?" { print $1; found = 1 } END { exit !found }'
}

names_differ() { [ -z "$(list "$1" | cut -f 1 | sort | uniq -d)" ]; }

applies() { # FOLDER
    status=0
    for patch in "$1"/*.patch; do
        patch -s -p1 --dry-run <"$patch" >/dev/null || { echo "$patch does not apply"; status=1; }
    done
    return "$status"
}

targets_exist() {
    ! list fuzz | cut -d - -f 1 | sort -u | comm -23 - <(cd fuzz/target && printf '%s\n' *.c | sed 's/\.c$//') | grep .
}

functions_are_proved() {
    ! list proof | cut -f 2 | sort -u | comm -23 - <(cut -d ' ' -f 2 fuzz/prove/functions | sort -u) | grep .
}

for kind in suite fuzz proof; do
    check "$kind: each mutant says what it breaks" says_what_it_breaks $kind
    check "$kind: no two mutants have the same name" names_differ $kind
done
for folder in conformance/mutants fuzz/mutants fuzz/prove/mutants; do
    if command -v patch >/dev/null; then
        check "$folder: every patch applies" applies $folder
    else
        skip "$folder: every patch applies" "patch is not installed: make setup-full"
    fi
done
check "fuzz: each mutant's name begins with a target" targets_exist
check "proof: each mutant breaks a function that is proved" functions_are_proved
finish
