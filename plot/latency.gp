# SPDX-License-Identifier: MIT OR Apache-2.0
# One-way latency: the percentiles at 64 bytes, and the median over the payload size.
load here.'/style.gp'
width = 1000
height = 520
baseline = data.'/pingpong-baseline'
file(i) = data.'/pingpong-'.word(subjects, i)

# Columns 2 to 6 of the line for a payload are its percentiles. Shown: 64 bytes, or the first payload if 64 was not measured.
shown = system("awk '$1 == 64 { print; exit }' '".baseline."'") eq '' ? \
    system("awk 'NR == 1 { print $1 }' '".baseline."'") : '64'
column_of(f) = sprintf("< awk '$1 == %s { for (i = 2; i <= NF; i++) print i - 1, $i }' '%s'", shown, f)

# Whole decades around the columns from `first` to `last` of all files.
edge(first, last, sign) = system(sprintf("cat '%s'/pingpong-* | awk '{ for (i = %d; i <= %d && i <= NF; i++) print $i / 1e9 }' | sort -g%s | head -n 1", data, first, last, sign)) + 0.0
below(first, last) = 10 ** floor(log10(edge(first, last, '')))
above(first, last) = 10 ** ceil(log10(edge(first, last, 'r')))

do for [format in "svg png"] {
    eval 'set terminal '.terminal_of(format)
    set output out.'.'.format
    set multiplot layout 1,2 margins 0.075,0.985,60.0/height,1-128.0/height spacing 0.095 \
        title "{/:Bold=15 One-way latency}\n{/=11 ".baseline_text."}\n{/=11 ".subtitle."}"
    set key at screen 0.5,1-82.0/height center center
    set logscale y
    set ytics ('10 ns' 1e-8, '100 ns' 1e-7, '1 µs' 1e-6, '10 µs' 1e-5, '100 µs' 1e-4, '1 ms' 1e-3, '10 ms' 1e-2, '100 ms' 0.1, '1 s' 1)

    set yrange [below(2, 6):above(2, 6)]
    set title 'percentiles at '.shown.' bytes (lower is better)' offset 0,-0.6
    set xlabel 'percentile'
    set xrange [0.7:5.3]
    set xtics ('50' 1, '90' 2, '99' 3, '99.9' 4, 'max' 5)
    plot column_of(baseline) using 1:($2*1e-9) with linespoints ls 9 title 'baseline', \
         for [i=1:words(subjects)] column_of(file(i)) using 1:($2*1e-9) \
             with linespoints ls style_of(i) title word(labels, i)

    set yrange [below(2, 2):above(2, 2)]
    set title 'median over the payload size (lower is better)'
    set logscale x
    set xlabel 'payload, bytes'
    set xrange [5:1700000]
    eval payload_tics
    plot baseline using 1:($2*1e-9) with linespoints ls 9 notitle, \
         for [i=1:words(subjects)] file(i) using 1:($2*1e-9) \
             with linespoints ls style_of(i) notitle
    unset multiplot
    unset logscale x
    unset output
}
