# SPDX-License-Identifier: MIT OR Apache-2.0
"""The library for Python by ctypes, declared from ref/abi/table.txt: its structs, constants and functions by their names.

    llmp = binding.load("build/release/lib/libllmp.so")
    options = llmp.llmp_sender_options(page_size=4096)
    sender = ctypes.POINTER(llmp.llmp_sender)()
    rc = llmp.llmp_sender_new(options, sender)
"""
import ctypes
import re

TABLE = "ref/abi/table.txt"
SCALARS = {
    "bool": ctypes.c_bool, "char": ctypes.c_char, "int": ctypes.c_int, "size_t": ctypes.c_size_t, "void": None,
    "uint8_t": ctypes.c_uint8, "uint16_t": ctypes.c_uint16, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
}
POINTERS = {"char": ctypes.c_char_p, "void": ctypes.c_void_p}


class Binding:
    """Holds what the table declares as attributes; `layout` has what the C compiler says of each struct."""

    def __init__(self, library):
        self.library = library
        self.types = dict(SCALARS)
        self.layout = {}

    def type_of(self, text):
        """Returns the ctypes type of a C type."""
        text = text.replace("const ", "").strip()
        callback = re.fullmatch(r"(.*) \(\*\)\((.*)\)", text)
        if callback:
            return ctypes.CFUNCTYPE(self.type_of(callback.group(1)), *self.parameters(callback.group(2)))
        array = re.fullmatch(r"(.*)\[(\w+)\]", text)
        if array:
            count = array.group(2)
            return self.type_of(array.group(1)) * (int(count) if count.isdigit() else getattr(self, count))
        if text.endswith("*"):
            base = text[:-1].strip()
            return POINTERS.get(base) or ctypes.POINTER(self.type_of(base))
        return self.types[text]

    def parameters(self, text):
        """Returns the types of a parameter list such as `void *context, uint32_t tag`."""
        if text == "void":
            return []
        return [self.type_of(re.fullmatch(r"(.*?)\w+", parameter.strip()).group(1)) for parameter in text.split(",")]

    def declare(self, name, type_):
        self.types[name] = type_
        setattr(self, name, type_)

    def declare_struct(self, name, size, lines):
        """Gives a struct its fields; `lines` are those of its members in the table."""
        members = [re.fullmatch(r"  (\d+) (\d+) (\w+): (.*)", line).groups() for line in lines]
        self.types[name]._fields_ = [(member, self.type_of(type_)) for _, _, member, type_ in members]
        self.layout[name] = size, [(member, int(offset), int(bytes_)) for offset, bytes_, member, _ in members]

    def declare_function(self, prototype):
        returned, name, parameters = re.fullmatch(r"(.*?)(\w+)\((.*)\)", prototype).groups()
        function = getattr(self.library, name)
        function.restype = self.type_of(returned)
        function.argtypes = self.parameters(parameters)
        setattr(self, name, function)


def entries(lines):
    """Yields (kind, name, rest, lines of members) of each entry of the table."""
    for at, line in enumerate(lines):
        if line[0] in "# ":
            continue
        kind, rest = line.split(" ", 1)
        members = []
        while at + 1 < len(lines) and lines[at + 1].startswith("  "):
            at += 1
            members.append(lines[at])
        name, _, rest_of_it = rest.partition(" ")
        yield kind, name, rest if kind == "function" else rest_of_it, members


def load(path):
    """Loads a shared library and declares everything in the table."""
    binding = Binding(ctypes.CDLL(path))
    with open(TABLE, encoding="utf-8") as file:
        table = list(entries(file.read().splitlines()))
    for kind, name, rest, _ in table:
        if kind in ("opaque", "struct"):
            binding.declare(name, type(name, (ctypes.Structure,), {}))
        elif kind == "constant":
            setattr(binding, name, int(rest))
    for kind, name, rest, members in table:
        if kind == "typedef":
            binding.declare(name, binding.type_of(rest))
        elif kind == "struct":
            binding.declare_struct(name, int(rest.split()[0]), members)
        elif kind == "function":
            binding.declare_function(rest)
    return binding
