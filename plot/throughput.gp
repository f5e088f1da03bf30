# SPDX-License-Identifier: MIT OR Apache-2.0
# One-way throughput over the payload size: messages and bytes per second, one line per subject, and the baseline.
load here.'/style.gp'
width = 1000
height = 520
baseline = data.'/stream-baseline'
file(i) = data.'/stream-'.word(subjects, i)
extreme(sign) = system("cat '".data."'/stream-* | awk '$3 != \"NaN\" { print $3 / 1e9 }' | sort -g".sign." | head -n 1") + 0.0
min_rate = extreme('')
max_rate = extreme('r')

do for [format in "svg png"] {
    eval 'set terminal '.terminal_of(format)
    set output out.'.'.format
    set multiplot layout 1,2 margins 0.075,0.985,60.0/height,1-128.0/height spacing 0.095 \
        title "{/:Bold=15 One-way throughput}\n{/=11 ".baseline_text."}\n{/=11 ".subtitle."}"
    set key at screen 0.5,1-82.0/height center center
    set logscale xy
    eval payload_tics
    set xlabel 'payload, bytes'
    set xrange [5:1700000]

    set title 'messages per second (higher is better)' offset 0,-0.6
    set ylabel ''
    set format y '10^{%T}'
    plot baseline using 1:2 with linespoints ls 9 title 'baseline', \
         for [i=1:words(subjects)] file(i) using 1:2 with linespoints ls style_of(i) title word(labels, i)

    set title 'gigabytes per second (higher is better)'
    set format y '%g'
    set ytics (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
    set yrange [min_rate / 1.3:max_rate * 1.3]
    plot baseline using 1:($3/1e9) with linespoints ls 9 notitle, \
         for [i=1:words(subjects)] file(i) using 1:($3/1e9) with linespoints ls style_of(i) notitle
    unset multiplot
    set ytics auto
    set yrange [*:*]
    unset output
}
