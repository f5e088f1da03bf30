# SPDX-License-Identifier: MIT OR Apache-2.0
"""The messages over TCP and to the ShMemService, as tables (POST-2, POST-3, POST-4, POST-6)."""

from collections import namedtuple

from .errors import Corrupt
from .mutant import mutant
from .postcard import BYTES, DESCRIPTION, I32, STRING, U32, U64, Cursor, varint


def _structure(name, **fields):
    kind = namedtuple(name, fields)
    kind.values = tuple(fields.values())
    return kind


LocalClientHello = _structure("LocalClientHello", description=DESCRIPTION)
RemoteBrokerHello = _structure("RemoteBrokerHello", hostname=STRING)
ClientQuit = _structure("ClientQuit", client_id=U32)
REQUESTS = (LocalClientHello, RemoteBrokerHello, ClientQuit)

BrokerConnectHello = _structure("BrokerConnectHello", description=DESCRIPTION, hostname=STRING)
LocalClientAccepted = _structure("LocalClientAccepted", client_id=U32)
RemoteBrokerAccepted = _structure("RemoteBrokerAccepted", broker_id=U32)
Error = _structure("Error", description=STRING)
RESPONSES = (BrokerConnectHello, LocalClientAccepted, RemoteBrokerAccepted, Error)

if mutant("post-remote-order"):
    RemoteNewMessage = _structure("RemoteNewMessage", tag=U32, client_id=U32, flags=U32, payload=BYTES)
else:
    RemoteNewMessage = _structure("RemoteNewMessage", client_id=U32, tag=U32, flags=U32, payload=BYTES)

NewMap = _structure("NewMap", size=U64)
ExistingMap = _structure("ExistingMap", description=DESCRIPTION)
Deregister = _structure("Deregister", map_id=I32)
Hello = _structure("Hello")
PreFork = _structure("PreFork")
PostForkChildHello = _structure("PostForkChildHello", parent=I32)
Exit = _structure("Exit")
SERVICE = (NewMap, ExistingMap, Deregister, Hello, PreFork, PostForkChildHello, Exit)
if mutant("post-service-indices"):
    SERVICE = (NewMap, ExistingMap, Deregister, PreFork, Hello, PostForkChildHello, Exit)


def encode_fields(value):
    return b"".join(kind.put(field) for kind, field in zip(value.values, value))


def decode_fields(kind, cursor):
    return kind(*(value.get(cursor) for value in kind.values))


def encode(variants, value):
    return varint(variants.index(type(value))) + encode_fields(value)


def decode(variants, body):
    cursor = Cursor(body)
    index = cursor.varint(32)
    if index >= len(variants):
        raise Corrupt(f"unknown variant {index}")
    return decode_fields(variants[index], cursor)


def decode_remote(body):
    return decode_fields(RemoteNewMessage, Cursor(body))
