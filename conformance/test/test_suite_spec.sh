#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPEC.md and the cases of the suite belong together, and check-spec sees where they do not.
. ref/test/tap.sh

program=$LLMP_BUILD/bin/llmp-conformance
checker=conformance/suite/check-spec

# A list of cases as the program gives it, from a file
printf '#!/bin/sh\ncat "%s"\n' "$scratch/cases" >"$scratch/lists"
chmod +x "$scratch/lists"

# with SPEC UNTESTED CASES
with() {
    printf '%b' "$1" >"$scratch/spec"
    printf '%b' "$2" >"$scratch/untested"
    printf '%b' "$3" >"$scratch/cases"
}
# rejects SPEC UNTESTED CASES TEXT
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

check 'all are there' accepts "$two" '' "$first$second" '2 requirements, 2 of them with 2 cases'
check 'a MAY needs no case' accepts "$two**AB-3 (MAY)** Three.\n" '' "$first$second" '3 requirements, 2 of them'
check 'a reason stands for a case' accepts "$two" '# why\nAB-2 cannot be seen from outside\n' "$first" \
    'untested: AB-2: cannot be seen from outside'
check 'a MUST without a case' rejects "$two" '' "$second" 'AB-1 (MUST): has no case'
check 'a SHOULD without a case' rejects "$two" '' "$first" 'AB-2 (SHOULD): has no case'
check 'a case without a requirement' rejects "$two" '' "$first${second}AB-9/nine\t?\t\ta title\n" \
    'AB-9/nine: its requirement is not in'
check 'two cases of one id' rejects "$two" '' "$first$first$second" 'AB-1/one: two cases have this id'
check 'two requirements of one id' rejects "$two$two" '' "$first$second" 'AB-1: stands twice'
check 'a case that is no id' rejects "$two" '' "$first${second}AB-1/Bad Name\tMUST\t\ta title\n" 'no id of a case'
check 'a case without a title' rejects "$two" '' "$first${second}AB-1/more\tMUST\t\t\n" 'AB-1/more: has no title'
check 'a reason for what has a case' rejects "$two" 'AB-1 hidden\n' "$first$second" 'AB-1: has a case, and is listed'
check 'a reason for what is not there' rejects "$two" 'AB-7 hidden\n' "$first$second" 'AB-7: in'
check 'an id without a reason' rejects "$two" 'AB-2\n' "$first" 'AB-2: without a reason'
check 'an unknown level' rejects "$two**AB-4 (SHALL)** Four.\n" '' "$first$second" 'no level that is known'

if [ -x "$program" ]; then
    check 'SPEC.md and the suite' "$checker" "$program" conformance/SPEC.md conformance/untested
else
    skip 'SPEC.md and the suite' 'llmp-conformance needs jansson: make setup'
fi
finish
