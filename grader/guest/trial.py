"""Tries, from inside a box, what must not be possible. Runs as a file in the box.

A wall that was raised without an error may still not hold: old kernels, odd containers, our own
mistakes. So `grader doctor`, and every first use of a machine, has a box tried before student code
is let in. The bait is what the grader laid out: a file, a process, sockets.
"""

import ctypes
import os
import socket
from pathlib import Path

import linuxcalls as linux
import syscalls


def attempts(bait):
    """What was tried, and whether it succeeded; nothing should: {name: whether}."""
    tried = {
        "read a file of the grader": lambda: Path(bait["file"]).read_bytes(),
        "change a file of the grader": lambda: Path(bait["file"]).open("ab").close(),
        "truncate a file of the grader": lambda: os.truncate(bait["file"], 0),
        "list the folder of the grader": lambda: list(Path(bait["file"]).parent.iterdir()),
        "read the environment of the grader": lambda: _environment(bait["pid"]),
        "signal the grader": lambda: os.kill(bait["pid"], 0),
        "change the limits of the grader": lambda: _call("prlimit64", bait["pid"], 7, 0, 0),
        "open an internet socket": lambda: socket.socket(socket.AF_INET),
        "open a vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
        "reach an abstract socket": lambda: _connect("\0" + bait["abstract"]),
        "reach a socket in a folder": lambda: _connect(bait["path"]),
        "make a user namespace": lambda: _namespace(),
        "trace a process": lambda: _call("ptrace", 0, 0, 0, 0),
        "make an io_uring": lambda: _call("io_uring_setup", 1, ctypes.create_string_buffer(256)),
        "make an anonymous file": lambda: _call("memfd_create", ctypes.c_char_p(b"x"), 0),
        "make shared memory": lambda: _call("shmget", 0, 4096, 0o1600),
        "load a program into the kernel": lambda: _call("bpf", 0, 0, 0),
        "mount": lambda: linux.mount("tmpfs", "/tmp", "tmpfs"),  # noqa: S108
        "keep capabilities": _capabilities,
    }
    return {name: _succeeds(attempt) for name, attempt in tried.items()}


def _succeeds(attempt):
    try:
        attempt()
    except (OSError, LookupError):
        return False
    return True


def _call(name, *arguments):
    table = syscalls.FORBIDDEN + "," + syscalls.UNKNOWN + "," + syscalls.CHECKED
    linux.syscall(name, syscalls.numbers(table, linux.ARCH)[name], *arguments)


def _environment(pid):
    if not Path(f"/proc/{pid}/environ").read_bytes():
        raise LookupError


def _connect(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def _namespace():
    linux.unshare(linux.NEWUSER)


def _capabilities():
    lines = Path("/proc/self/status").read_text().splitlines()
    if not any(int(line.split()[1], 16) for line in lines if line.startswith("CapEff")):
        raise LookupError
