#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# An adapter for test_suite.sh. It has one verb, sender.open over posix, and misbehaves as FAKE says, in the cases named
# FAKE-… or from the hello on.
: "${FAKE:=good}" "${FAKE_NAME:=fake}"
# The digit after the second _ keeps the name from implementations that remove leftovers: theirs have a letter there.
name=libafl_$$_0fake
trap 'rm -f "/dev/shm/$name"' EXIT

reply() { printf '{"id":%s,%s}\n' "$id" "$1"; }

# Writes the header of a page of 1 MiB with the sender id 7, and the tag of its first slot.
make_page() {
    total='\0320\0377\0017\0\0\0\0\0'
    [ "$FAKE" != wrong ] || total='\0320\0377\0\0\0\0\0\0'
    truncate -s 1048576 "/dev/shm/$name"
    printf '\361\032\032\032\032\032\032\032\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0%b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\257\255\336\0' "$total" |
        dd of="/dev/shm/$name" conv=notrunc 2>/dev/null
}

open_sender() {
    [ -z "${FAKE_PIDS-}" ] || echo "$$ $PPID" >"$FAKE_PIDS"
    case $FAKE in
        hangs) sleep 1000 ;;
        crashes) echo 'the fake is about to crash' >&2; rm -f "/dev/shm/$name"; kill -SEGV $$ ;;
        exits) exit 101 ;;
        refuses) reply '"result":"refused","error":"not today"'; return ;;
        unsupported) reply '"result":"unsupported","error":"no such thing"'; return ;;
        garbage) echo 'no JSON at all'; return ;;
        other-id) printf '{"id":999,"result":"ok"}\n'; return ;;
        no-result) reply '"error":"none"'; return ;;
        no-description) reply '"result":"ok"'; return ;;
        negative) reply '"result":"ok","description":{"size":-4096,"id":"/nowhere"}'; return ;;
        leaves-child) sleep 1000 >/dev/null & ;;
    esac
    make_page
    reply '"result":"ok","description":{"size":1048576,"id":"/'"$name"'"}'
}

hello() {
    case $FAKE in
        absent) echo 'the fake needs another machine' >&2; exit 77 ;;
        silent) sleep 1000 ;;
        dies) exit 3 ;;
        hello-name) FAKE_NAME='No File Name' ;;
    esac
    reply '"result":"ok","adapter":1,"name":"'"$FAKE_NAME"'","implementation":"a fake","roles":["sender"],"providers":["posix"],"page_size":1048576,"options":[]'
}

while read -r line; do
    id=${line#'{"id":'} verb=${line#*'"verb":"'} test=${line#*'"test":"'}
    id=${id%%,*} verb=${verb%%'"'*} test=${test%%'"'*}
    case $FAKE,$test,$verb in
        *,hello) hello ;;
        lingers,FAKE*) trap '' HUP TERM; make_page; reply '"result":"ok","description":{"size":1048576,"id":"/'"$name"'"}'; sleep 1000 ;;
        leaks,FAKE*) trap - EXIT; open_sender ;;
        *,FAKE*,sender.open) open_sender ;;
        smoke,ADAPTER/sender,*) reply '"result":"ok"' ;;
        eager,ADAPTER/invalid,*) reply '"result":"ok"' ;;
        fragile,ADAPTER/invalid,*) exit 1 ;;
        *,ADAPTER/invalid,*) reply '"result":"unsupported"' ;;
        *,ADAPTER/*) reply '"result":"refused"' ;;
        *) reply '"result":"unsupported"' ;;
    esac
done
