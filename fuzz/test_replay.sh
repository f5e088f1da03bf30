#!/usr/bin/env bash
# Every input that is committed, among them each that once broke something, through the target that it belongs to; without
# an engine, and in whatever configuration the tests run.
. ref/test/tap.sh

replays() {
    files=$(find "fuzz/corpus/$1" -type f | wc -l)
    [ "$files" -gt 0 ] || { echo "fuzz/corpus/$1 is empty"; return 1; }
    said=$("$LLMP_BUILD/fuzz/$1" "fuzz/corpus/$1") || return 1
    [ "$said" = "$files inputs" ] || { echo "$said, and there are $files files"; return 1; }
}

# A target without a corpus, or a corpus without a target, was forgotten.
targets=$(cd fuzz/target && printf '%s\n' *.c | sed 's/\.c$//')
check "every corpus has its target" [ "$targets" = "$(ls fuzz/corpus)" ]
for target in $targets; do
    check "$target: the committed inputs hold" replays "$target"
done
finish
