"""Watches the processes of one box and says which limit they broke.

A limit that the kernel enforces holds for one process; what a submission may use is a sum. So a
thread on the trusted side adds up memory, CPU time and processes of the whole tree, a few times in
a tenth of a second, and tells its owner, once, when a sum is too large. Ending the box is the
owner's business.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from grader.course import Limits
from grader.errors import SubmissionFault
from grader.result import Usage
from grader.sandbox.exceeded import cpu_limit, disk_limit, memory_limit, process_limit
from grader.sandbox.processes import Cost, cost_of, shared_memory_of, tree

MIB = 1024 * 1024
FILES = 16384
"""More files than this in the working folder count as a full disk."""
DEPTH = 100
"""So do folders in folders beyond this, which are made to hide something."""
LONGEST_PAUSE = 0.3
"""Seconds between two looks, however long they take."""


class Watchdog:
    """Adds up what a process tree costs.

    Args:
        root: the process id of the root of the tree; None while there is none.
        limits: what the tree may use.
        on_fault: called once, from the watching thread, with the limit that was broken.
        folder: a folder whose size counts as disk use, where nothing else limits it.
        charge_root: whether memory and number of processes include the root itself.
        overdrawn: whether the kernel of the machine has ended a process for the sum of memory.
        interval: seconds between two looks. A look that takes long is followed by a longer pause,
            so that watching costs little.
    """

    def __init__(
        self,
        root: Callable[[], int | None],
        limits: Limits,
        on_fault: Callable[[SubmissionFault], object],
        *,
        folder: Path | None = None,
        charge_root: bool = True,
        overdrawn: Callable[[], bool] = lambda: False,
        interval: float = 0.05,
    ) -> None:
        self.fault: SubmissionFault | None = None
        self._root = root
        self._limits = limits
        self._on_fault = on_fault
        self._folder = folder
        self._charge_root = charge_root
        self._overdrawn = overdrawn
        self._interval = interval
        self._seen: dict[int, Cost] = {}
        self._cpu = 0.0
        self._peak = 0
        self._weighing = False
        self._born = time.monotonic()
        self._ended: float | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._born = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Look once more, for the bill, and end the thread.

        May be called twice, and from `on_fault`.
        """
        if self._ended is None:
            with self._lock:
                self._find()
            self._ended = time.monotonic()
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def members(self) -> tuple[int, ...]:
        """Every process seen in the tree that still lives, those that left it included."""
        with self._lock:
            self._find()
            return tuple(self._seen)

    def usage(self) -> Usage:
        """What the tree has cost so far."""
        wall = (self._ended or time.monotonic()) - self._born
        return Usage(wall_time=wall, cpu_time=self._cpu, memory=self._peak / MIB)

    def _watch(self) -> None:
        pause = self._interval
        while not self._stop.wait(pause):
            started = time.monotonic()
            fault = self._judge()
            if fault is not None:
                self._report(fault)
                return
            took = time.monotonic() - started
            pause = min(max(self._interval, 4 * took), LONGEST_PAUSE)

    def _report(self, fault: SubmissionFault) -> None:
        """Tell the owner, if nobody did before and the box has not ended."""
        with self._lock:
            if self.fault is not None or self._stop.is_set():
                return
            self.fault = fault
        self._on_fault(fault)

    def _find(self) -> None:
        """Bring the costs of all living processes up to date."""
        # A process that left the tree is still ours, unless its number was given away.
        ours = [pid for pid, cost in self._seen.items() if _is_same(cost, cost_of(pid))]
        root = self._root()
        found = tree(ours if root is None else [root, *ours])
        costs = {pid: cost_of(pid) for pid in found}
        self._seen = {pid: cost for pid, cost in costs.items() if cost is not None}
        # The time of a process that nobody waited for is in no other process's account.
        self._cpu = max(self._cpu, sum(cost.cpu for cost in self._seen.values()))

    def _judge(self) -> SubmissionFault | None:
        """Look, and say which limit is broken; the cheap questions first."""
        if self._overdrawn():
            return memory_limit(self._limits.memory)
        charged = self._charged()
        if len(charged) > self._limits.processes:
            return process_limit(self._limits.processes)
        if self._cpu > self._limits.cpu_time:
            return cpu_limit(self._limits.cpu_time)
        memory = sum(cost.memory for cost in charged.values())
        if memory <= self._limits.memory * MIB:
            self._peak = max(self._peak, memory)
        elif not self._weighing:
            self._weighing = True
            threading.Thread(target=self._weigh, daemon=True).start()
        if self._folder is not None and _is_full(self._folder, self._limits.disk * MIB):
            return disk_limit(self._limits.disk)
        return None

    def _weigh(self) -> None:
        """Find out what processes use that seem to use too much.

        Forks share pages, and each counts them in full. Asking who shares is exact, but a process
        that forks without end can make the answer take long; so this happens aside. It is asked
        twice, because a sharer that ends while we ask is counted and yet makes others heavier.
        """
        memory = min(self._weight(), self._weight())
        self._peak = max(self._peak, memory)
        if memory > self._limits.memory * MIB:
            self._report(memory_limit(self._limits.memory))
        self._weighing = False

    def _weight(self) -> int:
        memory = 0
        for pid in self._charged():
            shared = shared_memory_of(pid)
            if shared is None:
                cost = cost_of(pid)
                shared = 0 if cost is None else cost.memory
            memory += shared
        return memory

    def _charged(self) -> dict[int, Cost]:
        """The processes that count."""
        with self._lock:
            self._find()
            free = None if self._charge_root else self._root()
            return {pid: cost for pid, cost in self._seen.items() if pid != free}


def _is_same(before: Cost, now: Cost | None) -> bool:
    return now is not None and now.born == before.born


def _is_full(folder: Path, size: int) -> bool:
    """Whether the files below `folder` take more than `size` bytes, links not followed."""
    count = total = 0
    todo = [(str(folder), 0)]
    while todo:
        here, depth = todo.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    count += 1
                    total += _taken(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        todo.append((entry.path, depth + 1))
        except OSError:
            continue  # it is gone
        if total > size or count > FILES or depth > DEPTH:
            return True
    return False


def _taken(entry: os.stat_result) -> int:
    """Bytes on disk; a file may claim a size that it does not take."""
    return entry.st_blocks * 512 if hasattr(entry, "st_blocks") else entry.st_size
