#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# check-spec compares SPEC.md with the cases of the suite, and detects each kind of difference.
. ref/test/tap.sh

program=$LLMP_BUILD/bin/llmp-conformance
checker=conformance/suite/check-spec

# A program that prints a list of cases from a file, as llmp-conformance --list does.
printf '#!/bin/sh\ncat "%s"\n' "$scratch/cases" >"$scratch/lists"
chmod +x "$scratch/lists"

# with SPEC UNTESTED CASES: writes these files
with() {
    printf '%b' "$1" >"$scratch/spec"
    printf '%b' "$2" >"$scratch/untested"
    printf '%b' "$3" >"$scratch/cases"
}
# rejects SPEC UNTESTED CASES TEXT: fails unless check-spec reports this error
rejects() {
    with "$1" "$2" "$3"
    "$checker" "$scratch/lists" "$scratch/spec" "$scratch/untested" >"$scratch/found" && return 1
    grep -F -- "$4" "$scratch/found" || { cat "$scratch/found"; return 1; }
}
accepts() {
    with "$1" "$2" "$3"
    "$checker" "$scratch/lists" "$scratch/spec" "$scratch/untested" >"$scratch/found" && grep -F -- "$4" "$scratch/found"
}

two='**AB-1 (MUST)** One.\n\n**AB-2 (SHOULD)** Two.\n'
first='AB-1/one\tMUST\tsender\ta title\n'
second='AB-2/two\tSHOULD\t\ta title\n'

check 'each requirement has a case' accepts "$two" '' "$first$second" '2 requirements, 2 of them with 2 cases'
check 'a MAY needs no case' accepts "$two**AB-3 (MAY)** Three.\n" '' "$first$second" '3 requirements, 2 of them'
check 'a reason replaces a case' accepts "$two" '# why\nAB-2 cannot be seen from outside\n' "$first" \
    'untested: AB-2: cannot be seen from outside'
check 'a MUST without a case' rejects "$two" '' "$second" 'AB-1 (MUST): has no case'
check 'a SHOULD without a case' rejects "$two" '' "$first" 'AB-2 (SHOULD): has no case'
check 'a case without a requirement' rejects "$two" '' "$first${second}AB-9/nine\t?\t\ta title\n" \
    'AB-9/nine: its requirement is not in'
check 'two cases with one id' rejects "$two" '' "$first$first$second" 'AB-1/one: two cases have this id'
check 'two requirements with one id' rejects "$two$two" '' "$first$second" 'AB-1: occurs twice'
check 'an invalid id' rejects "$two" '' "$first${second}AB-1/Bad Name\tMUST\t\ta title\n" 'not a valid id'
check 'a case without a title' rejects "$two" '' "$first${second}AB-1/more\tMUST\t\t\n" 'AB-1/more: has no title'
check 'a reason for a requirement with a case' rejects "$two" 'AB-1 hidden\n' "$first$second" 'AB-1: has a case, but is listed'
check 'a reason for an unknown requirement' rejects "$two" 'AB-7 hidden\n' "$first$second" 'AB-7: is in'
check 'an id without a reason' rejects "$two" 'AB-2\n' "$first" 'AB-2: has no reason'
check 'an unknown level' rejects "$two**AB-4 (SHALL)** Four.\n" '' "$first$second" 'unknown level'

if [ -x "$program" ]; then
    check 'SPEC.md and the suite' "$checker" "$program" conformance/SPEC.md conformance/untested
else
    skip 'SPEC.md and the suite' 'llmp-conformance needs jansson: make setup'
fi
finish
