# SPDX-License-Identifier: MIT OR Apache-2.0
# One-way throughput over the payload's size: messages and bytes a second, a line a provider, and the floor.
load here.'/style.gp'
width = 1000
height = 480
floor = data.'/stream-floor'
file(provider) = data.'/stream-'.provider
extreme(sign) = system("cat '".data."'/stream-* | awk '$3 != \"NaN\" { print $3 / 1e9 }' | sort -g".sign." | head -n 1") + 0.0
least = extreme('')
most = extreme('r')

do for [kind in "svg png"] {
    eval 'set terminal '.terminal_of(kind)
    set output out.'.'.kind
    set multiplot layout 1,2 margins 0.075,0.985,0.125,0.83 spacing 0.095 \
        title "{/:Bold=15 One-way throughput}\n{/=11 ".subtitle."}"
    set logscale xy
    eval payload_tics
    set xlabel 'payload, bytes'
    set xrange [5:1700000]

    set title 'messages a second' offset 0,-0.6
    set ylabel ''
    set format y '10^{%T}'
    set key bottom left reverse Left
    plot floor using 1:2 with linespoints ls 9 title 'floor: no protocol', \
         for [i=1:words(providers)] file(word(providers, i)) using 1:2 with linespoints ls style_of(word(providers, i), i) title word(providers, i)

    set title 'gigabytes a second'
    set format y '%g'
    set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
    set yrange [least / 1.3:most * 1.3]
    set key bottom right noreverse Right
    plot floor using 1:($3/1e9) with linespoints ls 9 title 'floor: no protocol', \
         for [i=1:words(providers)] file(word(providers, i)) using 1:($3/1e9) with linespoints ls style_of(word(providers, i), i) title word(providers, i)
    unset multiplot
    set ytics auto
    set yrange [*:*]
    unset output
}
