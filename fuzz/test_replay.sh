#!/usr/bin/env bash
# Replays every committed input, those of former defects included, with its target: without an engine, in the
# configuration that is tested.
. ref/test/tap.sh

replays() {
    files=$(find "fuzz/corpus/$1" -type f | wc -l)
    [ "$files" -gt 0 ] || { echo "fuzz/corpus/$1 is empty"; return 1; }
    said=$("$LLMP_BUILD/fuzz/$1" "fuzz/corpus/$1") || return 1
    [ "$said" = "$files inputs" ] || { echo "replayed $said of $files files"; return 1; }
}

targets=$(cd fuzz/target && printf '%s\n' *.c | sed 's/\.c$//')
check "every target has a corpus, and every corpus a target" [ "$targets" = "$(ls fuzz/corpus)" ]
for target in $targets; do
    check "$target: the property holds for all committed inputs" replays "$target"
done
finish
