# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verbs sender.* and receiver.*"""

from llmp import resume
from llmp.errors import Refused
from llmp.pages import Pages
from llmp.receiver import ENDED, Receiver
from llmp.sender import Sender, deadline_after

from .payload import digest, payload
from .registry import PartlyDone, as_json, at_exit, held, hold, refuse_if_open, release, require, verb

DEFAULT_PAGE_SIZE = 1 << 20
_DEFAULT_MAX_PAGES = 16
_EXIT_TIMEOUT_MS = 1000


def pages_for(provider, receivers=1, max_pages=None, keep_pages=False):
    limit = max_pages if max_pages is not None or keep_pages else _DEFAULT_MAX_PAGES
    return Pages(provider, receivers, limit, keep_pages)


def send(sender, tag, length, seed, flags, count, timeout_ms):
    deadline = deadline_after(timeout_ms)
    for sent in range(count):
        try:
            sender.send(tag, payload((seed + sent) % 2**64, length), flags, deadline)
        except (Refused, MemoryError) as error:
            raise PartlyDone(error, {"sent": sent}) from error
    return {"sent": count}


def _receive(receiver, count, timeout_ms, on_message):
    """Passes up to `count` messages to on_message(); returns the answer's "end"."""
    for _ in range(count):
        message = receiver.wait(deadline_after(timeout_ms))
        if message is None:
            return "timeout"
        if message is ENDED:
            return "exiting"
        on_message(message)
    return "none"


def recv(receiver, count, timeout_ms):
    messages = []

    def add(message):
        messages.append(
            {
                "tag": message.tag,
                "sender": message.sender,
                "flags": message.flags,
                "length": len(message.payload),
                "digest": digest(message.payload),
            }
        )

    try:
        return {"end": _receive(receiver, count, timeout_ms, add), "messages": messages}
    except Refused as error:
        raise PartlyDone(error, {"messages": messages}) from error


def drain(receiver, count, timeout_ms):
    senders = {}

    def add(message):
        entry = senders.setdefault(str(message.sender), {"count": 0, "digest": 0})
        head = b"".join(
            number.to_bytes(width, "little")
            for number, width in ((message.tag, 4), (message.flags, 4), (len(message.payload), 8))
        )
        entry["digest"] = digest(message.payload, digest(head, entry["digest"]))
        entry["count"] += 1

    def result(end=None):
        fields = {"received": sum(e["count"] for e in senders.values()), "senders": senders}
        return fields if end is None else {**fields, "end": end}

    try:
        return result(_receive(receiver, count, timeout_ms, add))
    except Refused as error:
        raise PartlyDone(error, result()) from error


@verb("sender.open")
def sender_open(
    provider, sender_id, page_size=DEFAULT_PAGE_SIZE, receivers=1, max_pages=None, keep_pages=False
):
    refuse_if_open("sender")
    pages = pages_for(provider, receivers, max_pages, keep_pages)
    sender = hold("sender", Sender.create(pages, sender_id, page_size))
    return {"description": as_json(sender.description)}


@verb("sender.send")
def sender_send(tag, length, seed, timeout_ms, flags=0, count=1):
    return send(require("sender"), tag, length, seed, flags, count, timeout_ms)


@verb("sender.alloc")
def sender_alloc(length, timeout_ms):
    require("sender").alloc(length, deadline_after(timeout_ms))


@verb("sender.shrink")
def sender_shrink(length):
    require("sender").shrink(length)


@verb("sender.cancel")
def sender_cancel():
    require("sender").cancel()


@verb("sender.commit")
def sender_commit(tag, seed, flags=0):
    sender = require("sender")
    sender.commit(tag, payload(seed, sender.allocated_length()), flags)


@verb("sender.exit")
def sender_exit():
    require("sender").exit(deadline_after(_EXIT_TIMEOUT_MS))


@verb("sender.save")
def sender_save(name):
    return {"environment": resume.save_sender(name, require("sender"))}


@verb("sender.resume")
def sender_resume(provider, name, environment):
    refuse_if_open("sender")
    pages = pages_for(provider, receivers=0)
    sender = hold("sender", resume.resume_sender(provider, pages, name, environment))
    return {"description": as_json(sender.description)}


@verb("sender.close")
def sender_close():
    release("sender").close()


@at_exit
def sender_end():
    if "sender" in held:
        release("sender").close()


@verb("receiver.open")
def receiver_open(provider, description):
    refuse_if_open("receiver")
    hold("receiver", Receiver(provider.attach, description))


@verb("receiver.recv")
def receiver_recv(timeout_ms, count=1):
    return recv(require("receiver"), count, timeout_ms)


@verb("receiver.drain")
def receiver_drain(count, timeout_ms):
    return drain(require("receiver"), count, timeout_ms)


@verb("receiver.save")
def receiver_save(name):
    return {"environment": resume.save_receiver(name, require("receiver"))}


@verb("receiver.resume")
def receiver_resume(provider, name, environment):
    refuse_if_open("receiver")
    hold("receiver", resume.resume_receiver(provider, name, environment))


@verb("receiver.close")
def receiver_close():
    release("receiver").close()


@at_exit
def receiver_end():
    if "receiver" in held:
        release("receiver").close()
