#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The adapter of this project's library, tested without the suite.
. ref/test/tap.sh

adapter=conformance/adapters/ref/adapter
if [ ! -x "$LLMP_BUILD/bin/llmp-adapter-ref" ]; then
    echo "1..0 # SKIP no $LLMP_BUILD/bin/llmp-adapter-ref: it needs jansson, which make setup installs"
    exit 77
fi

# ---------------------------------------------------------------- requests and replies

# Up to three adapters run at a time, named a, b and c. None may inherit another's pipe, because closing the pipe must
# end that other adapter. An adapter that hangs is killed by timeout, and then sends no reply.
mkfifo "$scratch/a.in" "$scratch/a.out" "$scratch/b.in" "$scratch/b.out" "$scratch/c.in" "$scratch/c.out"
start() {
    timeout 60 "$adapter" <"$scratch/$1.in" >"$scratch/$1.out" 2>>"$scratch/$1.err" \
        3>&- 4<&- 5>&- 6<&- 8>&- 9<&- &
    case $1 in
    a) a=$! && exec 3>"$scratch/a.in" 4<"$scratch/a.out" ;;
    b) b=$! && exec 5>"$scratch/b.in" 6<"$scratch/b.out" ;;
    c) c=$! && exec 8>"$scratch/c.in" 9<"$scratch/c.out" ;;
    esac
}

# say NAME LINE: sends a line and sets $answer to the reply
say() {
    answer=
    case $1 in
    a) printf '%s\n' "$2" >&3 && IFS= read -r answer <&4 ;;
    b) printf '%s\n' "$2" >&5 && IFS= read -r answer <&6 ;;
    c) printf '%s\n' "$2" >&8 && IFS= read -r answer <&9 ;;
    esac
}

# has TEXT…: fails unless the reply contains all these texts
has() {
    for text; do
        case $answer in
        *"$text"*) ;;
        *) echo "no $text in $answer" && return 1 ;;
        esac
    done
}

# ask NAME VERB ARGUMENTS TEXT…: sends a request; fails unless the reply contains all these texts
number=0
ask() {
    number=$((number + 1))
    who=$1 request="{\"id\":$number,\"verb\":\"$2\",\"test\":\"by hand\"${3:+,$3}}"
    shift 3
    echo "$who: $request"
    say "$who" "$request" && has "\"id\":$number," "$@"
}
ok='"result":"ok"'
refused='"result":"refused"'
unsupported='"result":"unsupported"'

# all CHECK…: runs each command, which is one word with its arguments, until one fails
all() {
    for step; do eval "$step" || return 1; done
}

# field NAME: prints a field of the reply, an object or a number
field() {
    printf '%s\n' "$answer" | sed -n "s/.*\"$1\":\({[^}]*}\|[0-9]*\).*/\1/p"
}

# end NAME: closes its input; fails unless it exits with 0
end() {
    case $1 in
    a) exec 3>&- && wait "$a" ;;
    b) exec 5>&- && wait "$b" ;;
    c) exec 8>&- && wait "$c" ;;
    esac
}

# ---------------------------------------------------------------- hello

start a
check 'hello names roles, providers and options' \
    ask a hello '"adapter":1' "$ok" '"name":"ref"' '"sender"' '"provider"' '"sysv"' '"posix"' '"memfd"' \
    '"page_size":1048576' '"hooks"' '"exit_after"'
check 'another version of ADAPTER.md is unsupported' ask a hello '"adapter":2' "$unsupported"

# ---------------------------------------------------------------- invalid requests

# malformed LINE RESULT
malformed() { say a "$1" && has "$2" '"id":null' && ask a hello '"adapter":1' "$ok"; }
# A valid request with more than 1 MiB of blanks after it.
too_long() { malformed "{\"id\":1,\"verb\":\"hello\",\"adapter\":1}$(head -c 1100000 /dev/zero | tr '\0' ' ')." "$refused"; }
for line in '' '{' '[1]' 'null' '"hello"' '{"id":1}x' '{"id":18446744073709551616,"verb":"hello"}' \
    '{"id":1,"id":2,"verb":"hello"}'; do
    check "an invalid request: ${line:-an empty line}" malformed "$line" "$refused"
done
check 'a line of more than 1 MiB' too_long
no_utf8() { say a "$(printf '{"id":1,"verb":"\377"}')" && has "$refused"; }
check 'a line that is not UTF-8' no_utf8
deep() { malformed "$(head -c 100000 /dev/zero | tr '\0' '[')" "$refused"; }
check 'a line of 100000 brackets' deep
without_verb() { say a '{"id":5}' && has '"id":5' "$refused" && say a '{"id":6,"verb":7}' && has '"id":6' "$refused"; }
check 'a request without a verb' without_verb
text_id() { say a '{"id":"x","verb":"hello","adapter":1}' && has '"id":"x"' "$ok"; }
check 'a reply has the id of its request' text_id

for verb in sender.fly sender.save service.open broker.link client.open ''; do
    check "an unknown verb: ${verb:-none}" ask a "$verb" '' "$unsupported"
done
for verb in sender.send sender.alloc sender.exit sender.close receiver.recv receiver.close broker.attach broker.clients \
    broker.wait broker.stop client.send client.recv client.close map.write map.digest map.fork map.close; do
    check "$verb without an open role is refused" ask a "$verb" '' "$refused"
done
check 'an unknown argument is unsupported' \
    ask a sender.open '"provider":"sysv","sender_id":1,"colour":"red"' "$unsupported" colour
check 'an unknown provider is unsupported' ask a sender.open '"provider":"win32","sender_id":1' "$unsupported"
for argument in '"sender_id":-1' '"sender_id":1.0' '"sender_id":true' '"sender_id":"1x"' '"sender_id":""' \
    '"sender_id":4294967296' '"sender_id":"99999999999999999999"' '"sender_id":null' ''; do
    check "sender_id is checked: ${argument:-missing}" \
        ask a sender.open "\"provider\":\"sysv\"${argument:+,$argument}" "$refused" sender_id
done
for desc in '7' '{}' '{"size":1}' '{"id":"1"}' '{"size":1,"id":7}' '{"size":1,"id":"01234567890123456789"}' \
    '{"size":1,"raw":"00"}' '{"size":1,"raw":"zz00000000000000000000000000000000000000"}' '{"size":-1,"id":"1"}' \
    '{"size":1,"id":"1","raw":"0000000000000000000000000000000000000000"}'; do
    check "a description is checked: $desc" \
        ask a receiver.open "\"provider\":\"sysv\",\"description\":$desc" "$refused" description
done
check 'an id of 20 bytes without a NUL reaches the library' ask a receiver.open \
    '"provider":"sysv","description":{"size":4096,"raw":"3131313131313131313131313131313131313131"}' \
    "$refused" LLMP_E_ID_UNTERMINATED
check 'the adapter exits with 0 at the end of its input' end a

# ---------------------------------------------------------------- sender and receiver

# The digest of a message with tag 7, seed 1 and length 5, and its digest in a drain, both computed by gzip.
payload='\0301\0134\02\0211\0354'
crc() { printf '%b' "$1" | gzip -c | tail -c 8 | od -An -tu4 -N4 | tr -d ' '; }
digest=$(crc "$payload")
drained=$(crc "\\07\\0\\0\\0\\04\\0\\0\\0\\05\\0\\0\\0\\0\\0\\0\\0$payload")
message="{\"tag\":7,\"sender\":3,\"flags\":4,\"length\":5,\"digest\":$digest}"

opened() {
    ask a sender.open "\"provider\":\"$1\",\"sender_id\":3${2:+,$2}" "$ok" '"id":"' || return 1
    desc=$(field description)
    ask b receiver.open "\"provider\":\"$1\",\"description\":$desc" "$ok"
}
one_by_one() {
    all "ask a sender.send '\"tag\":7,\"length\":5,\"seed\":1,\"flags\":4,\"timeout_ms\":0' '$ok' '\"sent\":1'" \
        "ask b receiver.recv '\"timeout_ms\":5000' '$ok' '$message' '\"end\":\"none\"'" \
        "ask b receiver.recv '\"timeout_ms\":0' '$ok' '\"messages\":[]' '\"end\":\"timeout\"'"
}
summed_up() {
    all "ask a sender.send '\"tag\":7,\"length\":5,\"seed\":1,\"flags\":4,\"timeout_ms\":0' '$ok'" \
        "ask b receiver.drain '\"count\":2,\"timeout_ms\":100' '$ok' '\"received\":1' '\"end\":\"timeout\"' \
            '\"senders\":{\"3\":{\"count\":1,\"digest\":$drained}}'"
}
many() {
    all "ask a sender.send '\"tag\":7,\"length\":\"100\",\"seed\":\"18446744073709551615\",\"count\":20000,\"timeout_ms\":0' \
            '$ok' '\"sent\":20000'" \
        "ask b receiver.drain '\"count\":20000,\"timeout_ms\":5000' '$ok' '\"received\":20000' '\"end\":\"none\"'"
}
in_place() {
    all "ask a sender.alloc '\"length\":100,\"timeout_ms\":0' '$ok'" \
        "ask a sender.alloc '\"length\":1,\"timeout_ms\":0' '$refused' LLMP_E_ALLOC_PENDING" \
        "ask a sender.shrink '\"length\":101' '$refused' LLMP_E_ALLOC_GROW" \
        "ask a sender.shrink '\"length\":5' '$ok'" \
        "ask a sender.commit '\"tag\":14593455,\"seed\":1' '$refused' LLMP_E_TAG_RESERVED" \
        "ask a sender.commit '\"tag\":7,\"seed\":1,\"flags\":4' '$ok'" \
        "ask a sender.commit '\"tag\":7,\"seed\":1' '$refused' LLMP_E_ALLOC_NONE" \
        "ask a sender.alloc '\"length\":9,\"timeout_ms\":0' '$ok'" \
        "ask a sender.cancel '' '$ok'" "ask a sender.cancel '' '$refused' LLMP_E_ALLOC_NONE" \
        "ask b receiver.recv '\"count\":2,\"timeout_ms\":100' '[$message]' '\"end\":\"timeout\"'"
}
# The second of two messages has the seed of the first one plus 1.
digests() { printf '%s\n' "$answer" | sed 's/"digest"/\n&/g' | sed -n 's/^"digest":\([0-9]*\).*/\1/p'; }
seeds_count_up() {
    all "ask a sender.send '\"tag\":7,\"length\":5,\"seed\":1,\"count\":2,\"timeout_ms\":0' '$ok' '\"sent\":2'" \
        "ask a sender.send '\"tag\":7,\"length\":5,\"seed\":2,\"timeout_ms\":0' '$ok'" \
        "ask b receiver.recv '\"count\":3,\"timeout_ms\":5000' '$ok' '\"end\":\"none\"'" || return 1
    echo "$answer"
    digests >"$scratch/digests"
    { read -r first && read -r second && read -r third; } <"$scratch/digests"
    [ "$first" = "$digest" ] && [ "$second" != "$first" ] && [ "$third" = "$second" ]
}
large() {
    all "ask a sender.send '\"tag\":7,\"length\":20000000,\"seed\":1,\"timeout_ms\":0' '$ok'" \
        "ask a sender.send '\"tag\":7,\"length\":\"9223372036854775808\",\"seed\":1,\"timeout_ms\":0' '$refused' \
            '\"sent\":0' LLMP_E_TOO_LARGE" \
        "ask b receiver.recv '\"timeout_ms\":5000' '\"length\":20000000'"
}
ended() {
    all "ask a sender.exit '' '$ok'" "ask a sender.exit '' '$refused' LLMP_E_CLOSED" \
        "ask b receiver.recv '\"count\":3,\"timeout_ms\":5000' '$ok' '\"end\":\"exiting\"'" \
        "ask b receiver.drain '\"timeout_ms\":0' '$ok' '\"end\":\"exiting\"'" \
        "ask b receiver.close '' '$ok'" "ask a sender.close '' '$ok'" "ask a sender.close '' '$refused'"
}

start a
start b
for provider in sysv posix; do
    check "$provider: a channel opens" opened "$provider"
    check "$provider: a second sender in the same process is refused" ask a sender.open "\"provider\":\"$provider\",\"sender_id\":1" "$refused"
    check "$provider: a message, then none" one_by_one
    check "$provider: a message in a drain" summed_up
    check "$provider: many messages, numbers as strings" many
    check "$provider: seeds increase by one" seeds_count_up
    check "$provider: alloc, shrink, commit, cancel" in_place
    check "$provider: large payloads, written in place" large
    check "$provider: exit and close" ended
done

bounded() {
    all "opened posix '\"page_size\":4096,\"max_pages\":2'" \
        "ask a sender.send '\"tag\":7,\"length\":100,\"seed\":1,\"count\":1000,\"timeout_ms\":0' '$refused' EAGAIN" || return 1
    sent=$(field sent)
    [ "$sent" -gt 10 ] && [ "$sent" -lt 100 ] || return 1
    all "ask b receiver.drain '\"count\":1000,\"timeout_ms\":0' '\"received\":$sent,'" \
        "ask a sender.close '' '$ok'" "ask b receiver.close '' '$ok'"
}
check 'max_pages limits unread pages, and the reply has the number of messages sent' bounded
kept() {
    opened posix "\"page_size\":4096,\"$1" || return 1
    all "ask a sender.send '\"tag\":7,\"length\":100,\"seed\":1,\"count\":30,\"timeout_ms\":0' '$ok'" \
        "ask b receiver.drain '\"count\":30,\"timeout_ms\":0' '\"received\":30'" \
        "ask a sender.send '\"tag\":7,\"length\":100,\"seed\":1,\"count\":90,\"timeout_ms\":0' '$ok'" \
        "ask b receiver.close '' '$ok'" "ask b receiver.open '\"provider\":\"posix\",\"description\":$desc' '$2'" || return 1
    if [ "$2" = "$ok" ]; then
        all "ask b receiver.drain '\"count\":200,\"timeout_ms\":0' '\"received\":120,'" "ask b receiver.close '' '$ok'" || return 1
    fi
    ask a sender.close '' "$ok"
}
check 'with keep_pages a second receiver starts at the first page' kept 'keep_pages":true' "$ok"
check 'receivers 0 drops pages that were read' kept 'receivers":0' "$refused"
for option in '"page_size":0' '"max_pages":0' '"max_pages":4,"keep_pages":true'; do
    check "an option that this library does not have: $option" ask a sender.open "\"provider\":\"sysv\",\"sender_id\":1,$option" "$unsupported"
done
check 'a page that is too small is refused' \
    ask a sender.open '"provider":"sysv","sender_id":1,"page_size":48' "$refused" EINVAL

# The receiver inherits the sender's map as descriptor 7.
inherited() {
    ask a sender.open '"provider":"memfd","sender_id":3' "$ok" || return 1
    id=$(printf '%s\n' "$answer" | sed -n 's/.*"id":"\([0-9]*\)".*/\1/p')
    read -r program <"/proc/$a/task/$a/children" # the child of timeout
    exec 7<>"/proc/$program/fd/$id" || return 1
    start c
    all "ask a sender.send '\"tag\":7,\"length\":5,\"seed\":1,\"flags\":4,\"timeout_ms\":0' '$ok'" \
        "ask c receiver.open '\"provider\":\"memfd\",\"description\":{\"size\":1048576,\"id\":\"7\"}' '$ok'" \
        "ask c receiver.recv '\"timeout_ms\":5000' '$ok' '[$message]'" "end c" "ask a sender.close '' '$ok'"
}
check 'memfd: a receiver reads a channel by an inherited descriptor' inherited
exec 7>&-
check 'the sender exits' end a
check 'the receiver exits' end b

# ---------------------------------------------------------------- broker and clients

brokered() {
    ask a broker.open "\"provider\":\"$1\"${2:+,$2}" "$ok" '"description":{"size":1048576' || return 1
    port=$(field port)
    ask b client.connect "\"provider\":\"$1\",\"port\":$port,\"timeout_ms\":5000" "$ok" '"client_id":1' '"description":'
}
hooks='"hooks":[{"tag":1,"do":"handled"},{"tag":2,"do":"tag","value":22},{"tag":3,"do":"flags","value":2},{"tag":4,"do":"add","value":44}]'
hooked() {
    for tag in 1 2 3 4 5; do
        ask b client.send "\"tag\":$tag,\"length\":5,\"seed\":1,\"timeout_ms\":1000" "$ok" '"sent":1' || return 1
    done
    ask b client.recv '"count":5,"timeout_ms":5000' "$ok" '"end":"none"' '"tag":22,"sender":1' \
        '"tag":3,"sender":1,"flags":2' '"tag":44,"sender":0,"flags":0,"length":0,"digest":0' '"tag":4,' '"tag":5,' || return 1
    case $answer in *'"tag":1,'* | *'"tag":2,'*) return 1 ;; esac
}
attached() {
    ask c sender.open '"provider":"sysv","sender_id":9' "$ok" || return 1
    desc=$(field description)
    all "ask a broker.attach '\"description\":$desc' '$ok' '\"client_id\":2'" \
        "ask a broker.attach '\"description\":{\"size\":4096,\"id\":\"x\"}' '$refused' LLMP_E_ID_NOT_A_NUMBER" \
        "ask a broker.clients '' '$ok' '\"clients\":[1,2]'" \
        "ask c sender.send '\"tag\":70,\"length\":5,\"seed\":1,\"timeout_ms\":0' '$ok'" \
        "ask b client.drain '\"count\":1,\"timeout_ms\":5000' '$ok' '\"senders\":{\"2\":{\"count\":1,'"
}
# broker.wait is used as a pause: the broker does not end.
gone() {
    ask c sender.exit '' "$ok" || return 1
    for try in $(seq 500); do
        ask a broker.clients '' "$ok" || return 1
        case $answer in *'"clients":[1],'*) return 0 ;; esac
        ask a broker.wait '"timeout_ms":10' "$refused" || return 1
    done
    echo "still registered after $try requests" && return 1
}
stopped() {
    all "ask a broker.wait '\"timeout_ms\":0' '$refused'" "ask a broker.stop '' '$ok'" "ask a broker.stop '' '$refused'" \
        "ask a broker.attach '\"description\":$desc' '$refused'" "ask a broker.wait '\"timeout_ms\":0' '$refused'" \
        "ask b client.recv '\"timeout_ms\":5000' '$ok' '\"end\":\"exiting\"'" "ask b client.close '\"quit\":false' '$ok'"
}
start a
start b
start c
for hook in '7' '[7]' '[{"do":"handled"}]' '[{"tag":1,"do":"tag"}]' '[{"tag":1,"do":"add","value":-1}]'; do
    check "hooks are checked: $hook" ask a broker.open "\"provider\":\"sysv\",\"hooks\":$hook" "$refused"
done
check 'an unknown action of a hook is unsupported' \
    ask a broker.open '"provider":"sysv","hooks":[{"tag":1,"do":"sing"}]' "$unsupported" sing
check 'a broker opens and a client connects' brokered sysv "$hooks"
check 'hooks handle, change and add messages' hooked
check 'a channel is attached, and its messages are forwarded' attached
check 'a client that ends its channel is removed' gone
check 'stop sends EXITING' stopped
check 'all three exit' all 'end a' 'end b' 'end c'

exit_after() {
    all "brokered posix '\"exit_after\":1'" "ask a broker.wait '\"timeout_ms\":20' '$refused'" \
        "ask a broker.attach '\"description\":{\"size\":4096,\"id\":\"/x\"}' '$unsupported'" \
        "ask b client.close '' '$ok'" "ask a broker.wait '\"timeout_ms\":5000' '$ok'"
}
start a
start b
check 'exit_after: the broker ends after its client has left' exit_after
check 'a port at which no broker listens is refused' \
    ask b client.connect "\"provider\":\"posix\",\"port\":1,\"timeout_ms\":0" "$refused"
check 'both exit' all 'end a' 'end b'
without_listener() {
    all "ask a broker.open '\"provider\":\"posix\",\"listen\":false,\"exit_after\":1' '$ok' '\"description\":'" || return 1
    case $answer in *port*) return 1 ;; esac
    ask b sender.open '"provider":"posix","sender_id":0' "$ok" || return 1
    desc=$(field description)
    all "ask a broker.attach '\"description\":$desc' '$ok' '\"client_id\":0'" "ask b sender.exit '' '$ok'" \
        "ask a broker.wait '\"timeout_ms\":5000' '$ok'"
}
start a
start b
check 'a broker that does not listen accepts attached clients, and exit_after counts them' without_listener
check 'both exit again' all 'end a' 'end b'

# ---------------------------------------------------------------- maps

mapped() {
    ask a map.create "\"provider\":\"$1\",\"size\":5000" "$ok" '"map":1' || return 1
    desc=$(field description)
    all "ask b map.open '\"provider\":\"$1\",\"description\":$desc' '$ok' '\"map\":1' '\"size\":5000'" \
        "ask a map.write '\"map\":1,\"offset\":4995,\"length\":5,\"seed\":1' '$ok'" \
        "ask b map.digest '\"map\":1,\"offset\":4995,\"length\":5' '$ok' '\"digest\":$digest'" \
        "ask b map.digest '\"map\":1,\"offset\":4996,\"length\":5' '$refused'" \
        "ask b map.write '\"map\":1,\"offset\":\"18446744073709551615\",\"length\":5,\"seed\":1' '$refused'" \
        "ask a map.fork '\"map\":1' '$ok'" \
        "ask b map.open '\"provider\":\"$1\",\"description\":$desc' '$ok' '\"map\":2'" \
        "ask b map.close '\"map\":2' '$ok'" "ask b map.close '\"map\":2' '$refused'" \
        "ask b map.open '\"provider\":\"$1\",\"description\":{\"size\":9000,\"id\":\"nonsense\"}' '$refused' LLMP_E_ID" \
        "ask a map.create '\"provider\":\"$1\",\"size\":0' '$refused' LLMP_E_SIZE_ZERO"
}
for provider in sysv posix; do
    start a
    start b
    check "$provider: maps are created, opened, written, read, forked and closed" mapped "$provider"
    check "$provider: both exit" all 'end a' 'end b'
done
finish
