#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Nothing of the suite may include a file of ref/, because the suite would repeat the errors of ref. The dependency
# files of the compiler show what was included. The adapter and the mutants of ref belong to ref. Within the suite, each
# room includes only the rooms that suite/README.md lists for it.
. ref/test/tap.sh

objects=$LLMP_BUILD/obj/conformance

recorded() {
    find "$objects" -name '*.d' ! -path "$objects/adapters/ref/*" ! -path "$objects/mutants/*"
}

none_names_ref() {
    ! recorded | xargs grep -lE '(^| |[.]/)ref/'
}

some_oracle_was_built() {
    recorded | grep "^$objects/oracle/"
}

no_source_names_ref() {
    ! grep -rnE '^ *# *include ("(\.\./)*(ref|llmp|os|shmem|wire|channel|broker|net|cmd)/|<llmp/)' --include='*.[ch]' \
        conformance/oracle conformance/suite conformance/test
}

# includes_only FOLDER PATTERN: no file in the folder includes a project file that does not match
includes_only() {
    grep -rE '^ *# *include "' --include='*.[ch]' "conformance/$1" >"$scratch/includes" || { echo "$1: no include"; return 1; }
    ! grep -vE "include \"($2)/" "$scratch/includes"
}

check "the oracle was compiled" some_oracle_was_built
check "no compiled file of the suite includes a file of ref" none_names_ref
check "no source of the suite includes a file of ref" no_source_names_ref
check "the oracle includes only itself" includes_only oracle oracle
check "the room adapter includes only itself" includes_only suite/adapter suite/adapter
check "the room kit includes adapter and oracle" includes_only suite/kit 'suite/kit|suite/adapter|oracle'
check "the room cases includes kit" includes_only suite/cases 'suite/cases|suite/kit'
check "the room report includes only itself" includes_only suite/report suite/report
check "the room runner includes kit, report and adapter" includes_only suite/runner \
    'suite/runner|suite/report|suite/kit|suite/adapter|oracle'
finish
