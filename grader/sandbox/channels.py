"""The five sockets of a Jupyter kernel, bound by the grader and handed to the box."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path
from typing import Any

NAMES = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")


class Channels:
    """Listening sockets `PREFIX-1` to `PREFIX-5`, and the connection that leads to them."""

    def __init__(self, prefix: Path) -> None:
        self.connection: dict[str, Any] = {
            "transport": "ipc",
            "ip": str(prefix),
            "key": secrets.token_hex(16),
            "signature_scheme": "hmac-sha256",
        }
        self.connection |= {name: port for port, name in enumerate(NAMES, 1)}
        self._paths = [Path(f"{prefix}-{port}") for port in range(1, len(NAMES) + 1)]
        self.listeners: list[socket.socket] = []
        try:
            for path in self._paths:
                self.listeners.append(_listen(path))
        except OSError:
            self.close()
            raise

    def release(self) -> None:
        """Close our copies of the sockets; the box has its own."""
        for listener in self.listeners:
            listener.close()

    def close(self) -> None:
        """Remove the sockets. May be called twice."""
        self.release()
        for path in self._paths:
            with contextlib.suppress(OSError):
                path.unlink()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener
