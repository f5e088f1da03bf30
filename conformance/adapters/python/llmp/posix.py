# SPDX-License-Identifier: MIT OR Apache-2.0
"""POSIX maps: files in /dev/shm, which is what shm_open() makes of a name on Linux (ID-3).

The maker holds a shared lock on its file for as long as it lives. A file that bears our mark, a character that other
implementations do not put there, and that nobody locks has lost its maker; whoever makes the next map removes it
(ID-10). Unlike a process id, the lock cannot be mistaken."""

import contextlib
import fcntl
import itertools
import os
import stat

from . import system
from .errors import Refused
from .map import Map, claimed

_FOLDER = "/dev/shm"
_MARK = "~"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 19
_counter = itertools.count()


def _path(name):
    if not name.startswith("/") or "/" in name[1:] or len(name) < 2:
        raise Refused(f"no name of a POSIX map: {name!r}")
    return _FOLDER + name


def _names():
    """Names of this process, each other than the ones before for as long as there are digits."""
    start = f"/libafl_{os.getpid()}_{_MARK}"
    width = _LONGEST - len(start)
    for _ in range(len(_DIGITS) ** min(width, 3)):
        number, more = next(_counter), ""
        for _ in range(width):
            number, digit = divmod(number, len(_DIGITS))
            more = _DIGITS[digit] + more
        yield start + more
    raise Refused("all names are taken")


def _make_file():
    """A new file with its maker's lock, and its name."""
    for name in _names():
        try:
            fd = os.open(_path(name), os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        fcntl.flock(fd, fcntl.LOCK_SH)
        if os.fstat(fd).st_nlink:
            return fd, name
        os.close(fd)  # swept away between open and lock
    return None


def _unlink(name):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(name))


def _maker_is_gone(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_ours(name):
    return name.startswith("libafl_") and name.rpartition("_")[2].startswith(_MARK)


def _sweep():
    for name in filter(_is_ours, os.listdir(_FOLDER)):
        path = f"{_FOLDER}/{name}"
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            if _maker_is_gone(fd) and os.fstat(fd).st_nlink:
                os.unlink(path)
        finally:
            os.close(fd)


class PosixMap(Map):
    fd = None
    handed_over = False

    @classmethod
    def create(cls, size):
        _sweep()
        fd, name = _make_file()
        try:
            os.ftruncate(fd, size)
            made = cls(system.map_shared(fd, size), size, name)
        except BaseException:
            _unlink(name)
            os.close(fd)
            raise
        made.fd = fd
        return made

    @classmethod
    def attach(cls, description):
        name = description.text
        fd = os.open(_path(name), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{name} is no shared memory")
            size = claimed(description.size, status.st_size)
            return cls(system.map_shared(fd, size), size, name)
        finally:
            os.close(fd)

    def hand_over(self):
        self.handed_over = True

    def take_over(self):
        """It locks the file as its maker did, and removes it in the end."""
        self.fd = os.open(_path(self.id), os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(self.fd, fcntl.LOCK_SH)
        super().take_over()

    def deserted(self):
        if not _is_ours(self.id[1:]):
            return False
        try:
            fd = os.open(_path(self.id), os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True
        try:
            return _maker_is_gone(fd)
        finally:
            os.close(fd)

    def _unmap(self):
        super()._unmap()
        if self.fd is not None:
            if self.is_makers() and not self.handed_over:
                _unlink(self.id)
            os.close(self.fd)
