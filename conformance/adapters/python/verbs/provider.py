# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verbs hello, map.* and service.*"""

import itertools
import os
import platform

from llmp import service
from llmp.errors import Refused
from llmp.provider import KINDS

from .channel import DEFAULT_PAGE_SIZE
from .payload import digest, payload
from .registry import as_json, at_exit, hold, refuse_if_open, release, verb

_maps = {}
_numbers = itertools.count(1)

_ROLES = ["sender", "receiver", "broker", "client", "b2b", "service", "provider"]
_OPTIONS = [
    "page_size", "receivers", "max_pages", "keep_pages", "resume",
    "hooks", "exit_after", "clients", "existing", "pair", "fork",
]  # fmt: skip


@verb("hello")
def hello(adapter=1):
    return {
        "adapter": 1,
        "name": "python",
        "implementation": f"the specification in Python {platform.python_version()}",
        "roles": _ROLES,
        "providers": list(KINDS),
        "page_size": DEFAULT_PAGE_SIZE,
        "options": _OPTIONS,
    }


def _add(shared):
    number = next(_numbers)
    _maps[number] = shared
    return number


def _map(number):
    if number not in _maps:
        raise Refused(f"no map {number}")
    return _maps[number]


def _range(number, offset, length):
    shared = _map(number)
    if offset + length > shared.size:
        raise Refused(f"offset and length reach beyond the map's {shared.size} bytes")
    return shared.bytes[offset : offset + length]


@verb("map.create")
def map_create(provider, size):
    shared = provider.create(size)
    return {"map": _add(shared), "description": as_json(shared.description)}


@verb("map.open")
def map_open(provider, description):
    shared = provider.attach(description)
    return {"map": _add(shared), "size": shared.size}


@verb("map.write")
def map_write(map, offset, length, seed):
    _range(map, offset, length)[:] = payload(seed, length)


@verb("map.digest")
def map_digest(map, offset, length):
    return {"digest": digest(_range(map, offset, length))}


@verb("map.fork")
def map_fork(map):
    shared = _map(map)
    shared.before_fork()
    child = os.fork()
    if child == 0:
        shared.after_fork_in_child()
        shared.close()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise Refused("the child failed")


@verb("map.close")
def map_close(map):
    _map(map)
    _maps.pop(map).close()


@at_exit
def close_maps():
    for shared in _maps.values():
        shared.close()


@verb("service.open")
def service_open():
    refuse_if_open("service")
    hold("service", service.start())


@verb("service.stop")
def service_stop():
    running = release("service")
    running.stop()
    running.thread.join()
