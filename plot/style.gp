# SPDX-License-Identifier: MIT OR Apache-2.0
# What all plots share: colours that colour-blind people can tell apart (Okabe and Ito), with a shape of point each, and
# both terminals. A script sets `width` and `height`, and draws in a loop over "svg png".

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
set key top left reverse Left samplen 2 spacing 1.2

# SVG for pages that scale it, PNG for those that cannot show it. Both on white, or dark pages would swallow the axes.
terminal_of(kind) = kind eq 'svg' ? \
    sprintf("svg size %d,%d enhanced font 'DejaVu Sans,13' background '#ffffff'", width, height) : \
    sprintf("pngcairo size %d,%d enhanced font 'DejaVu Sans,11' background '#ffffff'", width, height)

# A provider looks the same in every plot, whichever others are in it.
style_of(provider, index) = provider eq 'sysv' ? 1 : provider eq 'posix' ? 2 : provider eq 'memfd' ? 3 : 3 + (index - 1) % 3 + 1

payload_tics = "set xtics ('8' 8, '64' 64, '256' 256, '1 Ki' 1024, '4 Ki' 4096, '64 Ki' 65536, '1 Mi' 1048576)"
present(file) = system(sprintf("test -s '%s' && echo 1 || echo 0", file)) + 0
