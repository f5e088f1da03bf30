# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the public headers: their structs, typedefs, constants and functions.

The headers are written in a small part of C (no bit-fields, no nested structs, no conditional declarations), so regular
expressions are enough. A declaration that they cannot read raises an error instead of being skipped.
"""
import os
import re

HEADERS = ("shmem.h", "llmp.h")


def read(header, include="ref/include"):
    """Returns the text of a header without its comments. `include` is the folder that holds llmp/."""
    with open(os.path.join(include, "llmp", header), encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def one_line(text):
    return " ".join(text.split())


class Member:
    """A member of a struct: its name, its type without the name, and where it stands in the text of the body."""

    def __init__(self, declaration, span):
        pattern = r"(.*\(\*)(\w+)(\)\(.*\))|(.*[\s*])(\w+)\s*(\[\w+\])?"
        match = re.fullmatch(pattern, one_line(declaration))
        if match is None:
            raise ValueError(f"cannot read the member '{one_line(declaration)}'")
        before, name, after, type_, plain_name, array = match.groups()
        self.name = name or plain_name
        self.type = before + after if name else type_.strip() + (array or "")
        self.span = span

    def is_reserved(self):
        return self.name.startswith("reserved")


def structs(text):
    """Yields (name, members, offset of the body in the text) of every struct that has a body."""
    for match in re.finditer(r"typedef struct (\w+) \{(.*?)\} \1;", text, flags=re.S):
        body, members, start = match.group(2), [], 0
        for declaration in body.split(";")[:-1]:
            members.append(Member(declaration, (start, start + len(declaration) + 1)))
            start += len(declaration) + 1
        yield match.group(1), members, match.start(2)


def opaque(text):
    """Yields the names of structs that have no body."""
    return re.findall(r"typedef struct (\w+) \1;", text)


def typedefs(text):
    """Yields (name, type) of every typedef that is no struct."""
    for match in re.finditer(r"typedef (?!struct)([^;]*);", text):
        member = Member(match.group(1), None)
        yield member.name, member.type


def constants(text):
    """Yields the names of all enum constants and of the macros that are integers."""
    for match in re.finditer(r"enum(?: \w+)? \{(.*?)\}", text, flags=re.S):
        for constant in match.group(1).split(","):
            yield constant.split("=")[0].strip()
    for match in re.finditer(r"^#define (LLMP_\w+) +[^\"_].*$", text, flags=re.M):
        yield match.group(1)


def functions(text):
    """Yields (name, prototype) of every function."""
    for match in re.finditer(r"LLMP_API ([^;]*?(\w+)\([^;]*\));", text):
        yield match.group(2), one_line(match.group(1))


def version(text):
    return re.search(r'#define LLMP_VERSION "([\d.]+)"', text).group(1)


def so_version(text):
    """Returns what the library's name ends in: major.minor before 1.0, then major."""
    major, minor, _ = version(text).split(".")
    return f"{major}.{minor}" if major == "0" else major
