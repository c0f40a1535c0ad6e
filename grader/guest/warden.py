"""The first process of a box: raises the outer walls, starts the kernel, ends what it leaves.

Runs as a file, in a fork of the zygote. No student code ever runs in this process; its leash is a
socket whose other end the grader holds. When the grader lets go, every process of the box is
killed: by ending, where this is process 1 of a pid namespace, else one by one.
"""

import array
import contextlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path

import inmate
import isolate
import linuxcalls as linux


def run(order, fds):
    """Be the warden of one box. Does not return."""
    leash = socket.socket(fileno=fds[0])
    try:
        kernel, told = admit(order, fds[1:])
    except BaseException as error:
        leash.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    pidfds = array.array("i", [os.pidfd_open(os.getpid()), os.pidfd_open(kernel)])
    socket.send_fds(leash, [json.dumps(told).encode()], list(pidfds))
    for fd in pidfds:
        os.close(fd)
    guard(kernel, leash, order)


def admit(order, fds):
    """Raise the walls and fork the kernel; returns when it is behind them.

    Returns:
        the kernel's process id, and what it says about its walls.
    """
    isolated = order["level"] == 3
    if isolated:
        linux.die_with_parent()
        isolate.mount_box(order["limits"])
    else:
        linux.adopt_orphans()
    unpack(order, fds[2])
    if isolated:
        isolate.leave_user_namespace()
        linux.die_with_parent()
    linux.dumpable(False)
    hear, tell = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        be_kernel(order, fds, tell)
    os.close(tell)
    for fd in fds:
        os.close(fd)
    with open(hear, "rb") as pipe:  # noqa: PTH123
        told = json.loads(pipe.read() or b'{"error": "the kernel died behind its walls"}')
    if "error" in told:
        raise RuntimeError(told["error"])
    return kernel, told


def unpack(order, files):
    """Write the files of the submission into the working folder."""
    for name, size in order["files"]:
        with open(Path(order["work"]) / name, "wb") as file:  # noqa: PTH123
            file.write(os.read(files, size) if size else b"")


def be_kernel(order, fds, tell):
    """Go behind the inner walls and live there. Does not return."""
    try:
        told = inmate.enter(order, fds, tell)
        os.write(tell, json.dumps(told).encode())
        os.close(tell)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(tell, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    try:
        inmate.live(order, fds)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def guard(kernel, leash, order):
    """Reap until the kernel ends or the grader lets go, then end everything."""
    hear, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for unwanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(unwanted, signal.SIG_IGN)
    watched = select.poll()
    watched.register(leash, select.POLLIN)
    watched.register(hear, select.POLLIN)
    ended = reap(kernel)
    while ended is None:
        ready = {fd for fd, _ in watched.poll()}
        if leash.fileno() in ready:
            break
        with contextlib.suppress(BlockingIOError):
            os.read(hear, 4096)
        ended = reap(kernel)
    if order["level"] != 3:
        end_all()
    if ended is not None:  # without these words the whole box was ended from outside
        with contextlib.suppress(OSError):
            leash.send(json.dumps({"signal": os.WTERMSIG(ended)}).encode())
    os._exit(0)


def reap(kernel):
    """Take leave of children that ended; the kernel's status if it was among them."""
    ended = None
    with contextlib.suppress(ChildProcessError):
        while (reaped := os.waitpid(-1, os.WNOHANG))[0]:
            if reaped[0] == kernel:
                ended = reaped[1]
    return ended


def end_all():
    """Kill all descendants until there are none; stopped ones cannot fork."""
    while True:
        doomed = descendants(os.getpid())
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                with contextlib.suppress(OSError):
                    os.kill(pid, how)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        select.select([], [], [], 0.002)


def descendants(root):
    """Process ids below `root`, from the parents that the process table names."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text(errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found
