# SPDX-License-Identifier: MIT OR Apache-2.0
# The efficiency of every benchmark: baseline time / measured time. One line of points per case and payload.
load here.'/style.gp'
load data.'/efficiency.gp'
width = 1000
height = 188 - depth * 24
file(side, i) = data.'/efficiency-'.side.'-'.word(subjects, i)
# Values beyond the frame are drawn at its edge; the subjects of one line are drawn slightly above each other.
clamp(efficiency) = efficiency > 1.25 ? 1.25 : efficiency
dodge(i) = ((words(subjects) + 1) / 2.0 - i) * 0.2
sides = (present(data.'/efficiency-left.gp') ? 'left ' : '').(present(data.'/efficiency-right.gp') ? 'right' : '')

do for [format in "svg png"] {
    eval 'set terminal '.terminal_of(format)
    set output out.'.'.format
    set multiplot layout 1,words(sides) margins 0.155,0.985,60.0/height,1-128.0/height spacing 0.165 \
        title "{/:Bold=15 Efficiency: baseline time / measured time}\n{/=11 ".baseline_text."}\n{/=11 1.0 (dashed): as fast as the baseline. 0.5: half as fast. Higher is better, for throughput and latency alike.}\n{/=11 ".subtitle."}"
    set xlabel 'efficiency (1.0 = as fast as the baseline)'
    set xrange [0:1.25]
    set xtics 0.2
    set format x '%.1f'
    set yrange [depth:-0.3]
    set key at screen 0.5,1-102.0/height center center samplen 1 width 2
    do for [side in sides] {
        set ytics ('' 0)
        load data.'/efficiency-'.side.'.gp'
        set arrow 1 from 1,depth to 1,-0.3 nohead ls 9 lw 1.5
        measured = ''
        do for [i=1:words(subjects)] { if (present(file(side, i))) { measured = measured.' '.i } }
        plot for [i in measured] file(side, int(i)) using (clamp($1)):($2 + dodge(int(i))) \
                 with points ls style_of(int(i)) ps 1.3 notitle, \
             for [i=1:words(subjects)] keyentry with points ls style_of(i) ps 1.3 \
                 title side eq word(sides, 1) ? word(labels, i) : ''
    }
    unset multiplot
    unset output
}
