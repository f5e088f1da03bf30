# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: python3 -B ref/abi/older.py FOLDER   writes headers to FOLDER/llmp as an older release would have had them

Statistics structs lose their last two fields. In option structs the last two fields become reserved bytes, because new
options are taken from those. A program that is built against these headers has to work with today's library.
"""
import os
import sys

import headers

TABLE = "ref/abi/table.txt"
# Number of options that an older struct lacks, if it is not two: a client needs its port.
LACKING = {"llmp_client_options": 1}


def sizes():
    """Returns the size of each member by (struct, member), from the committed table."""
    found, struct = {}, None
    with open(TABLE, encoding="utf-8") as table:
        for line in table:
            words = line.split()
            if words[0] == "struct":
                struct = words[1]
            elif line.startswith("  "):
                found[struct, words[2].rstrip(":")] = int(words[1])
    return found


def newest(name, members):
    """Returns the members that an older header lacks: the last ones that are neither reserved nor a struct."""
    fields = [m for m in members if not m.is_reserved() and not m.type.endswith("_options")]
    return fields[-LACKING.get(name, 2):]


def older(text, size_of):
    """Returns the text of a header without the newest fields of its options and statistics."""
    for name, members, start in reversed(list(headers.structs(text))):
        if not name.endswith(("_options", "_stats")):
            continue
        for member in reversed(newest(name, members)):
            first, end = (start + place for place in member.span)
            size = size_of[name, member.name]
            instead = f"\n    uint8_t reserved_{member.name}[{size}];" if name.endswith("_options") else ""
            text = text[:first] + instead + text[end:]
    return text


def main(folder):
    os.makedirs(f"{folder}/llmp")
    size_of = sizes()
    for header in headers.HEADERS:
        with open(f"{folder}/llmp/{header}", "w", encoding="utf-8") as file:
            file.write(older(headers.read(header), size_of))


main(sys.argv[1])
