"""Which sandbox: the strongest that the machine holds, unless the instructor says otherwise."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from grader.errors import SandboxError, UsageError
from grader.sandbox import Sandbox
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.plain import PlainSandbox

NAMES = ("auto", "linux", "plain", "fake")


def open_sandbox(
    name: str, packages: tuple[str, ...] = (), hidden: tuple[Path, ...] = ()
) -> Sandbox:
    """A sandbox by name; "auto" is `linux`, never silently something weaker.

    Args:
        name: one of `NAMES`.
        packages: modules worth having imported before the notebook runs.
        hidden: folders that no box may read, wherever they lie: the course above all.

    Raises:
        SandboxError: this machine cannot hold it; says what to do.
        UsageError: there is no such sandbox.
    """
    match name:
        case "plain":
            return PlainSandbox()
        case "fake":
            return FakeSandbox()
        case "auto" | "linux" if sys.platform == "linux":
            return _linux(packages=packages, hidden=hidden)
        case "auto" | "linux":
            raise SandboxError(
                f"the linux sandbox does not exist on {sys.platform}",
                "Grade on a Linux machine, or accept --sandbox plain, "
                "which lets student code read your files",
            )
    raise UsageError(f"there is no sandbox {name!r}", f"Known: {', '.join(NAMES)}")


@contextmanager
def every_sandbox(
    hidden: tuple[Path, ...] = (), on_missing: Callable[[SandboxError], object] = lambda why: None
) -> Iterator[dict[str, Sandbox]]:
    """Every level that this machine holds, by name, and `plain`, whose kernels start cold.

    Args:
        hidden: folders that no box may read.
        on_missing: told of each level that cannot be had.
    """
    found: dict[str, Sandbox] = {}
    with ExitStack() as stack:
        for level in (3, 2) if sys.platform == "linux" else ():
            try:
                opened = _linux(level=level, hidden=hidden)
            except SandboxError as error:
                on_missing(error)
            else:
                found[f"level {level}"] = stack.enter_context(opened)
        found["plain"] = stack.enter_context(PlainSandbox())
        yield found


def _linux(**options: Any) -> Sandbox:
    """Imported where it is asked for: elsewhere than on Linux it cannot be."""
    sandbox: Sandbox = importlib.import_module("grader.sandbox.linux").LinuxSandbox(**options)
    return sandbox
