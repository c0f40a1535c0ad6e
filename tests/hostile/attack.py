"""What an attack is, and what every attack is told about the machine it runs on."""

from __future__ import annotations

from dataclasses import dataclass

READ, FORGE, ESCAPE = "read", "forge", "escape"
EXHAUST, PERSIST, LEAK, PAGE = "exhaust", "persist", "leak", "page"
KINDS = (READ, FORGE, ESCAPE, EXHAUST, PERSIST, LEAK, PAGE)


@dataclass(frozen=True)
class Attack:
    """A submission that wants points without work, or harm."""

    kind: str
    name: str
    cells: tuple[str, ...]
    """Run after `PRELUDE` and a solution; they may use what `PRELUDE` and the arena define."""
    right: bool = False
    """Whether the solution beside the attack is right. Where it is wrong, no point may come."""
    needs_walls: bool = False
    """Not tried at `plain`: it would end the tests or their machine rather than show anything."""
    student: str = "2026001"


def attack(
    kind: str,
    name: str,
    *cells: str,
    right: bool = False,
    needs_walls: bool = False,
    student: str = "2026001",
) -> Attack:
    """An attack, written in one breath."""
    return Attack(kind, name, cells, right, needs_walls, student)


PRELUDE = r'''
import ctypes, errno, fcntl, gc, json, mmap, os, platform, re, signal, socket, struct
import subprocess, sys, tempfile, threading, time
import torch

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = libc.shmat.restype = ctypes.c_long
loot = set()

def take(data):
    """Keep what looks like something that was planted."""
    if not isinstance(data, (bytes, bytearray)):
        data = str(data).encode(errors="replace")
    loot.update(m.decode() for m in re.findall(rb"planted-[a-z]+-[0-9a-f]{12}", data))

def each(*attempts):
    """Try all; an attempt that fails must not save the next."""
    for attempt in attempts:
        try:
            attempt()
        except Exception:
            pass

def grab(path):
    with open(path, "rb") as file:
        take(file.read(1 << 20))

def call(x86, arm, *arguments):
    number = x86 if platform.machine() == "x86_64" else arm
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    if libc.syscall(ctypes.c_long(number), *words) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return True

def knock(kind, address, how=None):
    with socket.socket(kind, how or socket.SOCK_STREAM) as client:
        client.settimeout(1)
        if how is None:
            client.connect(address)
        else:
            client.sendto(b"x", address)

def memory(pid):
    """Whatever can be read of the writable memory of a process."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as file:
        for line in maps:
            if "[stack]" in line or "[heap]" in line:
                start, end = (int(x, 16) for x in line.split()[0].split("-"))
                file.seek(start)
                take(file.read(end - start))
'''

CONFESS = r"""
if loot:
    raise RuntimeError(" ".join(sorted(loot))[:450])
"""
"""The last cell. What was found has to come out somewhere: the outside looks for it there."""
