"""Landlock by hand: which files a process may touch. Runs as a file in the box."""

import ctypes
import errno
import os
import stat

from linuxcalls import syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
WRITE = 0xFFFF  # everything that any version knows
_FS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FS_LATEST = (1 << 16) - 1
_TCP = 3  # bind, connect; from version 4
_SCOPES = 3  # abstract unix sockets, signals; from version 6


def version():
    """The version of Landlock that this kernel speaks; 0 if it does not."""
    try:
        return syscall("landlock", _CREATE, 0, 0, 1)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def restrict(rules):
    """Allow this process only what `rules` say: pairs of a path and access bits.

    Paths that do not exist are left out. TCP, and what leaves the box by signals or abstract
    sockets, is forbidden as far as the kernel's version can. Needs `no_new_privileges`.
    """
    known = version()
    handled = _FS.get(known, _FS_LATEST)
    attributes = (ctypes.c_uint64 * 3)(
        handled, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0
    )
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = syscall("landlock ruleset", _CREATE, ctypes.byref(attributes), size, 0)
    for path, access in rules:
        _allow(ruleset, path, access & handled)
    syscall("landlock", _RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset, path, access):
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        access &= _FILE
    rule = ctypes.create_string_buffer(
        access.to_bytes(8, "little") + fd.to_bytes(4, "little", signed=True), 12
    )
    try:
        syscall(f"landlock {path}", _ADD, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(fd)
