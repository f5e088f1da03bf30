# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: symbols.py   prints the linker's version script: exactly the functions of the public headers are exported"""
import headers

text = "".join(headers.read(header) for header in headers.HEADERS)
print("/* The symbols of the shared library. `make abi-table` writes this file from the public headers. */")
print(f"LLMP_{headers.so_version(text)} {{")
print("    global:")
for name, _ in headers.functions(text):
    print(f"        {name};")
print("    local:\n        *;\n};")
