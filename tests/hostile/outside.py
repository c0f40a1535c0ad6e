"""What is outside the box, and what of it has changed: the only witness of an attack.

Everything planted here belongs to the user that boxes run as and is open to everybody, so that
nothing but walls protects it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import torch

from tests.adopting import adopt_orphans, descendants
from tests.tiny import HIDDEN, SOLUTION, hand_in, write_course

LIMITS = """
[limits]
wall_time = 60
cell_time = 3
call_time = 2
cpu_time = 20
memory = 768
processes = 24
disk = 32
output = 200_000
"""
MARKED = ("43201", "77003")
"""What stands in a hidden input and may stand on no page for students."""
HIDDEN_INPUT = """\
    agree("half_square", torch.tensor([43201.0, 77003.0], dtype=torch.float64))
"""
SECONDS = 6.0
"""In which a process must be gone after its box has been closed."""
_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p


class Outside:
    """A course, files, processes and sockets that attacks go for.

    Args:
        uid: the user that boxes run as.
    """

    def __init__(self, uid: int) -> None:
        adopt_orphans()
        self.uid = uid
        self.top = Path(tempfile.mkdtemp(prefix="outside-"))
        self.top.chmod(0o755)
        self.secrets: dict[str, str] = {}
        self.mark = f"mark{secrets.token_hex(6)}"
        self.mark_key, self._shm_key = (secrets.randbits(30) | 1 for _ in "12")
        self._shm_name = f"outside-{secrets.token_hex(4)}"
        self.course = self._plant_course()
        self._plant_files()
        self._plant_sockets()
        self._plant_memory()
        self.victim = self._plant_victim()
        self.before = self._state()
        self.processes = descendants()

    def _secret(self, where: str) -> str:
        self.secrets[where] = f"planted-{where}-{secrets.token_hex(6)}"
        return self.secrets[where]

    def _plant_course(self) -> Path:
        hidden = HIDDEN.replace("    for n in 1, 7:", HIDDEN_INPUT + "    for n in 1, 7:")
        assert HIDDEN_INPUT in hidden
        hidden = f"import torch\n# {self._secret('tests')}\n{hidden}"
        root = write_course(
            self.top / "course", hidden, SOLUTION + f"# {self._secret('reference')}\n"
        )
        path = root / "assignments/tiny/assignment.toml"
        limits = "[limits]\ncell_time = 20\ncall_time = 10\n"
        text = path.read_text()
        assert limits in text
        path.write_text(text.replace(limits, LIMITS.lstrip()))
        (root / "gradebook.db").write_text(self._secret("gradebook"))
        (root / "secret").write_text(self._secret("secret"))
        hand_in(root, "2026999", f"# {self._secret('submission')}")
        for path in (root, *root.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        return root

    def _plant_files(self) -> None:
        self.folder = self.top / "folder"
        self.folder.mkdir()
        self.canary = self.folder / "canary"
        self.canary.write_text("alive")
        for path in (self.folder, self.canary):
            os.chown(path, self.uid, -1)
            path.chmod(0o777)
        self.closed = self.top / "closed"  # root's alone, where we are root
        self.closed.write_text("root's")
        self.closed.chmod(0o600)
        self.suid = self.top / "suid"
        if os.geteuid() == 0:
            shutil.copy("/bin/cp", self.suid)
            self.suid.chmod(0o6755)

    def _plant_sockets(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.abstract = f"outside-{secrets.token_hex(4)}"
        self.listeners = {"TCP": self.tcp}
        for name, address in (
            ("abstract", "\0" + self.abstract),
            ("path", str(self.folder / "socket")),
        ):
            self.listeners[name] = listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            listener.listen()
        (self.folder / "socket").chmod(0o777)
        for listener in (self.udp, *self.listeners.values()):
            listener.setblocking(False)

    def _plant_memory(self) -> None:
        self._segment = _libc.shmget(self._shm_key, 4096, 0o1666)
        assert self._segment >= 0
        self._address = _libc.shmat(self._segment, None, 0)
        ctypes.memmove(self._address, self._secret("sysv").encode().ljust(64, b"\0"), 64)
        self._shm = Path("/dev/shm") / self._shm_name  # noqa: S108
        self._shm.write_text(self._secret("posix"))
        self._shm.chmod(0o666)

    def _plant_victim(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._secret("line"), "6000"],
            executable="/bin/sleep",
            user=self.uid if os.getuid() == 0 else None,
            env={"SECRET": self._secret("environ")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def names(self) -> dict[str, Any]:
        """What attacks are told."""
        return {
            "course": str(self.course),
            "folder": str(self.folder),
            "canary": str(self.canary),
            "closed": str(self.closed),
            "suid": str(self.suid),
            "port": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "abstract": self.abstract,
            "path": str(self.folder / "socket"),
            "shm_key": self._shm_key,
            "shm_name": self._shm_name,
            "victim": self.victim.pid,
            "grader": os.getpid(),
            "mark": self.mark,
            "mark_key": self.mark_key,
        }

    def _state(self) -> dict[str, object]:
        """All that may not change."""
        state: dict[str, object] = {}
        for path in (self.canary, self.closed, *_files(self.course)):
            state[str(path)] = _seen(lambda path: (path.read_bytes(), *_looks(path)), path)
        state["folder"] = _seen(lambda folder: sorted(os.listdir(folder)), self.folder)  # noqa: PTH208
        memory = ctypes.string_at(self._address, 64)
        state["shared memory"] = memory, _seen(Path.read_text, self._shm)
        state["Python"] = [p.stat().st_mtime_ns for p in _packages()]
        with contextlib.suppress(psutil.Error):
            victim = psutil.Process(self.victim.pid)
            state["the process outside"] = (
                *(victim.nice(), victim.cpu_affinity(), victim.rlimit(psutil.RLIMIT_NOFILE)),
                os.sched_getscheduler(victim.pid),
            )
        return state

    def changes(self) -> Iterator[str]:
        """What an attack has done out here."""
        after = self._state()
        for name in self.before.keys() | after.keys():
            if self.before.get(name) != after.get(name):
                yield f"changed {Path(name).name}"
        if self.victim.poll() is not None:
            yield "ended a process outside"
        elif psutil.Process(self.victim.pid).status() in ("stopped", "tracing-stop"):
            yield "stopped a process outside"
        for name, listener in self.listeners.items():
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                yield f"reached a socket outside ({name})"
        with contextlib.suppress(BlockingIOError):
            self.udp.recv(10)
            yield "reached a socket outside (UDP)"

    def known(self, text: str) -> Iterator[str]:
        """Which secrets stand in what came out."""
        return (
            f"read a secret ({where})" for where, value in self.secrets.items() if value in text
        )

    def left(self) -> Iterator[str]:
        """Processes, files and shared memory that outlived their box."""
        deadline = time.monotonic() + SECONDS
        while (survivors := descendants() - self.processes) and time.monotonic() < deadline:
            time.sleep(0.02)
        if survivors:
            yield f"left {len(survivors)} processes"
        for pid, _ in survivors:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for path in _marked(self.mark):
            yield f"left {path}"
        if any(
            get(*arguments) >= 0
            for get, arguments in (
                (_libc.shmget, (self.mark_key, 0, 0)),
                (_libc.semget, (self.mark_key, 0, 0)),
                (_libc.msgget, (self.mark_key, 0)),
            )
        ):
            yield "left System V objects"

    def close(self) -> None:
        """Remove all of it."""
        for listener in (self.udp, *self.listeners.values()):
            listener.close()
        self.victim.kill()
        self.victim.wait()
        _libc.shmdt(ctypes.c_void_p(self._address))
        _libc.shmctl(self._segment, 0, None)
        for key in (_libc.shmget(self.mark_key, 0, 0),):
            if key >= 0:
                _libc.shmctl(key, 0, None)
        for key in (_libc.semget(self.mark_key, 0, 0),):
            if key >= 0:
                _libc.semctl(key, 0, 0)
        for key in (_libc.msgget(self.mark_key, 0),):
            if key >= 0:
                _libc.msgctl(key, 0, None)
        self._shm.unlink(missing_ok=True)
        for path in _marked(self.mark):
            if path.is_dir() and not path.is_symlink():  # rmtree waits for ever on a named pipe
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        shutil.rmtree(self.top, ignore_errors=True)


def _seen(look: Callable[[Path], object], path: Path) -> object:
    """What is there; what an attack has taken away or closed to us is a change, too."""
    try:
        return look(path)
    except OSError as error:
        return type(error).__name__


def _looks(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_mtime_ns, status.st_uid


def _files(course: Path) -> list[Path]:
    """What belongs to the course, but for what is handed in and what Python keeps."""
    return [
        path
        for path in course.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and ("submissions" not in path.parts or "2026999" in path.parts)
    ]


def _packages() -> tuple[Path, ...]:
    site = Path(torch.__file__).parent.parent
    return site, Path(torch.__file__), Path(os.__file__), Path(sys.executable)


def _marked(mark: str) -> list[Path]:
    """Files named after the mark where programs can leave some."""
    temporary = Path(tempfile.gettempdir())
    places = [temporary, *temporary.glob("box-*"), *temporary.glob("box-*/*")]
    places += [*temporary.glob("grader-*"), *temporary.glob("grader-*/*")]
    places += [*temporary.glob("grader-*/box-*/*"), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    places += [Path("/dev/shm"), Path.home(), Path("/etc/cron.d"), Path("/var/spool/cron")]  # noqa: S108
    places += [Path("/var/spool/cron/crontabs"), *_packages()[:1], Path(torch.__file__).parent]
    found = []
    for place in dict.fromkeys(places):
        with contextlib.suppress(OSError):
            found += [path for path in place.iterdir() if mark in path.name]
    return found
