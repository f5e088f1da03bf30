#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# matrix.html in a browser: each requirement has a row with its results, the browser reports no error, and the page has
# other colours in dark mode.
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

# browse PAGE OPTION…: prints the DOM after the browser has loaded the page; the browser writes its files to $scratch
browse() {
    page=$scratch/report/$1
    shift
    HOME=$scratch timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-extensions \
        --user-data-dir="$scratch/profile" --enable-logging=stderr --window-size=1600,1800 --virtual-time-budget=5000 \
        --dump-dom "$@" "file://$page" 2>"$scratch/browser" || { tail -n 20 "$scratch/browser"; return 1; }
}

# Runs the cases of one requirement.
runs() {
    "$suite" --impl conformance/adapters/ref --provider posix --filter PAGE-1 --report "$scratch/report"
    [ -s "$scratch/report/matrix.html" ]
}

# Prints a copy of the page whose title has the number of visible, complete rows, whether it is wider than the window,
# and its colours.
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

# row ID CLASS SYMBOL: fails unless the requirement's cell has this class and symbol
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

check 'a run writes the page' runs
check 'a browser loads the page' reads
check 'the browser reports no error' silent
check 'each requirement of SPEC.md has a row, and there are no other rows' requirements
check 'a passed requirement' row PAGE-1 pass '✓'
check 'a requirement that was not run' row EOP-1 none '·'
check 'the page can be measured, in light and dark mode' measures
check 'each row is visible, with all its cells' all_seen
check 'the page is not wider than the window' fits
check 'dark mode has other colours' follows
finish
