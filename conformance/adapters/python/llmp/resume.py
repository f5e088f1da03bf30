# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hands a sender or a receiver over to another process (section 14)."""

from .description import Description, number_of
from .errors import Refused
from .mutant import mutant
from .page import END_OF_PAGE, HEADER, INITIALISED_MAGIC, LINE, PAGE_HEADER, UNINITIALIZED, UNSET, Page
from .receiver import Receiver
from .sender import Sender

_NULL = "_NULL"


def _variables(name, side):
    """Returns the variables of a sender or a receiver, without N_CLIENT_ID (RESUME-1)."""
    start = 0 if mutant("resume-offset-from-map") else PAGE_HEADER
    last = side.last_offset
    none = "0" if mutant("resume-null-is-zero") else _NULL
    return {
        name: side.page.map.id,
        name + "_SIZE": str(side.page.size),
        name + "_OFFSET": none if last is None else str(last - start),
    }


def save_receiver(name, receiver):
    """Returns the receiver's variables. From now on the successor leaves the page, not this process (RESUME-2)."""
    receiver.handed_over = True
    receiver.page.map.hand_over()
    return _variables(name, receiver)


def save_sender(name, sender):
    if not sender.is_idle():
        raise Refused("a message is allocated and not yet sent")
    sender.page.map.hand_over()
    client = _NULL if mutant("resume-client-id-left-out") else str(sender.sender_id)
    return {**_variables(name, sender), name + "_CLIENT_ID": client}


def _page(provider, name, environment):
    size = number_of(environment[name + "_SIZE"], 2**63)
    page = Page(provider.attach(Description.of(size, environment[name])))
    if page.magic != INITIALISED_MAGIC:
        page.close()
        raise Refused("the map is not a page")
    return page


def _offset(text, page):
    """Returns the map offset of the last message, or None; refuses one without room for a header (RESUME-4)."""
    if text == _NULL:
        return None
    offset = PAGE_HEADER + number_of(text, 2**63)
    if mutant("resume-any-offset"):
        return min(offset, page.size - HEADER)
    if offset + HEADER > page.size:
        raise Refused(f"no room for a message at the offset {text}")
    return offset


def _last_message(page, text):
    """Returns the offset and the header of the last message; checks the header like a received one."""
    offset = _offset(text, page)
    if offset is None:
        return None, None
    slot, room = page.read_slot(offset), page.size - offset - HEADER
    if mutant("resume-any-offset"):
        return offset, slot
    if slot.tag in (UNSET, UNINITIALIZED, END_OF_PAGE) or not 0 < slot.message_id <= page.current_id:
        raise Refused(f"no message at the offset {text}")
    if not slot.length <= slot.padded <= room or (offset + HEADER + slot.padded) % LINE:
        raise Refused(f"the message at the offset {text} is corrupt")
    return offset, slot


def resume_receiver(provider, name, environment):
    page = _page(provider, name, environment)
    try:
        offset, slot = _last_message(page, environment[name + "_OFFSET"])
        receiver = Receiver(provider.attach, page.map.description, pre_joined=True)
    finally:
        page.close()
    if slot:
        receiver.resume_after(offset, slot)
    if mutant("resume-reads-again") and slot:
        receiver.resume_after(offset, slot._replace(message_id=slot.message_id - 1, padded=-HEADER))
    if mutant("resume-leaves-one-out"):
        receiver.recv()
    return receiver


def resume_sender(provider, pages, name, environment):
    """Resumes a sender on its newest page. The older pages remain those of the process that created them."""
    page = _page(provider, name, environment)
    try:
        offset, slot = _last_message(page, environment[name + "_OFFSET"])
        if page.current_id != (slot.message_id if slot else 0) and not mutant("resume-any-offset"):
            raise Refused("the message at the offset is not the last one")
        client = environment[name + "_CLIENT_ID"]
        sender_id = page.sender_id if client == _NULL else number_of(client, 2**32)
    except Refused:
        page.close()
        raise
    page.map.take_over()
    pages.held.append(page)
    return _continue(Sender(pages, sender_id, page), offset, slot)


def _continue(sender, offset, slot):
    sender.max_alloc = min(sender.page.max_alloc, sender.page.size)
    if slot:
        sender.resume_after(offset, slot)
    if mutant("resume-ids-start-again"):
        sender.last_id = 0
    if mutant("resume-slot-again") and slot:
        sender.used = offset - PAGE_HEADER
    if mutant("resume-sender-id-0"):
        sender.sender_id = 0
    return sender
