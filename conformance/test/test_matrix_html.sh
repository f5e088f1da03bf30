#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# matrix.html as a browser sees it: every requirement has its row, the results are in it, nothing is complained of, and it
# follows a reader's wish for a dark page.
. ref/test/tap.sh

suite=$LLMP_BUILD/bin/llmp-conformance
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
unable=
[ -x "$suite" ] || unable='llmp-conformance needs jansson: make setup'
[ -n "$browser" ] || unable='needs chromium: make setup-full'
if [ -n "$unable" ]; then
    skip 'matrix.html in a browser' "$unable"
    finish
fi

# browse PAGE OPTION…: the page as it is once a browser has shown it; the browser keeps everything in $scratch
browse() {
    page=$scratch/report/$1
    shift
    HOME=$scratch timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-extensions \
        --user-data-dir="$scratch/profile" --enable-logging=stderr --window-size=1600,1800 --virtual-time-budget=5000 \
        --dump-dom "$@" "file://$page" 2>"$scratch/browser" || { tail -n 20 "$scratch/browser"; return 1; }
}

# One requirement that holds; all others are not run.
runs() {
    "$suite" --impl conformance/adapters/ref --provider posix --filter PAGE-1 --report "$scratch/report"
    [ -s "$scratch/report/matrix.html" ]
}

# A copy that measures itself: rows that can be seen with all their cells, whether it is wider than the window, and colours.
measuring() {
    sed '/<\/body>/d; /<\/html>/d' "$scratch/report/matrix.html"
    cat <<'SCRIPT'
<script>
const cells = document.querySelector("tr[id]").closest("table").tHead.rows[0].cells.length;
const whole = [...document.querySelectorAll("tr[id]")].filter(
    (row) => row.getBoundingClientRect().height > 10 && row.cells.length === cells);
document.title = `rows ${whole.length} wider ${document.documentElement.scrollWidth > innerWidth} ` +
    `colours ${getComputedStyle(document.body).backgroundColor} on ${getComputedStyle(document.body).color}`;
</script></body></html>
SCRIPT
}

reads() { browse matrix.html >"$scratch/dom"; }
measures() {
    measuring >"$scratch/report/measure.html"
    browse measure.html | sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' >"$scratch/light"
    browse measure.html --force-dark-mode | sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' >"$scratch/dark"
    cat "$scratch/light" "$scratch/dark"
    grep -q '^rows' "$scratch/light" && grep -q '^rows' "$scratch/dark"
}

requirements() {
    sed -n 's/^\*\*\([A-Z0-9]*-[0-9]*\) (.*/\1/p' conformance/SPEC.md | sort >"$scratch/wanted"
    sed -n 's/.*<tr id="\([^"]*\)".*/\1/p' "$scratch/dom" | sort >"$scratch/rows"
    [ -s "$scratch/wanted" ] && diff "$scratch/wanted" "$scratch/rows"
}

# row ID CLASS SYMBOL: what its one result says
row() {
    sed -n "/<tr id=\"$1\"/,/<\/tr>/p" "$scratch/dom" >"$scratch/row"
    if ! grep "<td class=\"$2\"" "$scratch/row" | grep -q "$3"; then
        cat "$scratch/row"
        return 1
    fi
}

silent() { ! grep -E 'CONSOLE|Uncaught|net::ERR' "$scratch/browser"; }
all_seen() { grep "^rows $(wc -l <"$scratch/wanted") " "$scratch/light" || { cat "$scratch/light"; return 1; }; }
fits() { grep 'wider false' "$scratch/light"; }
follows() { ! diff "$scratch/light" "$scratch/dark" || { cat "$scratch/dark"; return 1; }; }

check 'a run writes it' runs
check 'a browser reads it' reads
check 'the browser has no complaint' silent
check 'every requirement of SPEC.md has a row, and nothing else has' requirements
check 'what passed says so' row PAGE-1 pass '✓'
check 'what was not run says so' row EOP-1 none '·'
check 'it can be measured, in the light and in the dark' measures
check 'every row is seen, with all its cells' all_seen
check 'it is as wide as the window' fits
check 'in the dark it has other colours' follows
finish
