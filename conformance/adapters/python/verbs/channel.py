# SPDX-License-Identifier: MIT OR Apache-2.0
"""sender.* and receiver.*"""

from llmp import resume
from llmp.errors import Refused
from llmp.pages import Pages
from llmp.receiver import ENDED, Receiver
from llmp.sender import Sender, in_time

from .payload import digest, payload
from .registry import Partly, as_json, at_the_end, held, keep, need, refuse_second, take, verb

DEFAULT_PAGE_SIZE = 1 << 20
_DEFAULT_PAGES = 16
_EXIT_MS = 1000


def pages_for(provider, receivers=1, max_pages=None, keep_pages=False):
    limit = max_pages if max_pages is not None or keep_pages else _DEFAULT_PAGES
    return Pages(provider, receivers, limit, keep_pages)


def send(sender, tag, length, seed, flags, count, timeout_ms):
    deadline = in_time(timeout_ms)
    for sent in range(count):
        try:
            sender.send(tag, payload((seed + sent) % 2**64, length), flags, deadline)
        except (Refused, MemoryError) as why:
            raise Partly(why, {"sent": sent}) from why
    return {"sent": count}


def _receive(receiver, count, timeout_ms, use):
    """Hands `count` messages to `use`; says how it ended."""
    for _ in range(count):
        message = receiver.wait(in_time(timeout_ms))
        if message is None:
            return "timeout"
        if message is ENDED:
            return "exiting"
        use(message)
    return "none"


def recv(receiver, count, timeout_ms):
    messages = []

    def use(message):
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
        return {"end": _receive(receiver, count, timeout_ms, use), "messages": messages}
    except Refused as why:
        raise Partly(why, {"messages": messages}) from why


def drain(receiver, count, timeout_ms):
    senders = {}

    def use(message):
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
        return result(_receive(receiver, count, timeout_ms, use))
    except Refused as why:
        raise Partly(why, result()) from why


@verb("sender.open")
def sender_open(
    provider, sender_id, page_size=DEFAULT_PAGE_SIZE, receivers=1, max_pages=None, keep_pages=False
):
    refuse_second("sender")
    pages = pages_for(provider, receivers, max_pages, keep_pages)
    sender = keep("sender", Sender.fresh(pages, sender_id, page_size))
    return {"description": as_json(sender.description)}


@verb("sender.send")
def sender_send(tag, length, seed, timeout_ms, flags=0, count=1):
    return send(need("sender"), tag, length, seed, flags, count, timeout_ms)


@verb("sender.alloc")
def sender_alloc(length, timeout_ms):
    need("sender").alloc(length, in_time(timeout_ms))


@verb("sender.shrink")
def sender_shrink(length):
    need("sender").shrink(length)


@verb("sender.cancel")
def sender_cancel():
    need("sender").cancel()


@verb("sender.commit")
def sender_commit(tag, seed, flags=0):
    sender = need("sender")
    sender.commit(tag, payload(seed, sender.reserved_length()), flags)


@verb("sender.exit")
def sender_exit():
    need("sender").exit(in_time(_EXIT_MS))


@verb("sender.save")
def sender_save(name):
    return {"environment": resume.save_sender(name, need("sender"))}


@verb("sender.resume")
def sender_resume(provider, name, environment):
    refuse_second("sender")
    pages = pages_for(provider, receivers=0)
    sender = keep("sender", resume.resume_sender(provider, pages, name, environment))
    return {"description": as_json(sender.description)}


@verb("sender.close")
def sender_close():
    take("sender").close()


@at_the_end
def sender_end():
    if "sender" in held:
        take("sender").close()


@verb("receiver.open")
def receiver_open(provider, description):
    refuse_second("receiver")
    keep("receiver", Receiver(provider.attach, description))


@verb("receiver.recv")
def receiver_recv(timeout_ms, count=1):
    return recv(need("receiver"), count, timeout_ms)


@verb("receiver.drain")
def receiver_drain(count, timeout_ms):
    return drain(need("receiver"), count, timeout_ms)


@verb("receiver.save")
def receiver_save(name):
    return {"environment": resume.save_receiver(name, need("receiver"))}


@verb("receiver.resume")
def receiver_resume(provider, name, environment):
    refuse_second("receiver")
    keep("receiver", resume.resume_receiver(provider, name, environment))


@verb("receiver.close")
def receiver_close():
    take("receiver").close()


@at_the_end
def receiver_end():
    if "receiver" in held:
        take("receiver").close()
