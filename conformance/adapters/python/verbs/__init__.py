# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verbs of ADAPTER.md: one module for a few roles."""
