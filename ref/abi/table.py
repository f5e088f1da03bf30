# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: python3 -B ref/abi/table.py [-I FOLDER] [COMPILER…]   prints what a compiled program depends on

FOLDER holds the public headers (default: ref/include).

Structs with size, alignment, and the offset, size, name and type of each member; typedefs; the values of constants; and
prototypes. The compiler (default: cc) determines sizes and values, because only it knows them.
"""
import subprocess
import sys
import tempfile

import headers


def struct_lines(text):
    """C statements that print each struct."""
    for name, members, _ in headers.structs(text):
        yield f'printf("struct {name} %zu %zu\\n", sizeof({name}), _Alignof({name}));'
        for member in members:
            place = f"offsetof({name}, {member.name}), sizeof((({name} *)0)->{member.name})"
            yield f'printf("  %zu %zu {member.name}: {member.type}\\n", {place});'


def program(text):
    """A C program that prints structs and constants."""
    constants = (f'printf("constant {name} %lld\\n", (long long){name});' for name in headers.constants(text))
    lines = [*struct_lines(text), *constants]
    return "#include <llmp/llmp.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n"


def run(compiler, include, source):
    """Compiles and runs a C program, and returns its output."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*compiler, "-std=c11", f"-I{include}", "-x", "c", "-", "-o", f"{folder}/program"]
        subprocess.run(command, input=source, text=True, check=True)
        return subprocess.run([f"{folder}/program"], stdout=subprocess.PIPE, text=True, check=True).stdout


def main():
    include, compiler = "ref/include", sys.argv[1:]
    if compiler[:1] == ["-I"]:
        include, compiler = compiler[1], compiler[2:]
    text = "".join(headers.read(header, include) for header in headers.HEADERS)
    print("# What a compiled program depends on (64-bit). `make abi-table` writes this file: see ref/abi/README.md.")
    for name in headers.opaque(text):
        print(f"opaque {name}")
    for name, type_ in headers.typedefs(text):
        print(f"typedef {name} {type_}")
    print(run(compiler or ["cc"], include, program(text)), end="")
    for _, prototype in headers.functions(text):
        print(f"function {prototype}")


main()
