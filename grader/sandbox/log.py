"""What a process says while it dies, kept in a pipe: it can fill neither disk nor memory."""

from __future__ import annotations

import contextlib
import os


class Log:
    """A pipe to write to without ever waiting; what does not fit (64 KiB) is lost."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._text = b""

    def fileno(self) -> int:
        """Where to write."""
        return self._write

    def text(self) -> str:
        """The last words."""
        if self._read >= 0:
            with contextlib.suppress(OSError):
                self._text += os.read(self._read, 1 << 16)
        return self._text[-4000:].decode(errors="replace").strip()

    def close(self) -> None:
        """Close the pipe; `text` still answers. May be called twice."""
        self.text()
        if self._read >= 0:
            os.close(self._read)
            os.close(self._write)
        self._read = self._write = -1
