"""How a fork of the zygote becomes the kernel of a box. Runs as a file in the box."""

import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

import isolate
import linuxcalls as linux
import trial

CACHES = ("IPYTHONDIR", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR", "XDG_CACHE_HOME")


def enter(order, fds, tell):
    """Forget the zygote, then go behind the inner walls.

    Returns:
        what the grader is told: the walls that stand and, if asked, those that do not hold.
    """
    os.setsid()
    linux.die_with_parent()
    linux.dumpable(True)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    work, scratch = order["work"], order["scratch"]
    os.chdir(work)
    os.environ.update(HOME=work, TMPDIR=scratch)
    os.environ.update({name: f"{scratch}/{name.lower()}" for name in CACHES})
    tempfile.tempdir = None
    (Path(scratch) / "connection.json").write_text(json.dumps(order["connection"]))
    _streams(fds[1])
    _keep_open(fds[0], tell, *fds[3:])
    told = {"walls": isolate.confine(order)}
    if "trial" in order:
        told["attempts"] = trial.attempts(order["trial"])
    return told


def live(order, fds):
    """Be the kernel until the grader hangs up."""
    if "trial" in order:
        return
    import kernel
    import sockets

    control, listeners = fds[0], fds[3:]
    sockets.adopt(dict(enumerate(listeners, 1)))
    sys.argv = [""]
    sys.path.insert(0, "")
    connection = str(Path(order["scratch"]) / "connection.json")
    kernel.run(connection, socket.socket(fileno=control), order["settings"])


def _streams(log):
    """Nothing to read, and a log that is bounded: what the kernel itself says when it dies."""
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)


def _keep_open(*fds):
    """Close every descriptor but the standard ones and `fds`."""
    last = 2
    for fd in sorted(fds):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
