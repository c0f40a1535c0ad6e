"""Imports once what every notebook imports, and forks one box per submission.

Runs as a file: `zygote.py REQUESTS`. A request is one packet on that socket, a JSON object with
descriptors attached: the box's leash, control socket, log, files, and five listening sockets. The
box answers for itself, on its leash.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import hugepages
import linuxcalls as linux
import warden

PRELOAD = (
    "numpy",
    "torch",
    "torch.utils.data",
    "torch._dynamo",  # the first optimizer imports it, in a second that every notebook would pay
    "torch._subclasses.schema_check_mode",
    "torch.profiler._cupti_monitor",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "IPython",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "jedi",
    "tornado.platform.asyncio",
    "tornado.queues",
    "answer",
    "kernel",
    "sockets",
    "wire",
)

SEVERAL = 3
"""Boxes after which there will be many, so that it pays to spend a second on cheaper forks."""


def main():
    requests = socket.socket(fileno=int(sys.argv[1]))
    order = json.loads(requests.recv(1 << 16))
    if order["preload"]:
        preload(order["packages"])
    sys.path.remove(str(Path(__file__).resolve().parent))
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if order["level"] == 3 else -1
    requests.send(json.dumps({"ready": True}).encode())
    serve(requests, order, own)


def preload(packages):
    """Import what boxes will want; nothing of it may leave a thread behind."""
    # The debugger would be imported by every kernel anew, and nobody is there to use it.
    sys.modules["debugpy"] = None
    for name in (*PRELOAD, *filter(imports_quietly, packages)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.modules["answer"].warm_up()
    sys.modules["kernel"].MODULES.update(sys.modules)
    gc.freeze()  # what is there now stays: a collection that walks over it would copy all of it
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise SystemExit(f"{threads} threads after the imports; a fork would lose all but one")


def imports_quietly(package):
    """Whether a package can be imported before a fork, tried in a process of its own.

    One that starts threads is left to the kernels that want it: a fork loses all threads but one.
    """
    if package in sys.modules:
        return True
    child = os.fork()
    if child == 0:
        failed = True
        with contextlib.suppress(BaseException):
            importlib.import_module(package)
            failed = len(list(Path("/proc/self/task").iterdir())) != 1
        os._exit(failed)
    return os.waitpid(child, 0)[1] == 0


def serve(requests, order, own):
    """Fork a box per request until the grader hangs up."""
    watched = select.poll()
    watched.register(requests, select.POLLIN)
    boxes = 0
    while True:
        ready = watched.poll(1000)
        reap()
        if not ready:
            continue
        packet, fds, _, _ = socket.recv_fds(requests, 1 << 18, 16)
        if not packet:
            return
        boxes += 1
        if boxes == SEVERAL:
            hugepages.collapse()
        if fork(own) == 0:
            requests.close()
            if own >= 0:
                os.close(own)
            warden.run(order | json.loads(packet), fds)
            os._exit(1)
        for fd in fds:
            os.close(fd)


def fork(own):
    """Fork; where there are namespaces, into a new pid namespace that we stay out of."""
    if own < 0:
        return os.fork()
    linux.unshare(linux.NEWPID)
    child = os.fork()
    if child:
        linux.setns(own, linux.NEWPID)
    return child


def reap():
    """Take leave of boxes that ended, and of orphans."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
