"""A notebook that has run in a box and answers calls, whatever it did to get there.

A cell that fails does not end the run: later questions still count. A cell that takes the kernel
with it (os._exit, a limit, a loop that no interrupt ends) is left out and the rest is run again in
a new box. A call that breaks the kernel costs its own check; the next one meets the notebook's
state as it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn, Self

from grader.calls import Answer, Calls, Reply, Request
from grader.cellfaults import diagnose_cell, placed
from grader.closing import Closing
from grader.codec import BadFrame, encodable
from grader.course import Limits
from grader.errors import KernelKilled, RunTimeError, SandboxError, SandboxLost, SubmissionFault
from grader.faults import is_out_of_processes
from grader.kernelclient import CellEnd, KernelCells
from grader.notebook import Cell, Notebook
from grader.passage import passage
from grader.result import (
    CellRun,
    Diagnosis,
    Figure,
    NotebookRun,
    Place,
    Text,
    Usage,
    Verdict,
)
from grader.sandbox import Box, BoxSpec, Sandbox
from grader.sandbox.exceeded import process_limit

REPLAYS = 3
"""How often a notebook is run again, after a cell or a call has killed its kernel."""
LAST_BREATH = 1.0
"""Seconds until a kernel that no longer answers is found dead, if it is: its sockets close before
its process ends."""
FIGURES = 24
FIGURE_SIZE = 400_000
"""Characters of base64."""


@dataclass
class _Life:
    """One box and what ran in it."""

    box: Box
    calls: Calls
    cells: KernelCells | None
    ends: dict[int, CellEnd] = field(default_factory=dict)

    def close(self) -> None:
        self.calls.close()
        self.box.close()
        if self.cells is not None:
            self.cells.close()


class Session(Closing):
    """Runs a notebook on entry; answers calls until exit.

    Args:
        sandbox: opens the boxes.
        notebook: what the student handed in.
        limits: of the assignment.
        packages: modules worth having imported before the notebook runs.
        device: "cpu" or "cuda".
        files: what else the working folder holds.
        doubt: whether to give up where the notebook's process was killed and it cannot be told by
            whom, so that the submission is graded again; else it is the notebook's own doing.

    Raises:
        SandboxLost: the same, of a box that was killed from outside, or that may have been.
        SandboxError: on entry, when no box could be had; never because of the notebook.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        notebook: Notebook,
        limits: Limits,
        *,
        packages: tuple[str, ...] = (),
        device: str = "cpu",
        files: Mapping[str, bytes] | None = None,
        doubt: bool = False,
    ) -> None:
        self._sandbox = sandbox
        self._notebook = notebook
        self._limits = limits
        self._spec = BoxSpec(limits, files or {}, packages, device)
        self._doubt = doubt
        self._lines = {c.number: len(c.source.splitlines()) for c in notebook.cells}
        self._fatal: dict[int, CellEnd] = {}
        self._faults: dict[int, SubmissionFault] = {}
        self._replays = 0
        self._spent: list[Usage] = []
        self._life: _Life | None = None
        self.run = NotebookRun(Verdict.ACCEPTED)
        self.lost: SandboxLost | None = None
        """Set when a box was killed from outside: what was judged since means nothing."""

    def __enter__(self) -> Self:
        try:
            self._live()
        except BaseException:
            self.close()
            raise
        self.run = self._report()
        return self

    def usage(self) -> Usage:
        """What all boxes together have cost."""
        now = [*self._spent, *([self._life.box.usage()] if self._life else [])]
        return Usage(
            wall_time=sum(u.wall_time for u in now),
            cpu_time=sum(u.cpu_time for u in now),
            memory=max((u.memory for u in now), default=0.0),
        )

    def fresh(self) -> None:
        """Forget what calls have changed: the next one meets the state that the notebook left."""
        if self._life is not None:
            self._life.calls.fresh()

    def call(self, request: Request, answer: Answer | None = None) -> Reply:
        """Call a function of the notebook.

        Raises:
            SubmissionFault: it is missing, raised, hung, died, or sent what is not a value.
        """
        if self.lost is not None:
            raise self.lost
        if self._life is None or self._life.calls.broken:
            self._revive()
        life = self._life
        if life is None:
            raise _beyond_repair()
        try:
            return life.calls.call(request, answer)
        except SubmissionFault as fault:
            if life.calls.broken and _ends(life.box, LAST_BREATH):
                self._require(life.box)
            limit = life.box.fault()
            if limit is None and is_out_of_processes(fault.evidence):  # before we had counted them
                limit = process_limit(self._limits.processes)
            if limit is not None:
                told = _called(limit.diagnosis, request.name)
                raise type(limit)(told, fault.evidence) from None
            if life.calls.killed and self._doubt:
                self._lose(KernelKilled("a process was killed while it answered a call"))
            raise

    def _revive(self) -> None:
        """Run the notebook again after a call broke the kernel."""
        self.close()
        if self._replays < REPLAYS:
            self._replays += 1
            self._live()

    def _live(self) -> None:
        """Run the notebook, leaving out the cells that kill their kernel."""
        while True:
            life = self._open()
            killer = self._run(life)
            if killer is None:
                return
            self.close()
            self._replays += 1
            if self._replays > REPLAYS:
                return

    def _open(self) -> _Life:
        try:
            box = self._sandbox.open(self._spec)
        except SandboxLost as lost:
            self.lost = lost
            raise
        if box.connection is None:
            calls = Calls(box.control, direct=True, lines=self._lines)
            self._life = _Life(box, calls, None)
            return self._life
        cells = KernelCells(box, self._notebook.document, self._limits.output)
        calls = Calls(box.control, cell_of=cells.cell_of.get, lines=self._lines)
        self._life = _Life(box, calls, cells)
        try:
            cells.start()
        except SandboxError:
            if box.lost() or box.killed():  # nothing of the student's has run
                self._lose(SandboxLost("the sandbox was killed while a kernel started"))
            raise
        return self._life

    def _require(self, box: Box) -> None:
        """A box that was killed from outside is nobody's wrong answer."""
        if box.lost():
            self._lose(SandboxLost("the sandbox was killed while it ran a notebook"))
        if self._doubt and box.fault() is None and box.killed():
            self._lose(KernelKilled("a kernel was killed while it ran a notebook"))

    def _lose(self, lost: SandboxLost) -> NoReturn:
        self.lost = lost
        raise lost

    def close(self) -> None:
        """End the box, if there is one. May be called twice."""
        if self._life is not None:
            self._spent.append(self._life.box.usage())
            self._life.close()
            self._life = None

    def _run(self, life: _Life) -> int | None:
        """Run the cells in order; returns the number of the one that killed the kernel, if any."""
        deadline = time.monotonic() + self._limits.wall_time
        for cell in self._runnable():
            left = deadline - time.monotonic()
            if left <= 0:
                life.ends[cell.number] = CellEnd(Verdict.SKIPPED, 0.0)
                continue
            end = self._execute(life, cell, min(left, self._limits.cell_time))
            life.ends[cell.number] = end
            if end.dead:
                self._require(life.box)
                self._fatal[cell.number] = end
                fault = life.box.fault()
                if fault is not None:
                    self._faults[cell.number] = fault
                return cell.number
        if life.cells is not None:
            life.cells.hang_up()
        return None

    def _runnable(self) -> list[Cell]:
        return [
            cell
            for cell in self._notebook.cells
            if cell.kind == "code" and cell.source.strip() and cell.number not in self._fatal
        ]

    def _execute(self, life: _Life, cell: Cell, time_limit: float) -> CellEnd:
        if life.cells is not None:
            return life.cells.execute(cell.number - 1, time_limit)
        started = time.monotonic()
        try:
            header = life.calls.execute(cell.source, cell.number, time_limit)
        except BadFrame:
            seconds = time.monotonic() - started
            return CellEnd(Verdict.TIME_LIMIT_EXCEEDED, seconds, dead=True)
        seconds = time.monotonic() - started
        if header.fields.get("error") is not True:
            return CellEnd(Verdict.ACCEPTED, seconds)
        error = f"{header.text('type', 100)}: {header.text('message', 500)}"
        return CellEnd(Verdict.RUN_TIME_ERROR, seconds, error, header.integer("line"))

    def _report(self) -> NotebookRun:
        ends = dict(self._life.ends) if self._life else {}
        ends |= self._fatal
        runs = []
        for cell in self._notebook.cells:
            if cell.number in ends:
                runs.append(self._cell_run(cell, ends[cell.number]))
        verdict, diagnosis = Verdict.ACCEPTED, None
        if self._life is None:
            verdict, diagnosis = Verdict.RUN_TIME_ERROR, _beyond_repair().diagnosis
        return NotebookRun(
            verdict, diagnosis, tuple(runs), self._notebook.repairs, self._figures()
        )

    def _cell_run(self, cell: Cell, end: CellEnd) -> CellRun:
        lines = cell.source.split("\n")  # as Python counts them
        fault = self._faults.get(cell.number)
        diagnosis = (
            placed(fault.diagnosis, cell.number)
            if fault
            else diagnose_cell(cell.number, end, self._limits)
        )
        line = end.line if end.line is not None and 1 <= end.line <= len(lines) else None
        return CellRun(
            number=cell.number,
            verdict=end.verdict,
            seconds=end.seconds,
            diagnosis=diagnosis,
            error=end.error,
            line=line,
            source_line=encodable(lines[line - 1].strip()[:200]) if line else "",
            passage=passage(self._notebook, Place(cell.number, line)) if line else None,
        )

    def _figures(self) -> tuple[Figure, ...]:
        """The pictures that the notebook drew, before any hidden input was sent."""
        found: list[Figure] = []
        for number, cell in enumerate(self._notebook.document.cells, start=1):
            for output in cell.get("outputs", []):
                bundle = output.get("data")  # as the kernel sent it, which student code can do
                data = bundle.get("image/png") if isinstance(bundle, Mapping) else None
                if isinstance(data, str) and len(data) < FIGURE_SIZE and len(found) < FIGURES:
                    found.append(Figure(number, "image/png", data.replace("\n", "")))
        return tuple(found)


def _ends(box: Box, seconds: float) -> bool:
    """Whether the kernel is dead, now or within so many seconds."""
    deadline = time.monotonic() + seconds
    while box.alive():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _called(diagnosis: Diagnosis, name: str) -> Diagnosis:
    """Which limit was broken, and in which function."""
    said = diagnosis.message
    message = Text(f"调用 `{name}` 时：{said.zh}", f"While `{name}` was running: {said.en}")
    return replace(diagnosis, message=message)


def _beyond_repair() -> SubmissionFault:
    return RunTimeError(
        Diagnosis(
            "kernel_lost",
            Text(
                "笔记本一再使内核终止，无法继续评分。",
                "The notebook ended its kernel again and again, so nothing more could be graded.",
            ),
            Text(
                "在本地重启内核并运行全部单元，去掉会结束进程的代码。",
                "Restart the kernel and run all cells on your machine; remove what ends the "
                "process.",
            ),
        )
    )
