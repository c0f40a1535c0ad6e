"""`linux`: boxes behind walls that the kernel of the machine holds.

    level 3  isolated   own namespaces and file tree, Landlock where there is one, seccomp
    level 2  confined   Landlock and seccomp, where namespaces cannot be had (plain Docker)

One zygote per sandbox has imported everything and forks a box in some ten milliseconds. The steps
are in `grader/guest/`: `launch` (zygote), `warden` (box), `isolate` (the walls in their order).
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from pathlib import Path

from grader.closing import Closing
from grader.errors import SandboxError, SandboxLost
from grader.sandbox import BoxSpec
from grader.sandbox.box import LinuxBox
from grader.sandbox.probe import isolation_at
from grader.sandbox.zygote import Zygote


class LinuxSandbox(Closing):
    """Opens isolated boxes.

    Args:
        level: 3 or 2; None for the strongest that this machine holds.
        packages: modules to import once, for all boxes.
        hidden: folders that no box may read, even if they are where Python is installed.

    Raises:
        SandboxError: the level cannot be had here; the remedy says what can be done.
    """

    def __init__(
        self,
        level: int | None = None,
        packages: tuple[str, ...] = (),
        hidden: tuple[Path, ...] = (),
    ) -> None:
        self.isolation = isolation_at(level)
        self._packages = packages
        self._hidden = hidden
        self._numbers = itertools.count(1)
        self._boxes: list[LinuxBox] = []
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._start()

    def open(self, spec: BoxSpec) -> LinuxBox:
        """A box with a kernel that is starting; its walls stand.

        Raises:
            SandboxError: the box could not be made; that is never the student's fault.
        """
        if spec.device != "cpu":
            raise SandboxError(
                f"the linux sandbox has no device {spec.device!r}",
                "Grade on the CPU, or accept a sandbox without walls: --sandbox plain",
            )
        with self._lock:
            zygote = self._zygote
            if zygote is None or not zygote.alive():
                zygote = self._start()
            self._boxes = [box for box in self._boxes if box.alive()]
            try:
                box = LinuxBox(zygote, spec, next(self._numbers), self._settings(spec))
            except SandboxError as error:
                if not zygote.alive():
                    self._end()
                # Nothing of the submission has run: if this has a cause that stays, it will show.
                raise SandboxLost(error.problem, error.remedy) from error
            except OSError as error:
                raise SandboxError(f"a box cannot be made: {error}") from error
            self._boxes.append(box)
            return box

    def _settings(self, spec: BoxSpec) -> dict[str, object]:
        # Before version 6 Landlock cannot let processes of a box signal only each other, so a
        # copy of the kernel could not be ended: the kernel answers calls itself.
        walls = self.isolation.details
        forks = self.isolation.level == 3 or not any(
            wall in walls for wall in ("landlock 3", "landlock 4", "landlock 5")
        )
        return {"fork": forks, "threads": 1, "seed": 0, "output": spec.limits.output}

    def _start(self) -> Zygote:
        self._end()
        self._zygote = Zygote(self.isolation.level, self._packages, self._hidden)
        return self._zygote

    def _end(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def close(self) -> None:
        """End every box and the zygote. May be called twice."""
        with self._lock:
            for box in self._boxes:
                with contextlib.suppress(SandboxError):
                    box.close()
            self._boxes.clear()
            self._end()
