"""The system calls that code in a box may make. Runs as a file in the box.

Everything is allowed but what is listed in `syscalls`: what a student's program needs is anybody's
guess, what it must not do is known. A filter is a program for the kernel's packet-filter machine;
a row `(code, jump if true, jump if false, constant)` is one instruction.
"""

import ctypes
import errno
import os
import struct

import syscalls
from linuxcalls import ARCH, prctl

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
ALLOW, KILL = 0x7FFF0000, 0x80000000
NEWEST = 471
"""Calls with larger numbers came after this list was made."""

_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into somebody's terminal
_SIGNAL_OWNER = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP: having somebody signalled
_SET_OWNER = (8, 15)  # F_SETOWN, F_SETOWN_EX
_AF_UNIX = 1


def refuse(code):
    """The action that makes a call fail with `code`; with 0 it does nothing and succeeds."""
    return 0x00050000 | code


DENY, ABSENT, PRETEND = refuse(errno.EPERM), refuse(errno.ENOSYS), refuse(0)


def program(machine, shared_pids, signals):
    """The instructions of the filter.

    Args:
        machine: the architecture.
        shared_pids: the box sees the processes and files of the machine's user (level 2): no
            sockets, nothing done to a process by its number, no change of modes and owners.
        signals: whether processes may signal each other; otherwise only themselves.
    """
    rows = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, 1, NEWEST),
        (_RETURN, 0, 0, ABSENT),
    ]
    tables = [(syscalls.FORBIDDEN, DENY), (syscalls.UNKNOWN, ABSENT)]
    if shared_pids:
        tables += [(syscalls.CHANGES, PRETEND), (syscalls.OWNERS, DENY)]
    for table, action in tables:
        for number in syscalls.numbers(table, machine).values():
            rows += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, action)]
    for name, number in syscalls.numbers(syscalls.CHECKED, machine).items():
        body = _body(name, shared_pids, signals)
        if body:
            rows += [(_EQUAL, 0, len(body), number), *body]
    return [*rows, (_RETURN, 0, 0, ALLOW)]


def _body(name, shared_pids, signals):
    """What to do about the call `name`; every path ends in a return."""
    if name == "clone":
        return [_load(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), *_end(deny=True), *_end()]
    if name in ("socket", "socketpair"):
        # A socket pair reaches nobody; a path socket of the machine would.
        allowed = [] if shared_pids and name == "socket" else [_AF_UNIX]
        return _only(0, allowed)
    if name == "ioctl":
        return _except(1, _TERMINAL_INPUT + _SIGNAL_OWNER)
    if name == "fcntl":
        return _except(1, _SET_OWNER) if shared_pids else []
    if name == "prlimit64":
        return _only(0, [0])
    if name in ("setpriority", "ioprio_set"):
        return _only(1, [0]) if shared_pids else []
    if name.startswith("sched_"):
        # ZeroMQ names its own threads here and dies of a refusal; that it does nothing is fine.
        return _only(0, [0], otherwise=PRETEND) if shared_pids else []
    if signals or not shared_pids:
        return []
    return _only(0, [os.getpid()]) if name in ("kill", "tgkill") else _end(deny=True)


def _load(argument):
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _end(deny=False):
    return [(_RETURN, 0, 0, DENY if deny else ALLOW)]


def _only(argument, values, otherwise=DENY):
    """Allow the call only if the argument is one of `values`."""
    rows = [_load(argument)]
    for value in values:
        rows += [(_EQUAL, 0, 1, value), *_end()]
    return [*rows, (_RETURN, 0, 0, otherwise)]


def _except(argument, values):
    """Allow the call unless the argument is one of `values`."""
    rows = [_load(argument)]
    for value in values:
        rows += [(_EQUAL, 0, 1, value), *_end(deny=True)]
    return rows + _end()


def install(shared_pids, signals):
    """Put the filter on this process, for good. Needs `no_new_privileges`."""
    rows = program(ARCH, shared_pids, signals)
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *row) for row in rows))
    address = ctypes.addressof(code)
    head = ctypes.create_string_buffer(struct.pack("@HP", len(rows), address))
    prctl("seccomp", 22, 2, ctypes.addressof(head))
