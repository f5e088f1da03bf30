# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: python3 -B ref/test/test_ctypes.py LIBRARY   uses the library from Python by ctypes; prints TAP

The structs are declared from ref/abi/table.txt. They need nothing that ctypes lacks: no packing, no bit-fields, no
struct in a union, and no integer whose size differs by platform other than size_t.
"""
import ctypes
import sys
import threading
import traceback

sys.path.insert(0, "ref/abi")
import binding  # noqa: E402

llmp = binding.load(sys.argv[1])
SECOND = 10**9


def new(type_, constructor, *arguments):
    """Calls a constructor whose last parameter receives the object."""
    out = ctypes.POINTER(type_)()
    rc = constructor(*arguments, out)
    assert rc == 0, llmp.llmp_error_name(rc)
    return out


def stats_of(type_, get, object_):
    stats = type_()
    get(object_, stats, ctypes.sizeof(stats))
    return stats


def payload(message):
    return ctypes.string_at(message.payload, message.length)


def new_channel(**options):
    """Returns a sender and its receiver."""
    sender = new(llmp.llmp_sender, llmp.llmp_sender_new, llmp.llmp_sender_options(**options))
    desc = llmp.llmp_sender_describe(sender)
    return sender, new(llmp.llmp_receiver, llmp.llmp_receiver_new, desc, llmp.llmp_receiver_options())


def free_channel(sender, receiver):
    llmp.llmp_receiver_free(receiver)
    assert llmp.llmp_sender_free(sender, llmp.LLMP_NOWAIT) == 0


def structs_have_the_layout_of_the_c_compiler():
    assert len(llmp.layout) >= 13
    for name, (size, members) in llmp.layout.items():
        struct = getattr(llmp, name)
        assert ctypes.sizeof(struct) == size, name
        for member, offset, bytes_ in members:
            field = getattr(struct, member)
            assert (field.offset, field.size) == (offset, bytes_), f"{name}.{member}"


def errors_have_names_and_texts():
    assert llmp.llmp_error_name(-llmp.LLMP_E_NO_SEGMENT) == b"LLMP_E_NO_SEGMENT"
    assert b"segment" in llmp.llmp_strerror(-llmp.LLMP_E_NO_SEGMENT)
    assert llmp.llmp_version().count(b".") == 2


def a_channel_carries_messages():
    sender, receiver = new_channel(page_size=4096, sender_id=7)
    message, buffer = llmp.llmp_message(), ctypes.create_string_buffer(8)
    assert llmp.llmp_send(sender, 1, llmp.LLMP_FLAG_COMPRESSED, b"hello", 5, llmp.LLMP_NOWAIT) == 0
    assert llmp.llmp_recv(receiver, message, llmp.LLMP_NOWAIT) == 0
    assert (message.tag, message.sender, message.flags, message.id) == (1, 7, llmp.LLMP_FLAG_COMPRESSED, 1)
    assert payload(message) == b"hello"
    place = ctypes.c_void_p()
    assert llmp.llmp_sender_alloc(sender, 3, llmp.LLMP_NOWAIT, place) == 0
    ctypes.memmove(place, b"abc", 3)
    assert llmp.llmp_sender_commit(sender, 2, 0) == 0
    assert llmp.llmp_recv_copy(receiver, message, buffer, 8, llmp.LLMP_NOWAIT) == 0
    assert message.payload == ctypes.addressof(buffer) and payload(message) == b"abc"
    free_channel(sender, receiver)


def batches_carry_many_messages():
    sender, receiver = new_channel()
    texts = [b"%d" % i for i in range(50)]
    batch = (llmp.llmp_message * 50)()
    for i, text in enumerate(texts):
        batch[i].tag, batch[i].length, batch[i].payload = i + 1, len(text), ctypes.cast(text, ctypes.c_void_p)
    assert llmp.llmp_send_many(sender, batch, 50, llmp.LLMP_NOWAIT) == 50
    received = (llmp.llmp_message * 80)()
    ctypes.memset(received, 0xA5, ctypes.sizeof(received))
    assert llmp.llmp_recv_many(receiver, received, 80, llmp.LLMP_NOWAIT) == 50
    assert [payload(message) for message in received[:50]] == texts
    assert all(not any(message.reserved) for message in received[:50]), "a received message can be sent as it is"
    assert bytes(received)[50 * ctypes.sizeof(llmp.llmp_message):].strip(b"\xa5") == b""
    free_channel(sender, receiver)


def statistics_are_counted():
    sender, receiver = new_channel(page_size=4096)
    message = llmp.llmp_message()
    for _ in range(20):
        assert llmp.llmp_send(sender, 1, 0, bytes(1000), 1000, llmp.LLMP_NOWAIT) == 0
        assert llmp.llmp_recv(receiver, message, llmp.LLMP_NOWAIT) == 0
    sent = stats_of(llmp.llmp_sender_stats, llmp.llmp_sender_stats_get, sender)
    got = stats_of(llmp.llmp_receiver_stats, llmp.llmp_receiver_stats_get, receiver)
    assert sent.messages == got.messages == 20
    assert sent.pages_turned == got.pages_turned > 0
    assert sent.pages_created >= sent.pages_live > 0
    free_channel(sender, receiver)


def statistics_of_a_newer_release_are_zeroed_where_unknown():
    sender, receiver = new_channel()
    size = ctypes.sizeof(llmp.llmp_sender_stats)
    newer = (ctypes.c_uint8 * (size + 64))(*[0xA5] * (size + 64))
    llmp.llmp_sender_stats_get(sender, ctypes.cast(newer, ctypes.POINTER(llmp.llmp_sender_stats)), size + 16)
    assert bytes(newer)[size:] == bytes(16) + b"\xa5" * 48
    free_channel(sender, receiver)


def a_broker_forwards_between_clients():
    seen = []

    def on_message(context, broker, message):
        seen.append((message.contents.client, payload(message.contents)))
        return llmp.LLMP_HOOK_HANDLED if message.contents.tag == 9 else llmp.LLMP_HOOK_FORWARD

    events = []
    hook = llmp.llmp_broker_hook(on_message)
    on_event = llmp.llmp_broker_event_fn(lambda context, event: events.append(event.contents.type))
    options = llmp.llmp_broker_options(hook=hook, on_event=on_event, page_size=65536)
    broker = new(llmp.llmp_broker, llmp.llmp_broker_new, options)
    port = llmp.llmp_broker_listen(broker, b"127.0.0.1", 0)
    assert port > 0, llmp.llmp_error_name(port)
    loop = threading.Thread(target=llmp.llmp_broker_run, args=(broker,))
    loop.start()
    try:
        id_ = exchange(llmp.llmp_client_options(host=b"127.0.0.1", port=port))
    finally:
        llmp.llmp_broker_stop(broker)
        loop.join()
    assert seen == [(id_, b"first"), (id_, b"secret"), (id_, b"last")]
    assert events.count(llmp.LLMP_EVENT_CLIENT_JOINED) == 2
    stats = stats_of(llmp.llmp_broker_stats, llmp.llmp_broker_stats_get, broker)
    assert (stats.clients_joined, stats.forwarded, stats.handled) == (2, 2, 1)
    llmp.llmp_broker_free(broker, llmp.LLMP_NOWAIT)


def exchange(options):
    """Connects two clients: one sends, the other receives. Returns the id of the first."""
    one = new(llmp.llmp_client, llmp.llmp_client_connect, options, 10 * SECOND)
    two = new(llmp.llmp_client, llmp.llmp_client_connect, options, 10 * SECOND)
    message = llmp.llmp_message()
    for tag, text in ((1, b"first"), (9, b"secret"), (2, b"last")):
        assert llmp.llmp_client_send(one, tag, 0, text, len(text), SECOND) == 0
    for tag, text in ((1, b"first"), (2, b"last")):
        assert llmp.llmp_client_recv(two, message, 10 * SECOND) == 0
        assert (message.tag, message.sender, payload(message)) == (tag, llmp.llmp_client_id(one), text)
    got = stats_of(llmp.llmp_receiver_stats, llmp.llmp_receiver_stats_get, llmp.llmp_client_receiver(two))
    assert got.messages >= 2
    id_ = llmp.llmp_client_id(one)
    for client in (one, two):
        assert llmp.llmp_client_free(client, 10 * SECOND) == 0
    return id_


CASES = (
    structs_have_the_layout_of_the_c_compiler, errors_have_names_and_texts, a_channel_carries_messages,
    batches_carry_many_messages, statistics_are_counted, statistics_of_a_newer_release_are_zeroed_where_unknown,
    a_broker_forwards_between_clients,
)

failed = 0
print(f"1..{len(CASES)}", flush=True)
for number, case in enumerate(CASES, 1):
    try:
        case()
        verdict = "ok"
    except Exception:
        verdict, failed = "not ok", failed + 1
        print("# " + traceback.format_exc().replace("\n", "\n# "))
    print(f"{verdict} {number} - {case.__name__}", flush=True)
sys.exit(failed != 0)
