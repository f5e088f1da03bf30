#!/bin/sh
# The documents are correct: the program of the README compiles and prints what it should, and every link has a target.
. ref/test/tap.sh

# shellcheck disable=SC2086,SC2016 # CC may be several words; the backquotes are no commands
program() {
    sed -n '/^```c$/,/^```$/{/^```/!p;}' README.md >"$scratch/hello.c"
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Iref/include "$scratch/hello.c" -o "$scratch/hello" \
        "$LLMP_BUILD/lib/libllmp.a" -lpthread || return
    output=$("$scratch/hello") && echo "$output" && [ "$output" = "tag 7: hello" ]
}

links() { # FILE: prints each relative link that has no target, and fails if there is one
    sed -n 's/[^]]*](\([^):#]*\))/\nlink \1\n/gp' "$1" | sed -n 's/^link \([^ <>|]*\)$/\1/p' | {
        missing=0
        while read -r target; do
            [ -e "$(dirname "$1")/$target" ] || { echo "$1 links to $target"; missing=1; }
        done
        [ "$missing" = 0 ]
    }
}

check "the program of the README" program
for file in ./*.md ref/*/README.md results/README.md conformance/*.md conformance/*/README.md \
    conformance/adapters/*/README.md conformance/reports/*.md fuzz/README.md fuzz/*/README.md; do
    check "links of ${file#./}" links "$file"
done
finish
