#!/bin/sh
# The structure of the sources (CONTRIBUTING.md): a folder includes only what is below it, no two files depend on each
# other in a circle, neutral folders do not name POSIX, and no file is too long.
. ref/test/tap.sh

# ---------------------------------------------------------------- what includes what

# included FOLDER…: prints "FILE INCLUDED" for each include of a file of this project. An include in quotes that is not
# found appears as "?/NAME". The roots are those that the compiler is given.
included() {
    find "$@" \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hh' \) -exec grep -noE '^ *# *include "[^"]+"' /dev/null {} + |
        awk -F: '
        BEGIN {
            roots["ref"] = "ref ref/include"
            roots["bench"] = "bench ref/include ref"
            roots["conformance"] = "conformance conformance/suite ref/include"
            roots["fuzz"] = "fuzz fuzz/prove/stubs conformance ref ref/include"
        }
        function exists(path, line, found) { found = (getline line <path) >= 0; close(path); return found }
        {
            file = $1; name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
            folder = file; sub(/\/[^\/]*$/, "", folder)
            top = file; sub(/\/.*/, "", top)
            count = split(folder " " roots[top], places, " ")
            for (i = 1; i <= count && !exists(places[i] "/" name); i++);
            print file, (i > count ? "?" : places[i]) "/" name
        }'
}

only() { # FOLDER ALLOWED…: prints each include of a file of this folder that is neither in it nor in one of these
    folder=$1
    shift
    allowed=$(printf '%s\n' "$folder" "$@" | sed 's|.*|^&/[^/]*$|' | tr '\n' '|')
    awk -v folder="^$folder/[^/]*$" -v allowed="${allowed%|}" '
        $1 ~ folder && $2 !~ allowed { print $1 " includes " $2; bad = 1 } END { exit bad }' "$scratch/included"
}
below() { # FOLDER ALLOWED…: the same for all folders below this one; each may include the others
    folder=$1
    shift
    allowed=$(printf '%s\n' "$folder" "$@" | sed 's|.*|^&/|' | tr '\n' '|')
    awk -v folder="^$folder/" -v allowed="${allowed%|}" '
        $1 ~ folder && $2 !~ allowed { print $1 " includes " $2; bad = 1 } END { exit bad }' "$scratch/included"
}

# included() does not see includes in angle brackets, so those of this project's own files are refused, but for <llmp/…>.
quoted() {
    ! grep -rhoE '^ *# *include <[^>]+>' --include='*.[ch]' --include='*.cc' ref bench conformance fuzz |
        sed 's/.*<//; s/>//' | sort -u | while read -r name; do
            ls "ref/$name" "bench/$name" "conformance/$name" "conformance/suite/$name" "fuzz/$name" 2>/dev/null
        done | grep .
}

all_found() { [ -s "$scratch/included" ] && ! grep -F ' ?/' "$scratch/included"; }

included ref bench conformance fuzz >"$scratch/included"
api=ref/include/llmp
check "the project's own files are included in quotes" quoted
check "every include is found" all_found
check "the public headers include only each other" only $api
check "os includes only the public headers" only ref/os $api
check "os/posix may also include os" only ref/os/posix $api ref/os
check "wire may also include os" only ref/wire $api ref/os
check "shmem may also include wire" only ref/shmem $api ref/os ref/wire
check "shmem/posix may also include shmem" only ref/shmem/posix $api ref/os ref/wire ref/shmem
check "channel may also include shmem" only ref/channel $api ref/os ref/wire ref/shmem
check "broker may also include channel" only ref/broker $api ref/os ref/wire ref/shmem ref/channel
check "net may also include broker" only ref/net $api ref/os ref/wire ref/shmem ref/channel ref/broker
check "cmd includes only the public headers" only ref/cmd $api
check "so does bench" below bench $api
check "so does the adapter of this library" below conformance/adapters/ref $api
check "so does the ABI test" below ref/abi $api
check "the suite includes only the oracle" below conformance/suite conformance/oracle
check "the oracle includes nothing else" below conformance/oracle

# ---------------------------------------------------------------- circles

# circles: reads pairs of files and prints each circle. Files whose names differ only in the extension, _internal or
# _impl are one: x.c, x.h and x_internal.h. Fails if there is a circle.
circles() {
    awk '
        function node(path) { sub(/\.[a-z]+$/, "", path); sub(/_(internal|impl)$/, "", path); return path }
        node($1) != node($2) { print node($1), node($2) }' | sort -u >"$scratch/pairs"
    LC_ALL=C tsort "$scratch/pairs" 2>"$scratch/loops" >/dev/null
    sed 's/^tsort: .*: input contains a loop:$/circle:/; s/^tsort:/   /' "$scratch/loops"
    [ ! -s "$scratch/loops" ]
}

# calls OBJECTS: prints "FILE FILE" for each object below that folder which uses a symbol of another. Tests and `main` do
# not count, nor do objects whose source no longer exists. A symbol that several files define (a real and a fake
# platform) is taken from the same top folder, if only one there defines it.
calls() {
    find "$1" -name '*.o' ! -path '*/test/*' | while read -r object; do
        name=${object#"$1"/}
        for source in "${name%.o}.c" "${name%.o}.cc"; do
            if [ -e "$source" ]; then nm -g "$object" 2>/dev/null | sed "s|^|$source |"; fi
        done
    done | awk '
        function top(path) { sub(/\/.*/, "", path); return path }
        function define(key, file) {
            if (!(key in definer)) definer[key] = file
            else if (definer[key] != file) definer[key] = "several"
        }
        { file = $1; type = $(NF - 1); symbol = $NF }
        symbol == "main" { next }
        type ~ /^[TDBRVWCiG]$/ { define(symbol, file); define(top(file) " " symbol, file) }
        type ~ /^[Uwv]$/ { uses[file " " symbol] = 1 }
        END {
            for (use in uses) {
                split(use, pair, " ")
                to = definer[pair[2]]
                if (to == "several") to = definer[top(pair[1]) " " pair[2]]
                if (to != "" && to != "several" && to != pair[1]) print pair[1], to
            }
        }'
}
no_circle_of_includes() { circles <"$scratch/included"; }
no_circle_of_calls() { calls "$LLMP_BUILD/obj" >"$scratch/calls" && circles <"$scratch/calls"; }

check "no files include each other in a circle" no_circle_of_includes
check "no objects use each other in a circle" no_circle_of_calls

# The two checks on small trees of their own.
tree() { # a tree with two files; each includes, and calls, what its arguments name
    rm -rf "$scratch/tree" && mkdir -p "$scratch/tree/ref/os" "$scratch/tree/obj/ref/os"
    printf '#include "os/%s.h"\nvoid %s(void);\n' "$1" a >"$scratch/tree/ref/os/a.h"
    printf '#include "os/%s.h"\nvoid %s(void);\n' "$2" b >"$scratch/tree/ref/os/b_internal.h"
    printf 'void %s(void); void a(void); void a(void) { %s(); }\n' "$3" "$3" >"$scratch/tree/ref/os/a.c"
    printf 'void %s(void); void b(void); void b(void) { %s(); }\n' "$4" "$4" >"$scratch/tree/ref/os/b.c"
    : >"$scratch/tree/ref/os/c.h"
}
# shellcheck disable=SC2086 # CC may be several words
tree_circles() (
    cd "$scratch/tree" && $CC -c ref/os/a.c -o obj/ref/os/a.o && $CC -c ref/os/b.c -o obj/ref/os/b.o || return 2
    included ref | circles && calls obj | circles
)
refuses() { # WHAT WORD…: finds a circle in such a tree
    tree "$@"
    tree_circles >"$scratch/circle"
    status=$?
    cat "$scratch/circle"
    [ "$status" = 1 ] && grep -q 'ref/os/a' "$scratch/circle" && grep -q 'ref/os/b' "$scratch/circle"
}
accepts() { tree "$@" && tree_circles; }
check "a tree without a circle is accepted" accepts b_internal c b c
check "a circle of two headers is refused" refuses b_internal a b c
check "a circle of two objects is refused" refuses b_internal c b a

# ---------------------------------------------------------------- neutral folders

# Code that needs POSIX is in folders named posix, so that another platform is a folder beside them.
neutral() {
    headers='# *include <(unistd|pthread|fcntl|poll|sched|dirent|netdb|semaphore|(sys|netinet|arpa)/.*)\.h>'
    ! grep -nE "$headers|\\<(pid_t|ino_t|struct stat|pthread_\\w+)\\>" \
        ref/os/*.[ch] ref/wire/*.[ch] ref/shmem/*.[ch] ref/channel/*.[ch] ref/broker/*.[ch] ref/net/*.[ch]
}
check "neutral folders name no header and no type of POSIX" neutral

# ---------------------------------------------------------------- size

# The public headers are the exception: they are the reference, and each is one file.
not_too_long() {
    ! find ref bench conformance fuzz \( -name '*.[ch]' -o -name '*.cc' \) ! -path 'ref/include/*' -exec wc -l {} + |
        awk '$2 != "total" && $1 > 450' | grep .
}
check "no file has more than 450 lines" not_too_long
finish
