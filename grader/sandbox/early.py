"""A kernel that starts while we are still importing: its start-up and ours take seconds each."""

from __future__ import annotations

from grader.closing import Closing
from grader.result import Isolation
from grader.sandbox import Box, BoxSpec, Sandbox


class EarlySandbox(Closing):
    """A sandbox whose first box was opened before it was asked for.

    Args:
        sandbox: opens the boxes; whoever opened it closes it.
        spec: of the first box. A box of another kind is opened when it is asked for.
    """

    def __init__(self, sandbox: Sandbox, spec: BoxSpec) -> None:
        self._sandbox = sandbox
        self._spec = spec
        self._ready: Box | None = sandbox.open(spec)

    @property
    def isolation(self) -> Isolation:
        """That of the sandbox."""
        return self._sandbox.isolation

    def open(self, spec: BoxSpec) -> Box:
        """The box that is ready, once; then new ones."""
        ready, self._ready = self._ready, None
        if ready is not None and spec == self._spec:
            return ready
        if ready is not None:
            ready.close()
        return self._sandbox.open(spec)

    def close(self) -> None:
        """Close the box that nobody asked for."""
        if self._ready is not None:
            self._ready.close()
