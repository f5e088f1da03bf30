# SPDX-License-Identifier: MIT OR Apache-2.0
# How near to the floor every case is: 1 is as fast as the two cores can, whatever the machine. A row for each payload.
load here.'/style.gp'
load data.'/ratio.gp'
width = 1000
height = 168 - depth * 24
file(side, provider) = data.'/ratio-'.side.'-'.provider
# Beyond the frame is shown at its edge; the providers of a row stand a little above each other.
clamp(ratio) = ratio > 1.25 ? 1.25 : ratio
dodge(i) = ((words(providers) + 1) / 2.0 - i) * 0.2
sides = (present(data.'/ratio-left.gp') ? 'left ' : '').(present(data.'/ratio-right.gp') ? 'right' : '')

do for [kind in "svg png"] {
    eval 'set terminal '.terminal_of(kind)
    set output out.'.'.kind
    set multiplot layout 1,words(sides) margins 0.155,0.985,60.0/height,1-108.0/height spacing 0.165 \
        title "{/:Bold=15 Ratio to the floor}\n{/=11 1: as fast as these two cores can without any protocol. 0.5: half as fast.}\n{/=11 ".subtitle."}"
    set xlabel 'ratio'
    set xrange [0:1.25]
    set xtics 0.2
    set yrange [depth:-0.3]
    set key at screen 0.5,1-82.0/height center center horizontal reverse Left samplen 1 width 2
    do for [side in sides] {
        set ytics ('' 0)
        load data.'/ratio-'.side.'.gp'
        set arrow 1 from 1,depth to 1,-0.3 nohead ls 9 lw 1.5
        plot for [i=1:words(providers)] present(file(side, word(providers, i))) ? file(side, word(providers, i)) : '/dev/null' \
             using (clamp($1)):($2 + dodge(i)) with points ls style_of(word(providers, i), i) ps 1.3 title side eq word(sides, 1) ? word(providers, i) : ''
    }
    unset multiplot
    unset output
}
