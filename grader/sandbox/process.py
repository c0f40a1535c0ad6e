"""A kernel in a subprocess: how it is started, reached and ended. Used by `plain`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import Limits
from grader.errors import SandboxError
from grader.sandbox import BoxSpec

GUEST = Path(__file__).resolve().parent.parent / "guest"
FORKS = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""Whether calls can be answered by a copy of the kernel (not on Windows)."""
LOCAL = hasattr(socket, "AF_UNIX") and os.name == "posix"
"""Whether a kernel can be reached through files instead of ports (not on Windows)."""


@dataclass(frozen=True)
class Started:
    """A kernel process and the ways to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    connection: Mapping[str, Any]
    folder: Path


def start(spec: BoxSpec) -> Started:
    """Start a kernel in a folder of its own.

    Raises:
        SandboxError: the folder or the process could not be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="box-"))
        work = folder / "work"
        work.mkdir()
        for name, content in spec.files.items():
            (work / Path(name).name).write_bytes(content)
        connection = _connection(folder)
        (folder / "kernel.json").write_text(json.dumps(connection))
        process, control = _launch(spec, folder)
    except OSError as error:
        remedy = "Make room in the temporary folder"
        raise SandboxError(f"a box cannot be made: {error}", remedy) from None
    return Started(process, control, connection, folder)


def _connection(folder: Path) -> dict[str, Any]:
    common = {"key": secrets.token_hex(16), "signature_scheme": "hmac-sha256"}
    if LOCAL:
        ports: dict[str, Any] = {"transport": "ipc", "ip": str(folder / "k")}
        free = range(1, 6)
    else:
        ports, free = {"transport": "tcp", "ip": "127.0.0.1"}, _free_ports(5)  # type: ignore[assignment]
    channels = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
    return common | ports | dict(zip(channels, free, strict=True))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


def _launch(spec: BoxSpec, folder: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
    fork = FORKS and spec.device == "cpu"
    settings: dict[str, Any] = {"fork": fork, "threads": 1, "seed": 0, "die_with_parent": True}
    settings["output"] = spec.limits.output
    if spec.device == "cpu":
        settings["rlimits"] = rlimits(spec.limits)
    if FORKS:
        ours, theirs = socket.socketpair()
        settings["control"] = theirs.fileno()
        with theirs:
            return _popen(settings, folder, (theirs.fileno(),)), ours
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings |= {"port": server.getsockname()[1], "token": secrets.token_hex(16)}
        server.settimeout(60)
        process = _popen(settings, folder, ())
        while True:
            control, _ = server.accept()
            if control.recv(16) == bytes.fromhex(settings["token"]):
                return process, control
            control.close()


def _popen(
    settings: dict[str, Any], folder: Path, fds: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    options: dict[str, Any] = (
        {"start_new_session": True, "pass_fds": fds} if os.name == "posix" else {}
    )
    return subprocess.Popen(  # noqa: S603  (our interpreter, our file)
        [
            sys.executable,
            "-sP",
            str(GUEST / "kernel.py"),
            str(folder / "kernel.json"),
            json.dumps(settings),
        ],
        cwd=folder / "work",
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )


def rlimits(limits: Limits) -> dict[str, int]:
    """What the kernel sets for itself before student code: {name of the resource: value}."""
    if sys.platform != "linux" or not FORKS:
        return {}
    mib = 1024 * 1024
    return {
        # torch maps 0.7 GiB before it does anything, and every thread 72 MB of addresses
        "RLIMIT_AS": (limits.memory + 1536) * mib,
        "RLIMIT_FSIZE": limits.disk * mib,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 1024,
    }


def environment(folder: Path) -> dict[str, str]:
    """A clean environment: nothing of the grader's own, one thread, fixed hashing."""
    work = str(folder / "work")
    kept = {k: os.environ[k] for k in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if k in os.environ}
    return kept | {
        "HOME": work,
        "USERPROFILE": work,
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": work,
        "TEMP": work,
        "LANG": "C.UTF-8",
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(_fonts(folder)),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "JPY_PARENT_PID": str(os.getpid()),
    }


def _fonts(folder: Path) -> Path:
    """A matplotlib folder with the font list of this machine, which takes seconds to make."""
    target = folder / "matplotlib"
    target.mkdir(exist_ok=True)
    with contextlib.suppress(ImportError, OSError):
        import matplotlib as mpl

        for cached in Path(mpl.get_cachedir()).glob("fontlist-*.json"):
            shutil.copy(cached, target)
    return target


def end(started: Started) -> None:
    """Kill the process and everything in its session."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.killpg(started.process.pid, signal.SIGKILL)
    started.process.kill()
    started.process.wait()
