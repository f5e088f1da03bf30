# shellcheck shell=sh disable=SC2154,SC2034
# SPDX-License-Identifier: MIT OR Apache-2.0
# The part of test_suite.sh about reports: each file exists, is valid, and has the same results. test_suite.sh sources
# this file.

# count PATTERN FILE NUMBER
count() {
    found=$(grep -c -- "$1" "$2")
    [ "$found" = "$3" ] || { echo "$2: $1 occurs $found times, expected $3"; return 1; }
}

run good --filter 'FAKE-[1-4]*,FAKE-5/skips,FAKE-5/role' --report reports
check 'a run with all kinds of results' saw 1 '5 passed, 1 failed, 3 skipped'
tap_file() {
    count '^1\.\.11$' "$scratch/reports/results.tap" 1 && count '^ok' "$scratch/reports/results.tap" 8 &&
        count '# SKIP' "$scratch/reports/results.tap" 3 && count '# TODO' "$scratch/reports/results.tap" 2 &&
        count '^not ok' "$scratch/reports/results.tap" 3
}
check 'results.tap' tap_file

# All elements and all quotation marks are closed.
xml_file() {
    file=$scratch/reports/junit.xml
    count '<testcase ' "$file" 11 && count '<failure ' "$file" 1 && count '<skipped ' "$file" 3 &&
        count '&lt;else&gt; &amp; better' "$file" 2 && well_formed "$file"
}
# Each end tag closes the last open element, and text has no bare < or &.
well_formed() {
    awk '
        { text = text $0 "\n" }
        END {
            while (match(text, /<[^>]*>/)) {
                before = substr(text, 1, RSTART - 1); tag = substr(text, RSTART + 1, RLENGTH - 2)
                text = substr(text, RSTART + RLENGTH)
                if (before ~ /&/ && before !~ /&(amp|lt|gt|quot);/) { print "a bare &: " before; exit 1 }
                if (tag ~ /^[?!]/ || tag ~ /\/$/) continue
                name = tag; sub(/[ \n].*/, "", name)
                if (name ~ /^(meta|link)$/) continue
                if (gsub(/"/, "\"", tag) % 2) { print "an odd quotation mark: " tag; exit 1 }
                if (name !~ /^\//) stack[++depth] = name
                else if (stack[depth--] != substr(name, 2)) { print "closes what is not open: " tag; exit 1 }
            }
            if (depth != 0) { print depth " tags are not closed"; exit 1 }
        }' "$1"
}
check 'junit.xml' xml_file
json_file() {
    file=$scratch/reports/results.json
    count '"version": 2' "$file" 1 && count '"id": "FAKE-' "$file" 11 && count '"status": "failed"' "$file" 1 &&
        count '"status": "warning"' "$file" 2 &&
        count '"warnings": 2' "$file" 1
}
check 'results.json' json_file
markdown_file() {
    file=$scratch/reports/report.md
    count '^| plain | 5 | 1 | 3 |$' "$file" 1 && count '^## Failed$' "$file" 1 && count 'FAKE-2/fails@posix\*\*' "$file" 1
}
check 'report.md' markdown_file
html_file() {
    file=$1
    count 'href="SPEC.md#FAKE-2"' "$file" 1 && count '<code>FAKE-1</code>' "$file" 1 && count '&lt;two&gt;' "$file" 6 &&
        well_formed "$file" && ! grep -E '(src|href)="(https?:|//)|@import|<script|<link' "$file"
}
check 'matrix.html needs no other file' html_file "$scratch/reports/matrix.html"
check 'SPEC.md, to which it links, is beside it' cmp "$spec" "$scratch/reports/SPEC.md"

no_report() {
    rm -rf "$scratch/build"
    run good --filter FAKE-1/passes
    [ ! -e "$scratch/build" ] || return
    run good
    [ -f "$scratch/build/conformance/fake/results.json" ] && [ -f "$scratch/build/conformance/matrix.html" ]
}
check 'a run with --filter writes no report, a whole run does' no_report

two() {
    status=0
    (cd "$scratch" && exec "$fake" --spec "$spec" --impl "exec env FAKE_NAME=one $adapter" --impl \
        "exec env FAKE_NAME=two FAKE=wrong $adapter" --filter FAKE-7,FAKE-1/fresh --report two) \
        >"$scratch/out" 2>"$scratch/err" || status=$?
    saw 1 'one (a fake) with two: 1 cases' 'two (a fake) with one: 1 cases' '5 passed, 1 failed, 0 skipped' &&
        count '"peer": "two"' "$scratch/two/one/results.json" 1 && count '<th>one</th><th>two</th>' "$scratch/two/matrix.html" 2 && well_formed "$scratch/two/matrix.html"
}
check 'two implementations, and each with the other' two
with_peer() {
    printf 'FAKE-7/pair@posix+two it is not\nFAKE-7/pair@posix neither\n' >"$scratch/expected"
    run good --peer "exec env FAKE_NAME=two $adapter" --expected "$scratch/expected" --filter FAKE-7 --verbose
    saw 1 'FAKE-7/pair@posix+two' 'it is not' "--peer '" '0 passed, 1 failed, 0 skipped'
}
check 'the id contains the name of another peer' with_peer
combined() {
    "$fake" --spec "$spec" --matrix "$scratch/two/one/results.json" "$scratch/two/two/results.json" >"$scratch/combined" &&
        cmp "$scratch/combined" "$scratch/two/matrix.html"
}
check '--matrix writes the same page' combined
not_results() {
    status=0
    echo '{"version": 7, "results": []}' >"$scratch/other.json"
    "$fake" --spec "$spec" --matrix "$scratch/other.json" >"$scratch/out" 2>"$scratch/err" || status=$?
    saw 2 'other.json: not a results.json of version 2'
}
check 'a file without results' not_results
unwritable() {
    : >"$scratch/file"
    run good --filter FAKE-1/passes --report file
    saw 2 'file'
}
check 'a folder that cannot be created' unwritable

tap_output() {
    run good --filter 'FAKE-1/passes,FAKE-2,FAKE-5/skips' --tap
    saw 1 'ok 1 - FAKE-1/passes@posix' 'not ok 2 - FAKE-2/fails@posix' 'ok 3 - FAKE-5/skips@posix # SKIP needs a better machine' \
        '1..3' '# 1 passed, 1 failed, 1 skipped'
}
check 'TAP on standard output' tap_output
list_output() {
    "$fake" --spec "$spec" --list --filter FAKE-5/role,FAKE-3/should >"$scratch/out"
    printf 'FAKE-3/should\tSHOULD\t\ta failure of a SHOULD\nFAKE-5/role\tMUST\tsender b2b\ta role that the fake does not have\n' |
        diff - "$scratch/out"
}
check 'the list of cases' list_output
last_line() {
    run good --filter FAKE-1/passes
    [ "$(tail -n 1 "$scratch/out")" = '1 passed, 0 failed, 0 skipped' ]
}
check 'the last line has the totals' last_line
colours() {
    run good --filter FAKE-2
    ! grep -q "$(printf '\033')" "$scratch/out"
}
check 'no colours without a terminal' colours
