"""Starts the zygote inside walls of its own. Runs as a file: `launch.py REQUESTS LEASH`.

REQUESTS is the descriptor of the socket on which the zygote will be asked for boxes, LEASH that of
a socket whose other end only the grader holds. This process stays outside the walls; when the
grader ends, however it ends, the leash tells, and the zygote and all boxes are killed.
"""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import linuxcalls as linux
import rootfs

SPACES = (
    linux.NEWUSER
    | linux.NEWPID
    | linux.NEWNS
    | linux.NEWNET
    | linux.NEWIPC
    | linux.NEWUTS
    | linux.NEWCGROUP
)
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",
    "LOGNAME": "student",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # else it warns, in the notebook, where semaphores are shut
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
"""All that the zygote, and with it every box, knows of the environment."""


def main():
    requests, leash = int(sys.argv[1]), int(sys.argv[2])
    grader = os.getppid()
    os.set_inheritable(leash, False)
    channel = socket.socket(fileno=requests)
    order = json.loads(channel.recv(1 << 16))
    try:
        if order["level"] == 3:
            enter(order)
        elif order["uid"] is not None:
            linux.become(order["uid"], tuple(order["capabilities"]))
        child = os.fork()
        if child == 0:
            become_zygote(order, requests)
    except OSError as error:
        channel.send(json.dumps({"error": str(error)}).encode())
        sys.exit(1)
    channel.close()
    hold(child, leash, grader)


def enter(order):
    """Leave the machine's files and namespaces behind; the next fork is process 1 inside."""
    uid, inside = order["uid"], 0
    if uid is None:
        uid, gid = os.geteuid(), os.getegid()
        linux.unshare(linux.NEWUSER | linux.NEWNS)
        linux.map_ids(inside, uid, gid)
    else:
        inside = uid
        linux.unshare(linux.NEWNS)
    rootfs.build(order["root"], order["prefixes"], order["guest"], order["hidden"])
    if inside:
        linux.become(uid, ())
    linux.unshare(SPACES)
    linux.map_ids(0, inside, inside)


def become_zygote(order, requests):
    """Turn this process into the zygote: a fresh interpreter that remembers nothing of ours."""
    linux.die_with_parent()
    guest, home, scratch = order["guest"], order["scratch"], order["scratch"]
    if order["level"] == 3:
        linux.mount("proc", "/proc", "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
        linux.mount("tmpfs", "/dev/shm", "tmpfs", linux.NOSUID | linux.NODEV, "size=16m")  # noqa: S108
        guest, home, scratch = rootfs.GUEST, "/box", "/tmp"  # noqa: S108  (its own tmpfs)
    os.set_inheritable(requests, True)
    os.chdir("/")
    environment = ENVIRONMENT | {
        "HOME": home,
        "TMPDIR": scratch,
        "MPLCONFIGDIR": f"{scratch}/matplotlib",
        "IPYTHONDIR": f"{scratch}/ipython",
        "XDG_CACHE_HOME": f"{scratch}/cache",
    }
    if order["paths"]:
        environment["PYTHONPATH"] = ":".join(order["paths"])
    python = order["python"]
    os.execve(python, [python, "-sPB", f"{guest}/zygote.py", str(requests)], environment)  # noqa: S606


def hold(child, leash, grader):
    """Wait for the zygote's end, or bring it about when the grader is gone."""
    watched = select.poll()
    watched.register(leash, select.POLLIN)
    watched.register(os.pidfd_open(child), select.POLLIN)
    while not watched.poll(1000):
        if os.getppid() != grader:
            break  # somebody else holds the other end of the leash
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
