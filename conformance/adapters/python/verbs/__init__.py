# SPDX-License-Identifier: MIT OR Apache-2.0
"""The conversation of ADAPTER.md: one module a role."""
