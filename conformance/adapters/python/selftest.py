#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests the adapter without the suite: prints TAP, and exits with 1 after a failure."""

import itertools
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from llmp.served import ADDRESS  # noqa: E402

TESTS = []


class Adapter:
    """One process of the adapter. request() expects the result `ok` by default."""

    def __init__(self, **environment):
        command = [sys.executable, os.path.join(HERE, "adapter")]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(
            command, **streams, env={**os.environ, **environment}, text=True, close_fds=False
        )
        self._ids = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def request(self, verb, expect="ok", **arguments):
        line = {"id": next(self._ids), "verb": verb, "test": "selftest", **arguments}
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == line["id"] and answer["result"] == expect, (line, answer)
        return answer


def test(function):
    TESTS.append(function)
    return function


def wait_until(condition):
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit, "timeout: the condition is still false"
        time.sleep(0.01)


def stream(provider):
    """Sends several pages from one process to another, and ends the channel."""
    with Adapter() as sender, Adapter() as receiver:
        opened = sender.request("sender.open", provider=provider, sender_id=3, page_size=4096)
        receiver.request("receiver.open", provider=provider, description=opened["description"])
        for first in range(0, 100, 10):
            sender.request("sender.send", tag=9, length=700, seed=first, count=10, timeout_ms=5000)
            got = receiver.request("receiver.drain", count=10, timeout_ms=5000)
            assert (got["received"], got["end"]) == (10, "none"), got
        sender.request("sender.exit")
        assert receiver.request("receiver.recv", timeout_ms=5000)["end"] == "exiting"


@test
def sysv_stream():
    stream("sysv")


@test
def posix_stream():
    stream("posix")


@test
def posix_names_of_a_killed_process_are_removed():
    with Adapter() as first, Adapter() as second:
        path = "/dev/shm" + first.request("map.create", provider="posix", size=64)["description"]["id"]
        first.process.kill()
        first.process.wait()
        assert os.path.exists(path)
        second.request("map.create", provider="posix", size=64)
        assert not os.path.exists(path)


@test
def memfd_inherited():
    fd = os.memfd_create("selftest", 0)
    os.ftruncate(fd, 4096)
    os.set_inheritable(fd, True)
    description = {"size": 4096, "id": str(fd)}
    with Adapter() as reader, Adapter() as writer:
        for party in (reader, writer):
            party.request("map.open", provider="memfd", description=description)
        writer.request("map.write", map=1, offset=8, length=5, seed=1)
        assert reader.request("map.digest", map=1, offset=8, length=5)["digest"] == 3556106067
        reader.request("map.fork", map=1)
    os.close(fd)


class ServiceConnection:
    """A raw connection to the service."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(ADDRESS)

    def request(self, body):
        """Returns the answer, or b"" if the service closes the connection. Closes descriptors in the answer."""
        self.sock.sendall(framed(body))
        answer, fds, _, _ = socket.recv_fds(self.sock, 16, 1)
        for fd in fds:
            os.close(fd)
        return answer


def request_once(body):
    """Sends one request on a new connection."""
    return ServiceConnection().request(body)


def framed(body):
    return struct.pack(">I", len(body)) + body


def existing(number):
    return b"\x01\x40" + number.ljust(20, b"\0")


@test
def raw_service():
    """References over connections, closed connections, forks, an incomplete frame (SERVED-2, -3, -6, -8, -9)."""
    with Adapter() as service:
        service.request("service.open")
        one, two, silent = ServiceConnection(), ServiceConnection(), ServiceConnection()
        silent.sock.sendall(b"\0\0")
        parent = one.request(b"\x03")
        assert parent.isdigit() and parent != two.request(b"\x03")
        number = one.request(b"\x00\x40")
        zigzag = bytes([int(number) << 1])
        assert two.request(existing(number)) == number
        assert one.request(b"\x02" + zigzag) == b"2" and one.request(b"\x02" + zigzag) == b"0"
        assert one.request(existing(number)) == number and one.request(b"\x04")
        one.sock.close()
        assert two.request(b"\x02" + zigzag) == b"2"
        child = ServiceConnection()
        assert child.request(b"\x05" + bytes([int(parent) << 1])) and child.request(existing(number)) == number
        child.sock.close()
        wait_until(lambda: request_once(existing(number)) == b"")


@test
def served_stream_and_fork():
    with Adapter() as service, Adapter() as creator:
        service.request("service.open")
        stream("served")
        made = creator.request("map.create", provider="served", size=4096)
        creator.request("map.fork", map=made["map"])
        with Adapter() as other:
            other.request("map.open", provider="served", description=made["description"])
            assert request_once(b"\x01\x80") == b""
            other.request("map.open", "refused", provider="served", description={"size": 1, "id": "99:1"})
        assert request_once(b"\x03").isdigit()
        assert request_once(b"\x06") == b""
        wait_until(lambda: not service_listens())


def service_listens():
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(ADDRESS) == 0


@test
def broker_and_clients():
    with Adapter() as broker, Adapter() as one, Adapter() as two:
        opened = broker.request("broker.open", provider="sysv", exit_after=2)
        for number, client in enumerate((one, two), 1):
            got = client.request("client.connect", provider="sysv", port=opened["port"], timeout_ms=5000)
            assert got["client_id"] == number, got
        assert broker.request("broker.clients")["clients"] == [1, 2]
        one.request("client.send", tag=5, length=10, seed=1, count=100, timeout_ms=5000)
        two.request("client.send", tag=6, length=9000, seed=1, count=100, timeout_ms=5000)
        for client in (one, two):
            got = client.request("client.drain", count=200, timeout_ms=5000)
            assert {k: v["count"] for k, v in got["senders"].items()} == {"1": 100, "2": 100}, got
        one.request("client.close")
        broker.request("broker.wait", "refused", timeout_ms=0)
        two.request("client.close", quit=True)
        broker.request("broker.wait", timeout_ms=5000)


@test
def killed_client_is_removed():
    with Adapter() as broker, Adapter() as client:
        opened = broker.request("broker.open", provider="posix")
        client.request("client.connect", provider="posix", port=opened["port"], timeout_ms=5000)
        client.process.kill()
        wait_until(lambda: broker.request("broker.clients")["clients"] == [])


@test
def broker_to_broker():
    with Adapter() as near, Adapter() as far, Adapter() as one, Adapter() as two:
        near_port = near.request("broker.open", provider="sysv")["port"]
        far_port = far.request("broker.open", provider="posix")["port"]
        one.request("client.connect", provider="sysv", port=near_port, timeout_ms=5000)
        two.request("client.connect", provider="posix", port=far_port, timeout_ms=5000)
        near.request("broker.link", port=far_port, timeout_ms=5000)
        for sender, receiver in ((one, two), (two, one)):
            sender.request("client.send", tag=7, flags=1, length=5, seed=1, timeout_ms=5000)
            assert sender.request("client.recv", timeout_ms=5000)["messages"][0]["sender"] == 1
            (got,) = receiver.request("client.recv", timeout_ms=5000)["messages"]
            expected = {"tag": 7, "sender": 2, "flags": 3, "length": 5, "digest": 3556106067}
            assert got == expected, got


class RawPeer:
    """A raw connection to a broker that plays another broker."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.makefile("rb").read(4 + self.body_length())
        self.sock.sendall(bytes.fromhex("00 00 00 03 01 01 61"))

    def body_length(self):
        return struct.unpack(">I", self.sock.recv(4, socket.MSG_PEEK | socket.MSG_WAITALL))[0]


@test
def raw_peer():
    """Reserved tags, a frame in pieces, and invalid data (B2B-4, B2B-5, B2B-7)."""
    with Adapter() as broker, Adapter() as client:
        port = broker.request("broker.open", provider="sysv")["port"]
        client.request("client.connect", provider="sysv", port=port, timeout_ms=5000)
        peer = RawPeer(port)
        assert peer.sock.recv(6, socket.MSG_WAITALL) == bytes.fromhex("00 00 00 02 02 02")
        exiting = b"\x05\xf1\xa2\xf1\x09\x00\x00"
        peer.sock.sendall(framed(exiting))
        for byte in bytes.fromhex("00 00 00 08 05 b7 26 01 03 01 02 03"):
            peer.sock.sendall(bytes([byte]))
            time.sleep(0.005)
        (got,) = client.request("client.recv", timeout_ms=5000)["messages"]
        assert (got["tag"], got["sender"], got["flags"], got["length"]) == (0x1337, 2, 3, 3), got
        client.request("client.send", tag=8, length=1, seed=0, timeout_ms=1000)
        assert peer.sock.recv(9, socket.MSG_WAITALL)[:8] == bytes.fromhex("00 00 00 05 01 08 00 01")
        peer.sock.sendall(framed(b"\xff" * 11))
        assert peer.sock.recv(1) == b""
        client.request("client.send", tag=9, length=0, seed=0, timeout_ms=1000)
        assert client.request("client.drain", count=2, timeout_ms=5000)["received"] == 2


@test
def save_and_resume():
    """The resumed sender and receiver start before the first ones end."""
    with Adapter() as sender, Adapter() as receiver, Adapter() as second_sender, Adapter() as second_receiver:
        opened = sender.request("sender.open", provider="posix", sender_id=4)
        receiver.request("receiver.open", provider="posix", description=opened["description"])
        assert sender.request("sender.save", name="S")["environment"]["S_OFFSET"] == "_NULL"
        sender.request("sender.send", tag=1, length=20, seed=0, count=3, timeout_ms=0)
        receiver.request("receiver.recv", count=2, timeout_ms=1000)
        saved = receiver.request("receiver.save", name="R")["environment"]
        assert saved["R_OFFSET"] == "80", saved
        second_receiver.request("receiver.resume", provider="posix", name="R", environment=saved)
        saved = sender.request("sender.save", name="S")["environment"]
        assert (saved["S_OFFSET"], saved["S_CLIENT_ID"]) == ("144", "4"), saved
        sender.request("sender.close")
        second_sender.request("sender.resume", provider="posix", name="S", environment=saved)
        second_sender.request("sender.send", tag=2, length=0, seed=0, timeout_ms=0)
        got = second_receiver.request("receiver.recv", count=2, timeout_ms=1000)["messages"]
        assert [(m["tag"], m["sender"]) for m in got] == [(1, 4), (2, 4)], got
        for offset in ("1048528", "1048489", "x", "-64"):
            with Adapter() as other:
                wrong = {**saved, "S_OFFSET": offset}
                other.request("sender.resume", "refused", provider="posix", name="S", environment=wrong)


@test
def the_list_names_every_mutant():
    """mutants.txt and the switches in the code name the same defects."""
    named = set()
    for folder, _, files in os.walk(os.path.join(HERE, "llmp")):
        for name in files:
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                named |= set(re.findall(r'mutant\("([a-z0-9-]+)"\)', source.read()))
    with open(os.path.join(HERE, "mutants.txt"), encoding="utf-8") as listed:
        lines = [line.split() for line in listed if line.strip() and not line.startswith("#")]
    assert named == {line[0] for line in lines}, named ^ {line[0] for line in lines}


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, function in enumerate(TESTS, 1):
        name = function.__name__.replace("_", " ")
        if ("service" in name or "served" in name) and service_listens():
            print(f"ok {number} - {name} # SKIP the address of the service is in use", flush=True)
            continue
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:
            failed += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
