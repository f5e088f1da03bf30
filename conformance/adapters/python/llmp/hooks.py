# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hooks: actions of a broker's user on messages with a given tag (BROKER-19)."""

from collections import namedtuple

from .receiver import Message

Hook = namedtuple("Hook", "tag action value")


def apply_hooks(hooks, message):
    """Returns the messages that the broker sends in place of `message`."""
    added = []
    for hook in hooks:
        if hook.tag != message.tag:
            continue
        if hook.action == "handled":
            return added
        if hook.action == "add":
            added.append(Message(hook.value, message.sender, 0, b""))
        else:
            message = message._replace(**{hook.action: hook.value})
    return [message] + added
