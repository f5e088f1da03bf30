# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: python3 -B ref/abi/rules.py OLD_TABLE NEW_TABLE   prints what breaks a program that was built for the old headers

The rules (ref/abi/README.md): nothing is removed, moved or changed; a new option takes reserved bytes, so the size of an
option struct never changes; a struct that grows does so at its end. abidiff cannot express the second one.
"""
import re
import sys

# The library or the caller passes the size of these, so they may grow at their end.
GROWS = re.compile(r"llmp_\w+_stats|llmp_broker_message|llmp_broker_event")


def read(path):
    """Returns a table as {entry: contents}. The contents of a struct are its size and its members."""
    entries, members = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("  "):
                offset, size, member = line.split(None, 2)
                name, type_ = member.split(": ", 1)
                members[name] = int(offset), int(size), type_
            elif line.startswith("struct"):
                _, name, size, _ = line.split()
                members = {}
                entries[f"struct {name}"] = int(size), members
            elif line.startswith("function"):
                name, parameters = re.fullmatch(r"(function .*?\w+)\((.*)\)", line).groups()
                entries[name] = re.sub(r"\w+(?=,|$)", "", parameters)
            elif not line.startswith("#"):
                kind, name, *rest = line.split(" ", 2)
                entries[f"{kind} {name}"] = rest
    return entries


def is_free(place, struct, size, members):
    """True if a new member may be at this place: in reserved bytes of the old struct, or after its end."""
    offset, bytes_, _ = place
    if GROWS.fullmatch(struct) and offset >= size:
        return True
    reserved = (m for name, m in members.items() if name.startswith("reserved"))
    return any(start <= offset and offset + bytes_ <= start + length for start, length, _ in reserved)


def struct_changes(name, old, new):
    """Yields the changes of a struct that are not allowed."""
    (old_size, old_members), (new_size, new_members) = old, new
    if old_size != new_size and not (GROWS.fullmatch(name) and new_size > old_size):
        yield f"{name}: the size was {old_size} and is {new_size}"
    for member, place in old_members.items():
        if not member.startswith("reserved") and new_members.get(member) != place:
            yield f"{name}.{member}: was at {place} and is at {new_members.get(member)}"
    for member, place in new_members.items():
        added = member not in old_members and not member.startswith("reserved")
        if added and not is_free(place, name, old_size, old_members):
            yield f"{name}.{member}: is new, but neither in reserved bytes nor at the end of a struct that may grow"


def changes(old, new):
    """Yields all changes that are not allowed."""
    for entry, contents in old.items():
        if entry not in new:
            yield f"{entry}: was removed"
        elif entry.startswith("struct"):
            yield from struct_changes(entry.split()[1], contents, new[entry])
        elif contents != new[entry]:
            yield f"{entry}: was {contents} and is {new[entry]}"


found = list(changes(read(sys.argv[1]), read(sys.argv[2])))
print("\n".join(found) or "compatible: by the tables")
sys.exit(1 if found else 0)
