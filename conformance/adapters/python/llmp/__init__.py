# SPDX-License-Identifier: MIT OR Apache-2.0
"""LLMP in plain Python, written from conformance/SPEC.md alone."""
