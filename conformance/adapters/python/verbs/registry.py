# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verbs by name, the types of their arguments, and the loop that answers requests."""

import inspect
import json
import os
import sys
import traceback

from llmp.description import ID_BYTES, Description
from llmp.errors import Refused
from llmp.hooks import Hook
from llmp.page import RESERVED
from llmp.provider import KINDS, Provider

_VERBS = {}
_COMMON = {"id", "verb", "test"}
_AT_EXIT = []
held = {}


class Unsupported(Exception):
    pass


class PartlyDone(Refused):
    """A refusal of a request that was performed in part; `fields` are those of the answer."""

    def __init__(self, error, fields):
        super().__init__(str(error))
        self.fields = fields


def _number(bits):
    def convert(value):
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << bits:
            raise Refused(f"not a number of {bits} bits: {value!r}")
        return value

    return convert


def _instance(kind):
    def convert(value):
        if not isinstance(value, kind):
            raise Refused(f"not a {kind.__name__}: {value!r}")
        return value

    return convert


def _provider(value):
    if value not in KINDS:
        raise Unsupported(f"no provider {value!r}")
    return Provider(value)


def _description(value):
    value = _instance(dict)(value)
    size = _number(64)(value.get("size"))
    if "raw" in value:
        try:
            return Description(size, bytes.fromhex(_instance(str)(value["raw"])).ljust(ID_BYTES, b"\0"))
        except ValueError as error:
            raise Refused(str(error)) from error
    return Description.of(size, _instance(str)(value.get("id")))


def _environment(value):
    return {name: _instance(str)(text) for name, text in _instance(dict)(value).items()}


def _hooks(value):
    return [_hook(_instance(dict)(hook)) for hook in _instance(list)(value)]


def _hook(hook):
    action = hook.get("do")
    if action not in ("handled", "tag", "flags", "add"):
        raise Unsupported(f"a hook has no action {action!r}")
    replaced = 0 if action == "handled" else _number(32)(hook.get("value"))
    if action in ("tag", "add") and replaced in RESERVED:
        raise Refused("a hook cannot send a reserved tag")
    return Hook(_number(32)(hook.get("tag")), action, replaced)


_ARGUMENTS = {
    "provider": _provider,
    "environment": _environment,
    "hooks": _hooks,
    "name": _instance(str),
    **dict.fromkeys(("description", "sender", "receiver"), _description),
    **dict.fromkeys(("sender_id", "tag", "flags"), _number(32)),
    **dict.fromkeys(("keep_pages", "listen", "quit"), _instance(bool)),
}


def verb(name):
    """Registers a verb. Its arguments are the function's parameters; those with a default may be missing."""

    def register(function):
        _VERBS[name] = (function, inspect.signature(function).parameters)
        return function

    return register


def at_exit(function):
    """Registers a function that is called at the end of standard input."""
    _AT_EXIT.append(function)
    return function


def hold(role, thing):
    """Stores the object of a role, and returns it."""
    held[role] = thing
    return thing


def require(role):
    """Returns the object of a role that must be open."""
    if role not in held:
        raise Refused(f"no {role} is open")
    return held[role]


def release(role):
    """Returns the object of a role, and forgets it."""
    thing = require(role)
    del held[role]
    return thing


def refuse_if_open(role):
    if role in held:
        raise Refused(f"a {role} is already open")


def as_json(description):
    """Returns a description in the format of answers, with `raw` if the id is not a string (ADAPTER.md, Values)."""
    try:
        return {"size": description.size, "id": description.text}
    except Refused:
        return {"size": description.size, "raw": description.id.hex()}


def _arguments(request, parameters):
    given = {name: value for name, value in request.items() if name not in _COMMON}
    for name in given:
        if name not in parameters:
            raise Unsupported(f"no argument {name!r}")
    missing = [n for n, p in parameters.items() if p.default is p.empty and n not in given]
    if missing:
        raise Refused(f"missing: {', '.join(missing)}")
    return {name: _ARGUMENTS.get(name, _number(64))(value) for name, value in given.items()}


def _answer(request):
    try:
        name = request.get("verb")
        if not isinstance(name, str) or name not in _VERBS:
            raise Unsupported(f"no verb {name!r}")
        function, parameters = _VERBS[name]
        return {"result": "ok", **(function(**_arguments(request, parameters)) or {})}
    except Unsupported as error:
        return {"result": "unsupported", "error": str(error)}
    except PartlyDone as error:
        return {"result": "refused", "error": str(error), **error.fields}
    except (Refused, MemoryError) as error:
        return {"result": "refused", "error": str(error) or type(error).__name__}


def serve():
    """Answers requests until standard input ends; then releases everything and exits."""
    for line in sys.stdin.buffer:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            request = {}
        answer = {"id": request.get("id"), **_answer(request)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    _close_all()


def _close_all():
    for function in _AT_EXIT:
        try:
            function()
        except Exception:
            traceback.print_exc()
    os._exit(0)
