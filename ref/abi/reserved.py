# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: python3 -B ref/abi/reserved.py LIBRARY   sets each reserved byte in turn: every constructor must return -EINVAL

A set byte is an option of a newer release, which the library must not ignore. Also requires that no option struct has
padding, because the library could not give padding a meaning later.
"""
import ctypes
import errno
import socket
import sys
import threading

import binding

llmp = binding.load(sys.argv[1])
violations = 0


def require(holds, text):
    global violations
    if not holds:
        violations += 1
        print(text)


def reserved_bytes(name, base=0):
    """Yields (offset, path) of each reserved byte of a struct, those of the structs in it included."""
    for member, offset, size in llmp.layout[name][1]:
        type_ = dict(getattr(llmp, name)._fields_)[member]
        if member.startswith("reserved"):
            yield from ((base + offset + i, f"{member}[{i}]") for i in range(size))
        elif type_.__name__ in llmp.layout:
            for at, path in reserved_bytes(type_.__name__, base + offset):
                yield at, f"{member}.{path}"


def check_padding(name):
    size, members = llmp.layout[name]
    require(sum(bytes_ for _, _, bytes_ in members) == size, f"{name} has padding: name it 'reserved'")


def check(struct, what, construct, ignored=None):
    """Sets each reserved byte of `struct` in turn, and expects that `construct(pointer to the struct)` refuses it.

    Members that begin with `ignored` are not read by that function.
    """
    for at, path in reserved_bytes(type(struct).__name__):
        if ignored and path.startswith(ignored):
            continue
        value = type(struct).from_buffer_copy(bytes(struct))
        ctypes.cast(ctypes.pointer(value), ctypes.POINTER(ctypes.c_uint8))[at] = 1
        rc = construct(ctypes.byref(value))
        require(rc == -errno.EINVAL, f"{what} with {path} set returns {rc}")


def new(type_, constructor, *arguments):
    """Calls a constructor whose last parameter receives the object; returns (rc, object)."""
    out = ctypes.POINTER(type_)()
    rc = constructor(*arguments, ctypes.byref(out))
    require((rc == 0) == bool(out), f"{constructor.__name__} returned {rc} and {'an object' if out else 'null'}")
    return rc, out


def check_maps():
    provider = llmp.llmp_shmem_provider_default()
    _, map_ = new(llmp.llmp_shmem, llmp.llmp_shmem_create, provider, 4096, None)
    desc = llmp.llmp_shmem_describe(map_)
    options = llmp.llmp_shmem_options()
    check(options, "llmp_shmem_create", lambda o: new(llmp.llmp_shmem, llmp.llmp_shmem_create, provider, 4096, o)[0])
    check(options, "llmp_shmem_open", lambda o: new(llmp.llmp_shmem, llmp.llmp_shmem_open, provider, desc, o)[0])
    llmp.llmp_shmem_close(map_)
    check(options, "llmp_shmem_recv_fd", receive_map)


def receive_map(options):
    ends = socket.socketpair()
    _, map_ = new(llmp.llmp_shmem, llmp.llmp_shmem_create, llmp.llmp_shmem_provider_find(b"memfd"), 4096, None)
    require(llmp.llmp_shmem_send_fd(ends[0].fileno(), map_) == 0, "llmp_shmem_send_fd fails")
    rc, _ = new(llmp.llmp_shmem, llmp.llmp_shmem_recv_fd, ends[1].fileno(), options)
    llmp.llmp_shmem_close(map_)
    for end in ends:
        end.close()
    return rc


def check_channel():
    _, sender = new(llmp.llmp_sender, llmp.llmp_sender_new, None)
    desc = llmp.llmp_sender_describe(sender)
    check(llmp.llmp_sender_options(), "llmp_sender_new", lambda o: new(llmp.llmp_sender, llmp.llmp_sender_new, o)[0])
    check(llmp.llmp_receiver_options(), "llmp_receiver_new",
          lambda o: new(llmp.llmp_receiver, llmp.llmp_receiver_new, desc, o)[0])
    llmp.llmp_sender_free(sender, llmp.LLMP_NOWAIT)


def check_broker():
    check(llmp.llmp_broker_options(), "llmp_broker_new", lambda o: new(llmp.llmp_broker, llmp.llmp_broker_new, o)[0])
    _, broker = new(llmp.llmp_broker, llmp.llmp_broker_new, None)
    port = llmp.llmp_broker_listen(broker, None, 0)
    check_attach(broker)
    thread = threading.Thread(target=llmp.llmp_broker_run, args=(broker,))
    thread.start()
    check(llmp.llmp_client_options(port=port), "llmp_client_connect",
          lambda o: new(llmp.llmp_client, llmp.llmp_client_connect, o, 10**10)[0])
    llmp.llmp_broker_stop(broker)
    thread.join()
    llmp.llmp_broker_free(broker, llmp.LLMP_NOWAIT)


def check_attach(broker):
    _, sender = new(llmp.llmp_sender, llmp.llmp_sender_new, None)
    channel, broadcast = llmp.llmp_sender_describe(sender), llmp.llmp_shmem_desc()
    id_ = llmp.llmp_broker_add_client(broker, channel, broadcast)
    attach = llmp.llmp_client_attach
    check(llmp.llmp_client_options(), "llmp_client_attach",
          lambda o: new(llmp.llmp_client, attach, sender, broadcast, id_, o)[0], ignored="sender.")
    _, client = new(llmp.llmp_client, attach, sender, broadcast, id_, None)
    llmp.llmp_client_free(client, llmp.LLMP_NOWAIT)


for struct in llmp.layout:
    if struct.endswith("_options"):
        check_padding(struct)
check_maps()
check_channel()
check_broker()
sys.exit(violations != 0)
