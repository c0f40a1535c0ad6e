"""The course secret: seeds hidden inputs, so that they can be reproduced but not foreseen.

Made once, readable by its owner only, never in git, a report or a sandbox.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from grader.errors import GraderError

BYTES = 32


def course_secret(folder: Path) -> bytes:
    """The secret in `folder`, made now if there is none.

    Raises:
        GraderError: it cannot be made or read, or others can read it.
    """
    path = folder / "secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise GraderError(
                f"{path} can be read by others, so hidden inputs can be foreseen",
                f"Run `chmod 600 {path}`",
            )
        secret = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise GraderError(
            f"the course secret {path} cannot be read or made: {error.strerror}",
            "Check the permissions of the course folder",
        ) from None
    except ValueError:
        secret = b""
    if len(secret) != BYTES:
        raise GraderError(
            f"{path} is damaged",
            "Restore it from a backup; deleting it gives every submission new hidden inputs",
        )
    return secret


def _make(path: Path) -> None:
    """Write it beside, then link it into place, so that two first runs end with one secret."""
    draft = path.with_name(f"secret.{os.getpid()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_hex(BYTES) + "\n")
    try:
        draft.rename(path) if os.name != "posix" else os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
