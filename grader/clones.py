"""When a file of a cloned repository was committed last.

The clone is somebody else's: git is asked one question, with its hooks, helpers, prompts and the
network switched off. A commit's time is what its author's clock said.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

_SECONDS = 20
_QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
_OFF = (
    *("-c", "core.fsmonitor=false", "-c", "log.showSignature=false"),
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.sshCommand=false"),
)


def is_clone(folder: Path) -> bool:
    """Whether a folder is a working copy of a repository of its own."""
    return (folder / ".git" / "HEAD").is_file() and not (folder / ".git").is_symlink()


def committed_at(clone: Path, file: Path) -> datetime | None:
    """When the last commit that touched the file was made; None: never, or git does not say.

    Args:
        clone: the top of the working copy.
        file: inside of it.
    """
    command = ["git", "--no-pager", *_OFF, "log", "-1", "--no-show-signature", "--format=%cI"]
    try:
        done = subprocess.run(  # noqa: S603  a fixed command, and a path after the dashes
            [*command, "--", str(file.relative_to(clone))],
            cwd=clone,
            env={"PATH": os.environ.get("PATH", os.defpath), **_QUIET},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        return datetime.fromisoformat(done.stdout.decode("ascii", "replace").strip())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
