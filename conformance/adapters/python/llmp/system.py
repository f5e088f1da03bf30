# SPDX-License-Identifier: MIT OR Apache-2.0
"""System calls that the standard library lacks: System V segments, shared mappings by address, an atomic add."""

import ctypes
import fcntl
import os

_PROT_READ_WRITE = 3
_MAP_SHARED = 1
_IPC_PRIVATE, _IPC_CREAT, _IPC_RMID, _IPC_STAT = 0, 0o1000, 0, 2
_SEQ_CST = 5

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]

_FAILED = ctypes.c_void_p(-1).value


class _ShmidDs(ctypes.Structure):
    """struct shmid_ds of 64-bit Linux, with names for the fields used here."""

    _fields_ = [
        ("perm", ctypes.c_ubyte * 48),
        ("segsz", ctypes.c_size_t),
        ("times_and_pids", ctypes.c_ubyte * 32),
        ("nattch", ctypes.c_ulong),
        ("rest", ctypes.c_ubyte * 64),
    ]


def _checked(result):
    if result in (-1, _FAILED):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def map_shared(fd, size):
    return _checked(_libc.mmap(None, size, _PROT_READ_WRITE, _MAP_SHARED, fd, 0))


def unmap_shared(address, size):
    _libc.munmap(address, size)


def segment_create(size):
    return _checked(_libc.shmget(_IPC_PRIVATE, size, _IPC_CREAT | 0o600))


def segment_attach(segment):
    return _checked(_libc.shmat(segment, None, 0))


def segment_detach(address):
    _libc.shmdt(address)


def segment_remove(segment):
    _checked(_libc.shmctl(segment, _IPC_RMID, None))


def segment_status(segment):
    """Returns the size in bytes, and the number of attachments."""
    status = _ShmidDs()
    _checked(_libc.shmctl(segment, _IPC_STAT, ctypes.byref(status)))
    return status.segsz, status.nattch


def bytes_at(address, size):
    return memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")


def _add_16_by_libatomic():
    add = ctypes.CDLL("libatomic.so.1").__getattr__("__atomic_fetch_add_2")
    add.argtypes = [ctypes.c_void_p, ctypes.c_uint16, ctypes.c_int]
    add.restype = ctypes.c_uint16
    return lambda address: add(address, 1, _SEQ_CST)


def _add_16_under_lock(address):
    """Adds 1 under a lock on this file: atomic only among processes that run this implementation."""
    with open(__file__, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        count = ctypes.c_uint16.from_address(address)
        count.value += 1


try:
    add_one_16 = _add_16_by_libatomic()
except (OSError, AttributeError):
    add_one_16 = _add_16_under_lock
