# SPDX-License-Identifier: MIT OR Apache-2.0
"""POSIX maps: files in /dev/shm, as shm_open() creates them on Linux (ID-3).

The creator holds a shared lock on its file until it ends. A file whose name contains this implementation's mark, a
character that other implementations do not use there, and that no process has locked is abandoned; the next process
that creates a map removes it (ID-10). Unlike a process id, the lock cannot belong to another process."""

import contextlib
import fcntl
import itertools
import os
import stat

from . import system
from .errors import Refused
from .map import Map, checked_size

_FOLDER = "/dev/shm"
_MARK = "~"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAX_NAME = 19
_counter = itertools.count()


def _path(name):
    if not name.startswith("/") or "/" in name[1:] or len(name) < 2:
        raise Refused(f"not the name of a POSIX map: {name!r}")
    return _FOLDER + name


def _names():
    """Yields names with a counter, which do not repeat until its digits are used up."""
    start = f"/libafl_{os.getpid()}_{_MARK}"
    width = _MAX_NAME - len(start)
    for _ in range(len(_DIGITS) ** min(width, 3)):
        number, more = next(_counter), ""
        for _ in range(width):
            number, digit = divmod(number, len(_DIGITS))
            more = _DIGITS[digit] + more
        yield start + more
    raise Refused("all names are taken")


def _create_file():
    """Creates and locks a file; returns its descriptor and its name."""
    for name in _names():
        try:
            fd = os.open(_path(name), os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        fcntl.flock(fd, fcntl.LOCK_SH)
        if os.fstat(fd).st_nlink:
            return fd, name
        os.close(fd)  # another process removed it between open and flock
    return None


def _unlink(name):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(name))


def _creator_has_ended(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_ours(name):
    return name.startswith("libafl_") and name.rpartition("_")[2].startswith(_MARK)


def _remove_abandoned():
    for name in filter(_is_ours, os.listdir(_FOLDER)):
        path = f"{_FOLDER}/{name}"
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            if _creator_has_ended(fd) and os.fstat(fd).st_nlink:
                os.unlink(path)
        finally:
            os.close(fd)


class PosixMap(Map):
    fd = None
    handed_over = False

    @classmethod
    def create(cls, size):
        _remove_abandoned()
        fd, name = _create_file()
        try:
            os.ftruncate(fd, size)
            created = cls(system.map_shared(fd, size), size, name)
        except BaseException:
            _unlink(name)
            os.close(fd)
            raise
        created.fd = fd
        return created

    @classmethod
    def attach(cls, description):
        name = description.text
        fd = os.open(_path(name), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{name} is not shared memory")
            size = checked_size(description.size, status.st_size)
            return cls(system.map_shared(fd, size), size, name)
        finally:
            os.close(fd)

    def hand_over(self):
        self.handed_over = True

    def take_over(self):
        """Locks the file as its creator did; close() removes it."""
        self.fd = os.open(_path(self.id), os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(self.fd, fcntl.LOCK_SH)
        super().take_over()

    def is_orphaned(self):
        if not _is_ours(self.id[1:]):
            return False
        try:
            fd = os.open(_path(self.id), os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True
        try:
            return _creator_has_ended(fd)
        finally:
            os.close(fd)

    def _unmap(self):
        super()._unmap()
        if self.fd is not None:
            if self.is_creator() and not self.handed_over:
                _unlink(self.id)
            os.close(self.fd)
