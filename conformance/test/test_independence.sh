#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The suite is worth something only if it cannot believe what ref believes: nothing of it may come from ref/. What the
# compiler wrote down as included is the witness. The adapter of ref and its mutants are ref's, not the suite's.
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
    ! grep -rnE '^ *# *include ("(\.\./)*(ref|llmp|os|shmem|channel|broker|net|cmd)/|<llmp/)' --include='*.[ch]' \
        conformance/oracle conformance/suite conformance/test
}

check "the oracle was compiled here" some_oracle_was_built
check "nothing that was compiled for the suite included a file of ref" none_names_ref
check "no source of the suite asks for one" no_source_names_ref
finish
