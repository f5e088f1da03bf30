# SPDX-License-Identifier: MIT OR Apache-2.0
# Styles that all plots share: colours that colour-blind readers can distinguish (Okabe and Ito), a point shape for each,
# and both terminals. A script sets `width` and `height`, and draws in a loop over "svg png".

set encoding utf8
set style line 1 lc rgb '#0072B2' lw 2 pt 7 ps 1.0
set style line 2 lc rgb '#E69F00' lw 2 pt 5 ps 1.0
set style line 3 lc rgb '#009E73' lw 2 pt 9 ps 1.25
set style line 4 lc rgb '#CC79A7' lw 2 pt 11 ps 1.25
set style line 5 lc rgb '#D55E00' lw 2 pt 13 ps 1.25
set style line 6 lc rgb '#56B4E9' lw 2 pt 4 ps 1.0
set style line 9 lc rgb '#444444' lw 2 dt (8,5) pt 2 ps 0.8
set style line 10 lc rgb '#DDDDDD' lw 1
set grid xtics ytics ls 10
set border 3 lc rgb '#444444'
set tics nomirror
# One legend for both plots of a picture, below its title; only the left plot names its lines.
set key horizontal reverse Left samplen 2 width 1

# SVG for pages that scale it, PNG for those that cannot show it. Both have a white background, because the dark axes
# would be invisible on a dark page.
terminal_of(format) = format eq 'svg' ? \
    sprintf("svg size %d,%d enhanced font 'DejaVu Sans,13' background '#ffffff'", width, height) : \
    sprintf("pngcairo size %d,%d enhanced font 'DejaVu Sans,11' background '#ffffff'", width, height)

# plot/draw sets `subjects` ("ref-sysv ref-posix", as in the names of its data files) and `labels` (their legends).
# These three subjects look the same in every plot; other subjects get a style by their position in the list.
style_of(i) = word(subjects, i) eq 'ref-sysv' ? 1 : word(subjects, i) eq 'ref-posix' ? 2 : word(subjects, i) eq 'ref-memfd' ? 3 : 4 + (i - 1) % 3
baseline_text = 'Baseline: the same two cores move the same data in the same second, without a protocol.'

payload_tics = "set xtics ('8' 8, '64' 64, '256' 256, '1 Ki' 1024, '4 Ki' 4096, '64 Ki' 65536, '1 Mi' 1048576)"
present(file) = system(sprintf("test -s '%s' && echo 1 || echo 0", file)) + 0
