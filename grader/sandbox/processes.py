"""What the operating system says about processes: who descends from whom, and what each costs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
KIB = 1024


@dataclass(frozen=True)
class Cost:
    """One process at one moment."""

    born: float
    """Tells a process from a later one with the same number."""
    cpu: float
    """Seconds, with those of the children it has waited for."""
    memory: int
    """Bytes that are its own or shared by mapping, not those of files."""


def tree(roots: Iterable[int]) -> list[int]:
    """`roots` and all their descendants, each once, parents first."""
    found = dict.fromkeys(roots)
    todo = list(found)
    while todo:
        for child in _children(todo.pop()):
            if child not in found:
                found[child] = None
                todo.append(child)
    return list(found)


def cost_of(pid: int) -> Cost | None:
    """What a process costs; None if it is gone."""
    try:
        return _linux_cost(pid) if sys.platform == "linux" else _psutil_cost(pid)
    except (OSError, psutil.Error, ValueError, IndexError):
        return None  # gone, or going


def wait_for(processes: Collection[psutil.Process], seconds: float) -> None:
    """Return when processes have ended, or after so many seconds.

    An orphan that nobody takes leave of has ended too: that can take process 1 a second or two.
    """
    deadline = time.monotonic() + seconds
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.005)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def shared_memory_of(pid: int) -> int | None:
    """Memory in which a page shared by n processes counts 1/n; None where that is not told."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
        fields = _fields(text, "Pss_Anon", "Pss_Shmem", "SwapPss")
    except (OSError, ValueError):
        return None
    return sum(fields) * KIB if len(fields) == 3 else None


def _children(pid: int) -> list[int]:
    if not _children_are_listed():
        return _psutil_children(pid)
    found: list[int] = []
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            found.extend(int(word) for word in (thread / "children").read_text().split())
    except OSError:
        pass  # it, or one of its threads, is gone
    return found


@cache
def _children_are_listed() -> bool:
    """Whether this kernel lists children; psutil reads the whole process table instead."""
    me = str(os.getpid())
    return (PROC / me / "task" / me / "children").exists()


def _psutil_children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _linux_cost(pid: int) -> Cost:
    # The name may hold anything, brackets and spaces included; fields are counted after it.
    stat = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    status = (PROC / str(pid) / "status").read_text(errors="replace")
    return Cost(
        born=float(stat[19]),
        cpu=sum(map(int, stat[11:15])) / TICKS,
        memory=sum(_fields(status, "RssAnon", "RssShmem", "VmSwap")) * KIB,
    )


def _fields(text: str, *names: str) -> list[int]:
    """The numbers in lines such as `RssAnon:   1234 kB`."""
    lines = (line.split() for line in text.splitlines())
    wanted = {f"{name}:" for name in names}
    return [int(words[1]) for words in lines if words and words[0] in wanted]


def _psutil_cost(pid: int) -> Cost:
    process = psutil.Process(pid)
    with process.oneshot():
        times = process.cpu_times()
        return Cost(
            born=process.create_time(),
            cpu=times.user + times.system,
            memory=process.memory_info().rss,
        )
