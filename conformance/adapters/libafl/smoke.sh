#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests each verb of the LibAFL adapters once, without the suite, and prints TAP: smoke.sh [RELEASE…]
# It tests the adapter, not LibAFL: each expected answer is what the crates really do.
set -u

room=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
pids=
tap_cases=0
tap_failures=0
# shellcheck source-path=SCRIPTDIR source=talk.sh
. "$room/talk.sh"
trap clean_up EXIT
trap 'exit 1' INT TERM

# A payload and its digest, from ADAPTER.md
FIVE='"length":5,"seed":1'
FIVE_DIGEST='"digest":3556106067'
UNSET=14593455

# check NAME COMMAND…: runs the command in this shell, because it uses the adapters' descriptors and $answer
check() {
    name=$1
    shift
    tap_cases=$((tap_cases + 1))
    rm -f "$scratch"/*.err
    if "$@" >"$scratch/said" 2>&1; then
        echo "ok $tap_cases - $release: $name"
    else
        echo "not ok $tap_cases - $release: $name"
        tail -q -n 20 "$scratch/said" "$scratch"/*.err 2>/dev/null | sed 's/^/# /'
        tap_failures=$((tap_failures + 1))
    fi
}

skip() {
    tap_cases=$((tap_cases + 1))
    echo "ok $tap_cases - $release: $1 # SKIP $2"
}

test_hello() {
    start a "$adapter"
    ok a hello '"adapter":1' "\"name\":\"libafl-$release\"" '"page_size":1048576' '"keep_pages"' '"b2b"' '"sysv"' &&
        expect a nonsense '' '"unsupported"' &&
        expect a sender.nonsense '' '"unsupported"' &&
        expect a sender.open '"provider":"sysv","sender_id":1,"colour":"red"' '"unsupported"' &&
        expect a sender.open '"provider":"sysv","sender_id":1,"receivers":2' '"unsupported"' &&
        expect a sender.open '"provider":"clay","sender_id":1' '"unsupported"' &&
        expect a sender.open '"provider":"sysv","sender_id":-1' '"refused"' &&
        expect a sender.open '"provider":"sysv"' '"refused"' &&
        expect a sender.send '"tag":7,"length":5,"seed":1' '"refused"' &&
        send_line a 'garbage' && contains '"refused"' &&
        send_line a '[]' && contains '"refused"' &&
        ok a sender.open '"provider":"sysv","sender_id":"1"' &&
        exits a 0
}

# Opens a channel over $provider: a sends and b receives, or a does both if other processes cannot use the id.
open_channel() {
    start a "$adapter"
    reader=a
    case $provider in sysv | posix) reader=b && start b "$adapter" ;; esac
    ok a sender.open "\"provider\":\"$provider\",\"sender_id\":3${1:+,$1}" || return 1
    description=$(object description)
    ok "$reader" receiver.open "\"provider\":\"$provider\",\"description\":$description"
}

close_channel() {
    ok a sender.close && ok "$reader" receiver.close || return 1
    exits a 0 && { [ "$reader" = a ] || exits b 0; }
}

test_channel() {
    provider=$1
    open_channel || return 1
    ok a sender.send "\"tag\":7,$FIVE" '"sent":1' &&
        ok "$reader" receiver.recv '' '"tag":7' '"sender":3' '"flags":0' '"length":5' "$FIVE_DIGEST" '"end":"none"' &&
        ok "$reader" receiver.recv '"count":2,"timeout_ms":20' '"messages":[]' '"end":"timeout"' &&
        ok a sender.send '"tag":8,"length":100,"seed":5,"count":20,"flags":2' '"sent":20' &&
        ok "$reader" receiver.drain '"count":20' '"received":20' '"3":{"count":20,"digest":2991859798}' '"end":"none"' &&
        expect a sender.send "\"tag\":$UNSET,\"length\":0,\"seed\":0" '"refused"' '"sent":0' &&
        ok a sender.alloc '"length":100' && ok a sender.shrink '"length":5' &&
        ok a sender.commit '"tag":9,"seed":1,"flags":1' &&
        ok "$reader" receiver.recv '' '"tag":9' '"flags":1' "$FIVE_DIGEST" &&
        expect a sender.commit '"tag":9,"seed":1' '"refused"' && expect a sender.cancel '' '"refused"' &&
        expect a sender.shrink '"length":5' '"refused"' &&
        ok a sender.exit && ok "$reader" receiver.recv '' '"end":"exiting"' || return 1
    close_channel
}

test_cancel() {
    start a "$adapter"
    ok a sender.open '"provider":"sysv","sender_id":1' && ok a sender.alloc '"length":100' && ok a sender.cancel &&
        exits a 0
}

# 80 messages of 100 KiB need about eight pages; all of them are kept, and none is read before the last is sent.
test_pages() {
    provider=sysv
    open_channel '"keep_pages":true' || return 1
    ok a sender.send '"tag":1,"length":102400,"seed":1,"count":80' '"sent":80' &&
        ok b receiver.drain '"count":80' '"received":80' '"digest":2555043589}' || return 1
    close_channel
}

test_too_large() {
    start a "$adapter"
    ok a sender.open '"provider":"sysv","sender_id":1' &&
        expect a sender.send '"tag":1,"length":"4611686018427387904","seed":1' '"refused"' '"sent":0' &&
        expect a sender.send '"tag":1,"length":"9223372036854775808","seed":1' '"unsupported"' && exits a 0
}

test_resume() {
    provider=sysv
    open_channel || return 1
    ok a sender.send "\"tag\":1,$FIVE" && ok b receiver.recv '' '"tag":1' &&
        ok a sender.save '"name":"SMOKE"' '"SMOKE_SIZE":"1048576"' '"SMOKE_OFFSET":"0"' '"SMOKE_CLIENT_ID":"3"' &&
        variables=$(object environment) && start c "$adapter" &&
        ok c sender.resume "\"provider\":\"sysv\",\"name\":\"SMOKE\",\"environment\":$variables" "$description" &&
        ok c sender.send "\"tag\":2,$FIVE" &&
        ok b receiver.save '"name":"BACK"' '"BACK_OFFSET":"0"' && variables=$(object environment) && exits b 0 &&
        start b "$adapter" &&
        ok b receiver.resume "\"provider\":\"sysv\",\"name\":\"BACK\",\"environment\":$variables" &&
        ok b receiver.recv '"timeout_ms":1000' '"tag":2' '"sender":3' "$FIVE_DIGEST" && exits c 0 || return 1
    close_channel
}

# The crates refuse an offset beyond the page's end, but accept one at the end, where no message has room.
test_resume_at_end() {
    provider=sysv
    open_channel || return 1
    id=$(echo "$description" | sed 's/.*"id":"\([0-9]*\)".*/\1/')
    at_end="{\"NO\":\"$id\",\"NO_SIZE\":\"1048576\",\"NO_OFFSET\":\"1048528\",\"NO_CLIENT_ID\":\"3\"}"
    start c "$adapter" &&
        ok c receiver.resume "\"provider\":\"sysv\",\"name\":\"NO\",\"environment\":$at_end" &&
        ok c sender.resume "\"provider\":\"sysv\",\"name\":\"NO\",\"environment\":$at_end" "$description" &&
        exits c 0 || return 1
    close_channel
}

# a is the broker, b and c are its clients.
test_broker() {
    start a "$adapter" && start b "$adapter" && start c "$adapter"
    hooks='{"tag":1,"do":"handled"},{"tag":2,"do":"tag","value":20},{"tag":3,"do":"flags","value":4},'
    hooks="$hooks{\"tag\":4,\"do\":\"add\",\"value\":40}"
    ok a broker.open "\"provider\":\"$1\",\"hooks\":[$hooks],\"exit_after\":2" || return 1
    port=$(digits port)
    ok b client.connect "\"provider\":\"$1\",\"port\":$port,\"timeout_ms\":1000" '"client_id":1' &&
        ok c client.connect "\"provider\":\"$1\",\"port\":$port" '"client_id":2' &&
        for tag in 1 2 3 4; do ok b client.send "\"tag\":$tag,$FIVE" '"sent":1' || return 1; done &&
        ok c client.recv '"timeout_ms":5000' '"tag":20' '"sender":1' '"flags":0' "$FIVE_DIGEST" &&
        ok c client.recv '"timeout_ms":5000' '"tag":3' '"flags":4' && ok c client.recv '"timeout_ms":5000' '"tag":4' &&
        ok c client.recv '"timeout_ms":5000' '"tag":40' '"sender":0' '"length":0' &&
        ok b client.drain '"count":4,"timeout_ms":5000' '"received":4' '"0":{"count":1,' '"1":{"count":3,' &&
        expect a broker.wait '"timeout_ms":10' '"refused"' &&
        ok b client.close && ok c client.send "\"tag\":5,$FIVE" && ok c client.close '"quit":true' &&
        ok a broker.wait '"timeout_ms":5000' && expect a broker.stop '' '"refused"' &&
        exits a 0 && exits b 0 && exits c 0
}

# a is a broker that does not listen, b's channel is attached to it, c reads the broadcast.
test_attach() {
    start a "$adapter" && start b "$adapter" && start c "$adapter"
    ok a broker.open '"provider":"sysv","listen":false' || return 1
    broadcast=$(object description)
    ok b sender.open '"provider":"sysv","sender_id":0' &&
        ok a broker.attach "\"description\":$(object description)" '"client_id":0' &&
        ok c receiver.open "\"provider\":\"sysv\",\"description\":$broadcast" &&
        ok b sender.send "\"tag\":7,$FIVE" && ok c receiver.recv '"timeout_ms":5000' '"tag":7' '"sender":0' "$FIVE_DIGEST" &&
        ok a broker.stop && ok c receiver.recv '"timeout_ms":5000' '"end":"exiting"' &&
        expect a broker.stop '' '"refused"' && expect a broker.attach "\"description\":$broadcast" '"refused"' &&
        exits a 0 && exits b 0 && exits c 0
}

# About eight broadcast pages that no client has joined. If they are kept, all can be read; otherwise the crates panic.
broadcast_pages() {
    start a "$adapter" && start b "$adapter"
    ok a broker.open "\"provider\":\"sysv\",\"listen\":false${1:+,\"keep_pages\":$1}" || return 1
    broadcast=$(object description)
    ok b sender.open '"provider":"sysv","sender_id":0,"keep_pages":true' &&
        ok a broker.attach "\"description\":$(object description)" &&
        ok b sender.send '"tag":1,"length":102400,"seed":1,"count":80' '"sent":80'
}

kept_pages() {
    broadcast_pages "$1" && start c "$adapter" &&
        ok c receiver.open "\"provider\":\"sysv\",\"description\":$broadcast" &&
        ok c receiver.drain '"count":80,"timeout_ms":5000' '"received":80' '"digest":2555043589}' &&
        exits c 0 && exits b 0 && exits a 0
}

test_broker_pages() {
    kept_pages '' && kept_pages true && broadcast_pages false || return 1
    unasked=$(timeout "$answer_timeout" head -n 1 <&4) # returns when the process ends
    [ -z "$unasked" ] && exits a 101 && exits b 0
}

# a and b are brokers; c is a client of a, and also a receiver of b's broadcast.
test_link() {
    start a "$adapter" && start b "$adapter" && start c "$adapter"
    ok a broker.open '"provider":"sysv"' || return 1
    port=$(digits port)
    ok b broker.open '"provider":"sysv"' && far=$(object description) &&
        ok b broker.link "\"port\":$port,\"timeout_ms\":5000" &&
        ok c client.connect "\"provider\":\"sysv\",\"port\":$port" && ok c client.send "\"tag\":7,$FIVE" &&
        ok c receiver.open "\"provider\":\"sysv\",\"description\":$far" &&
        ok c receiver.recv '"timeout_ms":20000' '"tag":7' '"flags":2' "$FIVE_DIGEST" &&
        exits c 0 && exits b 0 && exits a 0
}

# 0.15.4 creates the sender on the broadcast's map, so the client only receives here.
test_existing() {
    start a "$adapter" && start b "$adapter"
    ok a sender.open '"provider":"sysv","sender_id":1' || return 1
    broadcast=$(object description)
    ok b sender.open '"provider":"sysv","sender_id":2' && out=$(object description) &&
        ok a sender.send "\"tag\":7,$FIVE" && start c "$adapter" &&
        ok c client.open "\"provider\":\"sysv\",\"sender\":$out,\"receiver\":$broadcast" &&
        ok c client.recv '"timeout_ms":1000' '"tag":7' '"sender":1' && ok c client.close '"quit":false' &&
        exits a 0 && exits b 0 && exits c 0
}

# 0.15.4 unmaps a page twice; with a single page it continues to work.
test_pair() {
    start a "$adapter"
    ok a client.pair '"provider":"sysv","sender_id":3' '"description"' && ok a client.send "\"tag\":7,$FIVE" &&
        ok a client.recv '"timeout_ms":1000' '"tag":7' '"sender":3' "$FIVE_DIGEST" && ok a client.close '"quit":false'
}

test_maps() {
    start a "$adapter"
    other=a
    case $1 in sysv | posix | served) other=b && start b "$adapter" ;; esac
    ok a map.create "\"provider\":\"$1\",\"size\":8192" '"map":1' || return 1
    description=$(object description)
    ok a map.write "\"map\":1,\"offset\":100,$FIVE" &&
        ok $other map.open "\"provider\":\"$1\",\"description\":$description" '"size":8192' &&
        ok $other map.digest "\"map\":$(digits map),\"offset\":100,\"length\":5" "$FIVE_DIGEST" &&
        expect a map.write '"map":1,"offset":8190,"length":5,"seed":1' '"refused"' &&
        expect a map.digest '"map":9,"offset":0,"length":5' '"refused"' &&
        ok a map.fork '"map":1' && ok a map.digest '"map":1,"offset":100,"length":5' "$FIVE_DIGEST" &&
        ok a map.close '"map":1' && expect a map.close '"map":1' '"refused"' &&
        exits a 0 && { [ $other = a ] || exits b 0; }
}

test_nop() {
    start a "$adapter"
    ok a map.create '"provider":"nop","size":8192' '"id":""' && ok a map.write "\"map\":1,\"offset\":0,$FIVE" &&
        ok a map.digest '"map":1,"offset":0,"length":5' "$FIVE_DIGEST" && ok a map.close '"map":1' && exits a 0
}

test_service() {
    start c "$adapter"
    expect c service.stop '' '"refused"' && ok c service.open && expect c service.open '' '"refused"' &&
        start b "$adapter" && expect b service.open '' '"refused"' && exits b 0 && test_maps served &&
        ok c service.stop && exits c 0 || return 1
    start a "$adapter"
    expect a map.create '"provider":"served","size":8192' '"refused"' && exits a 0
}

# A map that is not a page: the crates panic, which ends the process, in the main thread and in the broker's.
test_panic() {
    start a "$adapter"
    ok a map.create '"provider":"sysv","size":4096' || return 1
    zeros=$(object description)
    request a receiver.open "\"provider\":\"sysv\",\"description\":$zeros"
    [ -z "$answer" ] && exits a 101 || return 1
    start a "$adapter" && start b "$adapter"
    ok b map.create '"provider":"sysv","size":4096' && zeros=$(object description) &&
        ok a broker.open '"provider":"sysv"' || return 1
    request a broker.attach "\"description\":$zeros"
    [ -z "$answer" ] && exits a 101 && exits b 0
}

# No test so far has left a segment. (Two linked brokers leave some: the crate's proxy thread never drops its map.)
test_nothing_left() {
    left=$(for pid in $pids; do segments_of "$pid"; done)
    [ -z "$left" ] || echo "left: $left"
    [ -z "$left" ]
}

test_without_cargo() {
    (PATH=/usr/bin:/bin && ! command -v cargo) || return 1
    PATH=/usr/bin:/bin HOME=$scratch LIBAFL_BUILD=$scratch/build "$adapter" </dev/null
    status=$?
    [ "$status" = 77 ] || echo "exit status $status, not 77"
    [ "$status" = 77 ]
}

# Runs in a network namespace of its own, where no other service uses the address.
if [ "${1:-}" = --service ]; then
    release=$2
    adapter=$room/$release/adapter
    check "service, and its clients" test_service
    exit "$tap_failures"
fi

run_service() {
    unshare --user --map-root-user --net true 2>"$scratch/said" || {
        skip "service, and its clients" "needs a network namespace: $(cat "$scratch/said")"
        return
    }
    check "service, and its clients" unshare --user --map-root-user --net "$0" --service "$release"
}

for release in "${@:-0.15.4 0.16.1}"; do echo "$release"; done | tr ' ' '\n' >"$scratch/releases"
while read -r release <&9; do
    adapter=$room/$release/adapter
    "$adapter" --build
    status=$?
    if [ $status = 77 ]; then
        skip "everything" "needs a newer cargo, or the crates"
        continue
    fi
    check "hello, and invalid requests" test_hello
    for provider in sysv posix memfd; do check "a channel over $provider" test_channel $provider; done
    check "cancel" test_cancel
    check "a channel of several pages" test_pages
    check "a message that is too large for any machine" test_too_large
    check "save and resume" test_resume
    check "resume at the end of a page" test_resume_at_end
    for provider in sysv posix; do check "a broker over $provider, its hooks and clients" test_broker $provider; done
    check "attach and stop" test_attach
    check "a broker that keeps its pages, and one that does not" test_broker_pages
    check "a client over existing maps" test_existing
    check "client.pair: both ends" test_pair
    for provider in sysv posix memfd; do check "maps of $provider" test_maps $provider; done
    check "maps of nop" test_nop
    run_service
    check "a panic ends the process" test_panic
    check "no segment is left" test_nothing_left
    check "two brokers" test_link
    check "without cargo" test_without_cargo
done 9<"$scratch/releases"

echo "1..$tap_cases"
[ "$tap_failures" = 0 ]
