"""The grader's end of the zygote: starts it, asks it for boxes, ends it. Used by `linux`."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import SandboxError, SandboxLost
from grader.sandbox.folders import Folder
from grader.sandbox.log import Log

PACKAGE = Path(__file__).resolve().parent.parent
"""Ourselves: installed, we bring the sample course with its solutions."""
GUEST = PACKAGE / "guest"
READY = 180.0
"""Seconds that importing everything may take on a slow disk."""
SPARE_UID = 200001
CAP_DAC_READ_SEARCH = 2
NEEDED = ("torch", "numpy", "matplotlib", "sklearn", "IPython", "ipykernel", "zmq")


@dataclass(frozen=True)
class Python:
    """Where the interpreter of the boxes and its packages are."""

    executable: str
    prefixes: tuple[str, ...]
    """Folders that boxes may read."""
    paths: tuple[str, ...]
    """Those of them that have to be put on the module search path."""


def python() -> Python:
    """This interpreter, as boxes need it."""
    prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
    for prefix in map(Path, prefixes):
        if prefix in (Path("/"), Path.home()):
            raise SandboxError(
                f"Python is installed in {prefix} itself, which boxes would be able to read",
                "Install the grader in a virtual environment",
            )
    paths: list[str] = []
    for name in NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        home = Path(spec.origin).parent.parent
        if not any(home.is_relative_to(known) for known in ("/usr", *prefixes, *paths)):
            paths.append(str(home))
    return Python(sys.executable, (*prefixes, *paths), tuple(paths))


def spare_uid() -> int | None:
    """For root, a user that owns nothing; None for everybody else.

    Workers get different ones, because what a user may use is counted per user.
    """
    if os.geteuid() != 0:
        return None
    uid = SPARE_UID + os.getpid() % 10000
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    ranges = ((int(first), int(count)) for first, _, count in map(str.split, lines))
    return uid if any(first <= uid < first + count for first, count in ranges) else None


class Zygote:
    """A process that forks boxes. Starting does not wait for it to be ready."""

    def __init__(
        self,
        level: int,
        packages: tuple[str, ...] = (),
        hidden: tuple[Path, ...] = (),
        *,
        preload: bool = True,
    ) -> None:
        self.level = level
        self.uid = spare_uid()
        self.python = python()
        self._hidden = [str(path.resolve()) for path in (PACKAGE, *hidden)]
        self._owned = Folder()
        self.folder = self._owned.path
        self.log = Log()
        self._ready = False
        self.capabilities = self._capabilities()
        try:
            self._start(packages, preload)
        except ConnectionError as error:
            self._owned.close()
            raise SandboxLost(f"the sandbox was killed while it started: {error}") from error
        except OSError as error:
            self._owned.close()
            raise SandboxError(f"the sandbox cannot be started: {error}") from error

    def _capabilities(self) -> tuple[int, ...]:
        """Where nothing can be mounted, the spare user may have to be let through to Python."""
        if self.level == 3 or self.uid is None:
            return ()
        folders = (*self.python.prefixes, str(self.folder))
        steps = {step for folder in folders for step in (Path(folder), *Path(folder).parents)}
        open_to_all = all(step.stat().st_mode & 0o001 for step in steps)
        return () if open_to_all else (CAP_DAC_READ_SEARCH,)

    def _start(self, packages: tuple[str, ...], preload: bool) -> None:
        for name in ("root", "scratch", "guest"):
            (self.folder / name).mkdir()
        for file in GUEST.glob("*.py"):
            shutil.copyfile(file, self.folder / "guest" / file.name)
        self.own(self.folder / "scratch")
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._leash, held = socket.socketpair()
        with theirs, held:
            self._process = subprocess.Popen(  # noqa: S603  (our interpreter, our file)
                [
                    self.python.executable,
                    "-sPB",
                    str(self.folder / "guest" / "launch.py"),
                    str(theirs.fileno()),
                    str(held.fileno()),
                ],
                cwd="/",
                env={},
                stdin=subprocess.DEVNULL,
                stdout=self.log.fileno(),
                stderr=self.log.fileno(),
                pass_fds=(theirs.fileno(), held.fileno()),
                start_new_session=True,
            )
        order = json.dumps(self._order(packages, preload)).encode()
        for _ in ("the launcher reads one", "the zygote reads the other"):
            self._requests.send(order)

    def _order(self, packages: tuple[str, ...], preload: bool) -> dict[str, Any]:
        return {
            "level": self.level,
            "uid": self.uid,
            "capabilities": self.capabilities,
            "python": self.python.executable,
            "prefixes": self.python.prefixes,
            "paths": self.python.paths,
            "guest": str(self.folder / "guest"),
            "root": str(self.folder / "root"),
            "scratch": str(self.folder / "scratch"),
            "hidden": self._hidden,
            "packages": packages,
            "preload": preload,
        }

    def own(self, path: Path) -> None:
        """Give a folder to the user that boxes run as."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)

    def wait(self) -> None:
        """Return when it can fork.

        Raises:
            SandboxLost: it was killed.
            SandboxError: it will never be able to.
        """
        if self._ready:
            return
        self._requests.settimeout(READY)
        try:
            told = json.loads(self._requests.recv(1 << 16) or b"{}")
        except ConnectionResetError:
            told = {}  # it ended before it had read what it was sent
        except (OSError, ValueError) as error:
            raise SandboxError(f"the zygote does not answer: {error}", self.log.text()) from error
        if "ready" not in told:
            reason = told.get("error") or self.log.text()
            if not reason:  # it was killed: whatever goes wrong in it leaves a word
                raise SandboxLost("the zygote ended without a word")
            raise SandboxError(f"level {self.level} cannot be had: {reason}")
        self._ready = True

    def fork(self, order: dict[str, Any], fds: list[int]) -> None:
        """Have a box made; it answers on its leash.

        Raises:
            SandboxLost: the zygote is gone.
        """
        self.wait()
        try:
            socket.send_fds(self._requests, [json.dumps(order).encode()], fds)
        except OSError as error:
            raise SandboxLost(f"the zygote is gone: {error}", self.log.text()) from error

    def alive(self) -> bool:
        """Whether it still can be asked."""
        watched = select.poll()
        watched.register(self._requests, select.POLLHUP)
        return self._process.poll() is None and not watched.poll(0)

    def close(self) -> None:
        """End it, at level 3 with every box. May be called twice."""
        self._requests.close()
        self._leash.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.log.close()
        self._owned.close()
