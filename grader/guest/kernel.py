"""The kernel of a box: IPython's, plus an ear on the control socket. Runs as a file in the box.

Commands on the control socket, one byte each:

    O (with a socket attached)   fork this kernel; the copy answers calls on the attached socket.
                                 Reply: "o" and the copy's pid. Without fork, reply "i": from now
                                 on calls are answered here, on the control socket itself.
    K and a pid                  end that copy. Reply: "k" and its exit status.

The copy answers, not the kernel, so that a call can hang, crash or change things and the next
check still meets the state that the notebook left.
"""

import contextlib
import json
import os
import random
import signal
import socket
import struct
import sys
import types
from pathlib import Path
from typing import ClassVar

HERE = str(Path(__file__).resolve().parent)
PID = struct.Struct("<i")
CHUNK = 1 << 20
MODULES = set()
"""Names of the modules that were there before the notebook; the zygote fills it in."""
SHELL = {
    "HistoryManager": {"enabled": False},
    "InteractiveShell": {"colors": "NoColor", "show_rewritten_input": False, "xmode": "Plain"},
}


def run(connection, control, settings):
    """Become the kernel of this box; returns when the host hangs up.

    Args:
        connection: path of the Jupyter connection file.
        control: a connected stream socket.
        settings: seed, threads, fork, output (characters that may be printed).
    """
    sys.path.insert(0, HERE)
    import answer
    import wire  # noqa: F401  (imported now, from here, before student code can put one in its place)

    sys.path.remove(HERE)
    prepare(settings, answer)
    answer.warm_up()
    bound_output(settings.get("output", 1 << 23))
    from ipykernel.compiler import get_file_name
    from tornado.ioloop import IOLoop

    app = start(connection)
    shell = app.kernel.shell
    show_figures(shell)
    files = {}

    def remember(info):
        if info.store_history:
            files[get_file_name(info.raw_cell)] = remember.count = remember.count + 1

    remember.count = 0

    shell.events.register("pre_run_cell", remember)
    ear = Ear(control, lambda: shell.user_ns, files.get, answer, settings)
    IOLoop.current().add_handler(control, ear.hear, IOLoop.READ)
    app.start()


def show_figures(shell):
    """Where pyplot was imported before there was a shell, show figures as if after it."""
    backend = os.environ.get("MPLBACKEND", "")
    if "matplotlib.pyplot" in sys.modules and backend:
        from IPython.core.pylabtools import activate_matplotlib
        from matplotlib_inline.backend_inline import configure_inline_support

        activate_matplotlib(backend)
        configure_inline_support(shell, backend)


def start(connection):
    """The kernel's application, without what it does for options, logs and debuggers.

    Each of these looks at much that the fork shares with the zygote; to look at an object of
    Python is to write to it, and its page is copied. Together they are half of a kernel's start.
    """
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Application(IPKernelApp):
        def parse_command_line(self, argv=None):
            pass  # there is none

        def _configure_logging(self):
            pass  # nobody reads it

    app = Application.instance(connection_file=connection, log_level=50)
    app.update_config(Config(SHELL))
    with modules_unseen():
        app.initialize()
    app.kernel.shell._sys_modules_keys = MODULES or set(sys.modules)
    return app


@contextlib.contextmanager
def modules_unseen():
    """Have nobody make a list of all 3,000 modules."""
    from ipykernel import ipkernel
    from IPython.core import shellapp

    class Sys(types.ModuleType):
        modules: ClassVar = {}

        def __getattr__(self, name):
            return getattr(sys, name)

    ipkernel.sys = shellapp.sys = Sys("sys")
    try:
        yield
    finally:
        ipkernel.sys = shellapp.sys = sys


class Ear:
    """Obeys the commands on the control socket, between cells, in the main thread."""

    def __init__(self, control, namespace, places, answer, settings):
        self.control = control
        self.namespace = namespace
        self.places = places
        self.answer = answer
        self.fork = settings.get("fork", True) and hasattr(os, "fork")

    def hear(self, *_):
        if not self.fork:
            command, attached = self.control.recv(1), []
        else:
            command, attached, _, _ = socket.recv_fds(self.control, 1, 1)
        if not command:
            os._exit(0)
        if command == b"O" and not self.fork:
            self.control.sendall(b"i" + PID.pack(0))
            self.answer.serve(self.control, self.namespace(), self.places)
        elif command == b"O":
            self.open(attached[0])
        elif command == b"K":
            self.end(PID.unpack(self.control.recv(PID.size))[0])

    def open(self, fd):
        pid = os.fork()
        if pid == 0:
            try:
                self.serve(fd)
            finally:
                os._exit(0)
        os.close(fd)
        self.control.sendall(b"o" + PID.pack(pid))

    def serve(self, fd):
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.control.close()
        self.answer.quiet()
        import torch

        torch.set_num_threads(1)  # the pool of the parent does not exist in this process
        with socket.socket(fileno=fd) as sock:
            self.answer.serve(sock, self.namespace(), self.places)

    def end(self, pid):
        for kill in os.killpg, os.kill:
            try:
                kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            status = os.waitpid(pid, 0)[1]
        except OSError:
            status = 0
        self.control.sendall(b"k" + PID.pack(status))


def prepare(settings, answer):
    """Determinism (curriculum 8) and a stand-in for the `grader` module, before student code."""
    import numpy
    import torch

    seed = settings.get("seed", 0)
    random.seed(seed)
    numpy.random.seed(seed)
    answer.seed_torch(seed)
    torch.set_num_threads(settings.get("threads", 1))
    # Deterministic, warning where that cannot be had. `use_deterministic_algorithms` does the same
    # and imports the compiler for it, which takes a second.
    torch.set_deterministic_debug_mode("warn")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    sys.modules["grader"] = stand_in()


def bound_output(budget):
    """Pass on `budget` characters and one more, by which the host sees that it was too much."""
    from ipykernel.iostream import OutStream

    write = OutStream.write
    left = [budget + 1]

    def bounded(self, string):
        if isinstance(string, str) and left[0] > 0:
            for start in range(0, min(len(string), left[0]), CHUNK):
                write(self, string[start : min(start + CHUNK, left[0])])
                if len(string) > CHUNK:
                    self.flush()
        left[0] -= len(string)
        return len(string)

    OutStream.write = bounded


def stand_in():
    """`grader` as the notebook sees it here: self-checks do nothing while it is graded."""
    module = types.ModuleType("grader", "Stands for dl-grader while a notebook is being graded.")

    def check_here(*_names, **_options):
        print("(self-check skipped while grading / 评分时跳过自测)")  # noqa: T201

    module.check_here = check_here
    return module


def main():
    """Started as `python kernel.py CONNECTION SETTINGS` by the `plain` sandbox."""
    connection, settings = sys.argv[1], json.loads(sys.argv[2])
    sys.argv = [""]
    if settings.get("die_with_parent"):
        die_with_parent()
    for name, limit in settings.get("rlimits", {}).items():
        import resource

        resource.setrlimit(getattr(resource, name), (limit, limit))
    if "control" in settings:
        control = socket.socket(fileno=settings["control"])
    else:
        control = socket.create_connection(("127.0.0.1", settings["port"]))
        control.sendall(bytes.fromhex(settings["token"]))
    sys.path.insert(0, "")
    run(connection, control, settings)


def die_with_parent():
    """Linux: be killed when the grader is. Elsewhere ipykernel's own poller does it, later."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    main()
